//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/ScratchMemory.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

int64_t moec::maxLaunchRows(ModuleOp module) {
  int64_t most = 1;
  for (auto program : module.getOps<exec::ProgramOp>())
    for (auto launch : program.getBody().getOps<exec::LaunchOp>())
      most = std::max(most, launch.getRows().evaluate(program.getMaxTokens()));
  return most;
}

FailureOr<int64_t> moec::scratchBytes(ModuleOp module,
                                      const KernelContext &context) {
  int64_t most = 0;
  for (auto kernel : module.getOps<exec::KernelOp>()) {
    FailureOr<const KernelBuilder *> builder =
        findKernelBuilder(kernel, context.target.machine);
    if (failed(builder))
      return failure();
    FailureOr<KernelPlan> plan = (*builder)->plan(kernel, context);
    if (failed(plan))
      return failure();
    most = std::max(most, plan->scratchBytes);
  }
  return most;
}
