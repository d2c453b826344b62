//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of matrix products with packed operands, and of the packing of
/// activations.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXKERNELS_H
#define CODEGEN_X86_MATRIXKERNELS_H

#include "codegen/KernelBuilder.h"

namespace moec {

/// Builders of decoder.linear, moe.router and moe.grouped_linear, with or
/// without a bias, on `#exec.row_blocks<12, 256, depth>` activations and
/// `#exec.panels<32, depth, unit>` weights. Weights are bf16 with bf16
/// activations (unit 2, depth 8), or f16 or f32 with f32 activations (unit 1,
/// depth 4).
///
/// Each result is one chain of fused multiply-adds over k in ascending order,
/// but odd before even in a pair of bf16, with the bias added last. So its bits
/// depend on neither the other rows, nor the target, nor the range of tasks.
llvm::ArrayRef<KernelBuilder> matrixKernelBuilders();

/// The builder of exec.pack to `#exec.row_blocks`.
const KernelBuilder &packKernelBuilder();

} // namespace moec

#endif // CODEGEN_X86_MATRIXKERNELS_H
