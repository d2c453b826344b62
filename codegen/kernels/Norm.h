//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Norms, rows of them at a time, for the kernels that begin with one.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_NORM_H
#define CODEGEN_KERNELS_NORM_H

#include "codegen/kernels/Region.h"
#include "dialects/Decoder/Decoder.h"

namespace moec {

using NormedStripBody = llvm::function_ref<void(
    mlir::Value index, int64_t lanes, mlir::Value normed)>;

/// body(index, lanes, normed) over a row `from` of the norm's x, with the
/// normed values as f32, not yet rounded to the element of the norm's result.
void forEachNormedStrip(Emit &emit, decoder::RMSNormOp op, Row from, Row weight,
                        NormedStripBody body);

/// Norms the rows that are the tasks of `arguments`, from where the operation
/// reads them to where its kernel yields them.
void emitNormedRows(Emit &emit, const KernelArguments &arguments,
                    decoder::RMSNormOp op);

/// Checks the operations of a kernel that norms a sum.
mlir::LogicalResult checkAddNorm(decoder::AddOp add, decoder::RMSNormOp norm);

} // namespace moec

#endif // CODEGEN_KERNELS_NORM_H
