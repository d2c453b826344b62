//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Routing on a GPU, as stages of a kernel: a block chooses the experts of a
/// token, then one block makes the plan.
///
/// A logit is a sum over the lanes of a warp, of which each has every 32nd
/// group of 8 elements, in ascending order; lanes are added as a tree.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_BLOCKROUTING_H
#define CODEGEN_NVIDIA_BLOCKROUTING_H

#include "codegen/kernels/Router.h"
#include "codegen/nvidia/GpuStages.h"

namespace moec {

/// Blocks of the stages.
struct RoutingShape {
  int64_t threads;
  int64_t unit; ///< tasks of a block
};

/// Shared memory of each stage, from offset 0 on.
int64_t routingSharedBytes(const Routing &routing);

/// Norm, scores and choice of experts: a block for each token. Only scores if
/// nothing chooses.
std::unique_ptr<GpuStage> makeChoiceStage(const Routing &routing,
                                          const RoutingShape &shape);
/// The plan: one block.
std::unique_ptr<GpuStage> makePlanStage(const Routing &routing,
                                        const RoutingShape &shape);

} // namespace moec

#endif // CODEGEN_NVIDIA_BLOCKROUTING_H
