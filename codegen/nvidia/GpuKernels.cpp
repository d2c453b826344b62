//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/GpuKernels.h"

using namespace mlir;
using namespace moec;

/// Threads of a block that runs one task each: one warp, so that few tasks
/// spread over many multiprocessors.
static constexpr int64_t taskThreads = 32;

SmallVector<const KernelBuilder *> moec::gpuKernelBuilders() {
  SmallVector<const KernelBuilder *> builders = {&gpuAttentionKernel};
  for (ArrayRef<KernelBuilder> some :
       {gpuRowKernels(), gpuHeadKernels(), gpuNormKernels(), gpuTopKernels(),
        gpuChoiceKernels(), gpuRoutingKernels(), productKernels()})
    for (const KernelBuilder &builder : some)
      builders.push_back(&builder);
  return builders;
}

BlockShape moec::blockShape(const KernelPlan &plan) {
  if (plan.blockThreads == 0)
    return {taskThreads, taskThreads, 0};
  return {plan.blockThreads, plan.blockTasks, plan.sharedBytes};
}
