//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The builders of kernels that move, norm, rotate, attend and route rows:
/// everything but matrix products. They use vectors of 16 f32 lanes through
/// Emit and know no machine.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_KERNELS_H
#define CODEGEN_KERNELS_KERNELS_H

#include "codegen/KernelBuilder.h"

namespace moec {

// Rows.cpp
extern const KernelBuilder embedKernel;
extern const KernelBuilder selectRowsKernel;
extern const KernelBuilder addKernel;
// Norm.cpp
extern const KernelBuilder rmsNormKernel;
extern const KernelBuilder addNormKernel;
// Activation.cpp
extern const KernelBuilder swigluKernel;
// Rope.cpp
extern const KernelBuilder ropeKernel;
extern const KernelBuilder rotatedAppendKernel;
// Cache.cpp
extern const KernelBuilder appendKVKernel;
// Attention.cpp
extern const KernelBuilder attentionKernel;
// Top.cpp
extern const KernelBuilder partTopKernel;
extern const KernelBuilder mergeTopKernel;
// TopK.cpp
extern const KernelBuilder topKKernel;
// Dispatch.cpp
extern const KernelBuilder dispatchKernel;
// Router.cpp
/// moe.top_k with what goes before and after it: decoder.rms_norm and
/// moe.router, moe.dispatch.
llvm::ArrayRef<KernelBuilder> routingKernels();
// Experts.cpp
extern const KernelBuilder permuteKernel;
extern const KernelBuilder combineKernel;

} // namespace moec

#endif // CODEGEN_KERNELS_KERNELS_H
