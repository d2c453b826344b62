//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The end of a kernel that keeps the best columns of a product alone: sums are
/// in scratch memory for as long as their part of the columns is at hand.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXTOP_H
#define CODEGEN_X86_MATRIXTOP_H

#include "codegen/x86/MatrixLoops.h"
#include "dialects/Decoder/Decoder.h"

namespace moec {

/// Whether parts are whole panels; else an error at the operation.
mlir::LogicalResult checkTopParts(decoder::PartTopOp op);

/// Tasks of a launch: one for each part.
int64_t topTasks(decoder::PartTopOp op);

/// Panels of a part.
int64_t topPanels(decoder::PartTopOp op);

/// What becomes of a product.
struct ProductTop {
  decoder::PartTopOp op;
  mlir::Value top, tokens; ///< f32, int32 [rows][parts][k]
  int64_t sumBytes;        ///< at the begin of the product's scratch memory
};

/// The parts from <= i < to of the product, whose target is yet to be set.
/// Reports a NaN among the sums.
void emitProductTop(Emit &emit, const KernelArguments &arguments,
                    const MatrixMethod &method, const MatrixProduct &product,
                    const ProductTop &top);

} // namespace moec

#endif // CODEGEN_X86_MATRIXTOP_H
