//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The loops around AMX tiles: what emitMatrixLoops emits for bfloat16 weights
/// where the target has them. See docs/decisions/0015-tiles-of-intel-cpus.md.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_AMXLOOPS_H
#define CODEGEN_X86_AMXLOOPS_H

#include "codegen/x86/MatrixLoops.h"

namespace moec {

/// Emits the loops over panels, rows and K of a product that has a source.
///
/// One block of rows reads each panel as one sequential stream. With more rows,
/// panels go in groups, and K in slabs for each group: a slab of activations
/// and one of weights meet in L2, and the tiles prefetch the weights of the
/// next one. Rows are packed with all of K before, if they fit, else a slab of
/// them for each group.
void emitAmxLoops(Emit &emit, const MatrixMethod &method,
                  const MatrixProduct &product);

/// Scratch memory of a thread.
int64_t amxScratchBytes(const MatrixMethod &method, const MatrixScratch &needs);

} // namespace moec

#endif // CODEGEN_X86_AMXLOOPS_H
