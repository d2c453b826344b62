//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Cost.h"

#include "runtime/artifact/Artifact.h"

#include <cmath>

using namespace moert;

double moert::expectedExperts(double experts, double perToken, double tokens) {
  return experts * (1 - std::pow(1 - perToken / experts, tokens));
}

/// Bytes of a stored tensor that a launch is expected to read.
static double tensorBytes(const Artifact &artifact, uint32_t index,
                          const format::Launch &launch, StepSize size) {
  double bytes = static_cast<double>(artifact.tensor(index).size);
  const auto &shape = *artifact.table().tensors()->Get(index)->shape();
  double first = shape.size() > 0 ? static_cast<double>(shape.Get(0)) : 1;
  switch (launch.weight_use()) {
  case format::WeightUse::Whole:
    return bytes;
  case format::WeightUse::Rows:
    return bytes / first * static_cast<double>(evaluate(*launch.rows(), size));
  case format::WeightUse::Experts:
    break;
  }
  // Beside stacks of matrices [E, N, K] there may be vectors that all use.
  if (shape.size() < 3)
    return bytes;
  double perToken = artifact.table().model()->experts_per_token();
  return bytes / first *
         expectedExperts(first, perToken, static_cast<double>(size.tokens));
}

LaunchCost moert::launchCost(const Artifact &artifact,
                             const format::Launch &launch, StepSize size) {
  LaunchCost cost{0, static_cast<double>(evaluate(*launch.flops(), size))};
  // Nothing is computed for no rows.
  if (evaluate(*launch.rows(), size) == 0)
    return {0, 0};
  for (const format::Argument *argument : *launch.arguments())
    if (argument->kind() == format::ArgumentKind::Tensor)
      cost.weightBytes +=
          tensorBytes(artifact, argument->index(), launch, size);
  return cost;
}

int64_t moert::cacheBytesPerPosition(const format::Model &model) {
  int64_t element = model.cache_type() == format::DataType::F32 ? 4 : 2;
  return 2 * element * model.kv_heads() * model.head_dim();
}
