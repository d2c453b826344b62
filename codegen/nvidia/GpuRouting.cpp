//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels that score experts: moe.router, with or without a norm before it, a
/// choice and a plan after it. Of one order of summation, see BlockRouting.h.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/BlockRouting.h"
#include "codegen/nvidia/GpuKernels.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;

static constexpr int64_t blockThreads = 256;

namespace {

struct RoutingKernel {
  Routing routing;
  StagedKernel staged;

  RoutingKernel(exec::KernelOp kernel, const KernelContext &context);
};

} // namespace

RoutingKernel::RoutingKernel(exec::KernelOp kernel,
                             const KernelContext &context)
    : routing(Routing::of(kernel.getBody().front())) {
  RoutingShape shape = {blockThreads, /*unit=*/1};
  staged.kernel = kernel;
  staged.threads = blockThreads;
  staged.unit = shape.unit;
  staged.ticketOffset = llvm::alignTo(routingSharedBytes(routing), ticketBytes);
  staged.stages.push_back(makeChoiceStage(routing, shape));
  if (routing.dispatch)
    staged.stages.push_back(makePlanStage(routing, shape));
}

static LogicalResult checkRouting(Routing routing) {
  return routing.topK ? routing.check() : checkRowMajor(routing.router);
}

static FailureOr<KernelPlan> planRouting(exec::KernelOp kernel,
                                         const KernelContext &context) {
  if (failed(checkRouting(Routing::of(kernel.getBody().front()))))
    return failure();
  RoutingKernel built(kernel, context);
  KernelPlan plan;
  TaskCount tasks = built.staged.tasks();
  plan.tasksPerRow = tasks.perRow;
  plan.fixedTasks = tasks.fixed;
  plan.blockThreads = blockThreads;
  plan.blockTasks = built.staged.unit;
  plan.sharedBytes = built.staged.ticketOffset + ticketBytes;
  plan.isOrdered = built.staged.stages.size() > 1;
  plan.flopsPerRow = built.routing.flops();
  if (failed(checkSharedMemory(kernel, plan, context.target)))
    return failure();
  return plan;
}

static void emitRouting(exec::KernelOp kernel, const KernelContext &context,
                        Emit &emit) {
  RoutingKernel(kernel, context).staged.emitInto(emit);
}

static constexpr StringRef normName = decoder::RMSNormOp::getOperationName(),
                           routerName = moe::RouterOp::getOperationName(),
                           topKName = moe::TopKOp::getOperationName(),
                           dispatchName = moe::DispatchOp::getOperationName();

llvm::ArrayRef<KernelBuilder> moec::gpuRoutingKernels() {
  static constexpr StringRef full[] = {normName, routerName, topKName,
                                       dispatchName};
  static const ArrayRef<StringRef> all(full);
  auto builder = [](ArrayRef<StringRef> operations) {
    return KernelBuilder{operations, planRouting, emitRouting};
  };
  static const KernelBuilder builders[] = {
      builder(all.slice(1, 1)),               // moe.router
      builder(all),                           // all
      builder(all.drop_front()),              // without a norm
      builder(all.drop_back()),               // without dispatch
      builder(all.drop_front().drop_back())}; // neither
  return builders;
}
