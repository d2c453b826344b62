//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What launches cost, for rooflines.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_COST_H
#define RUNTIME_COST_H

#include "runtime/Program.h"

namespace moert {

struct LaunchCost {
  double weightBytes; ///< to read; experts as expected of uniform routing
  double flops;       ///< a multiply-add is two
};

LaunchCost launchCost(const Artifact &artifact, const format::Launch &launch,
                      StepSize size);

/// Experts that `tokens` tokens are expected to reach where each goes to
/// `perToken` of `experts` at random: E (1 - (1 - k / E)^T).
double expectedExperts(double experts, double perToken, double tokens);

/// Bytes of a cached position in one layer.
int64_t cacheBytesPerPosition(const format::Model &model);

} // namespace moert

#endif // RUNTIME_COST_H
