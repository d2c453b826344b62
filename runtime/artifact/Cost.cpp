//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Cost.h"

#include <algorithm>
#include <cmath>

using namespace moert;

int64_t moert::evaluate(const format::Extent &extent, StepSize size) {
  int64_t symbol =
      extent.symbol() == format::Symbol::Tokens ? size.tokens : size.rows;
  return std::max<int64_t>(extent.scale() * symbol + extent.constant(), 0);
}

int64_t moert::launchTasks(const format::Launch &launch, StepSize size) {
  return evaluate(*launch.rows(), size) == 0 ? 0
                                             : evaluate(*launch.tasks(), size);
}

bool moert::isLibraryCall(const format::Target &target,
                          const format::Launch &launch) {
  return target.kernels()->Get(launch.kernel())->library() != nullptr;
}

double moert::expectedExperts(double experts, double perToken, double tokens) {
  return experts * (1 - std::pow(1 - perToken / experts, tokens));
}

double moert::usedShare(const Artifact &artifact, uint32_t tensor,
                        const format::Launch &launch, StepSize size) {
  const auto &shape = *artifact.table().tensors()->Get(tensor)->shape();
  double first = shape.size() > 0 ? static_cast<double>(shape.Get(0)) : 1;
  switch (launch.weight_use()) {
  case format::WeightUse::Whole:
    return 1;
  case format::WeightUse::Rows:
    return static_cast<double>(evaluate(*launch.rows(), size)) / first;
  case format::WeightUse::Experts:
    break;
  }
  // Beside stacks of matrices [E, N, K] there may be vectors that all use.
  if (shape.size() < 3)
    return 1;
  double perToken = artifact.table().model()->experts_per_token();
  return expectedExperts(first, perToken, static_cast<double>(size.tokens)) /
         first;
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
          static_cast<double>(artifact.tensor(argument->index()).size) *
          usedShare(artifact, argument->index(), launch, size);
  return cost;
}

int64_t moert::cacheBytesPerPosition(const format::Model &model) {
  int64_t element = model.cache_type() == format::DataType::F32 ? 4 : 2;
  return 2 * element * model.kv_heads() * model.head_dim();
}
