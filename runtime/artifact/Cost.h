//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What launches cost, for rooflines.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_ARTIFACT_COST_H
#define RUNTIME_ARTIFACT_COST_H

#include "runtime/artifact/Artifact.h"

namespace moert {

/// The symbols of a step.
struct StepSize {
  int64_t tokens; ///< T >= 1
  int64_t rows;   ///< 0 <= R <= T: tokens whose logits are wanted
};

/// The value of an extent, which is not negative.
int64_t evaluate(const format::Extent &extent, StepSize size);

/// Tasks of a launch in such a step: none where there is nothing to compute, as
/// of logits that nobody wants.
int64_t launchTasks(const format::Launch &launch, StepSize size);

/// Whether a launch is a call of a library, which counts apart.
bool isLibraryCall(const format::Target &target, const format::Launch &launch);

struct LaunchCost {
  double weightBytes; ///< to read; experts as expected of uniform routing
  double flops;       ///< a multiply-add is two
};

LaunchCost launchCost(const Artifact &artifact, const format::Launch &launch,
                      StepSize size);

/// The share of a tensor's rows, or experts, that a launch which reads it is
/// expected to need.
double usedShare(const Artifact &artifact, uint32_t tensor,
                 const format::Launch &launch, StepSize size);

/// Experts that `tokens` tokens are expected to reach where each goes to
/// `perToken` of `experts` at random: E (1 - (1 - k / E)^T).
double expectedExperts(double experts, double perToken, double tokens);

/// Bytes of a cached position in one layer.
int64_t cacheBytesPerPosition(const format::Model &model);

} // namespace moert

#endif // RUNTIME_ARTIFACT_COST_H
