//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The builders of kernels that are written for NVIDIA GPUs.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_GPUKERNELS_H
#define CODEGEN_NVIDIA_GPUKERNELS_H

#include "codegen/KernelBuilder.h"

namespace moec {

/// In the order in which they are asked.
llvm::SmallVector<const KernelBuilder *> gpuKernelBuilders();

// GpuAttention.cpp
extern const KernelBuilder gpuAttentionKernel;
// GpuChoice.cpp
llvm::ArrayRef<KernelBuilder> gpuChoiceKernels();
// GpuHeads.cpp
/// Rotation of heads, and what appends to the cache.
llvm::ArrayRef<KernelBuilder> gpuHeadKernels();
// GpuNorm.cpp
llvm::ArrayRef<KernelBuilder> gpuNormKernels();
// GpuTop.cpp
llvm::ArrayRef<KernelBuilder> gpuTopKernels();
// GpuRows.cpp
/// Lookups, copies and sums of rows, SwiGLU.
llvm::ArrayRef<KernelBuilder> gpuRowKernels();
// GpuRouting.cpp
/// moe.router, alone or with what goes before and after it.
llvm::ArrayRef<KernelBuilder> gpuRoutingKernels();
// ProductKernel.cpp
/// Products but the router's, alone or with what goes before and after them.
llvm::ArrayRef<KernelBuilder> productKernels();

/// How the blocks of a launch look: what the plan says, or what kernels of
/// ranges of tasks get.
struct BlockShape {
  int64_t threads, tasks, sharedBytes;
};
BlockShape blockShape(const KernelPlan &plan);

} // namespace moec

#endif // CODEGEN_NVIDIA_GPUKERNELS_H
