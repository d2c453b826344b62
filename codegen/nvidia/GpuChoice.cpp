//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The choice of experts, a warp for each token, and the plan, by one block, as
/// kernels of their own.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/BlockPlan.h"
#include "codegen/nvidia/GpuKernels.h"
#include "codegen/nvidia/GpuStages.h"
#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/WarpTopK.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// moe.top_k
//===----------------------------------------------------------------------===//

static constexpr int64_t choiceWarps = 4;

static FailureOr<KernelPlan> planChoice(exec::KernelOp kernel,
                                        const KernelContext &context) {
  auto op = firstOperation<moe::TopKOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.blockThreads = choiceWarps * warpThreads;
  plan.blockTasks = choiceWarps;
  plan.sharedBytes = choiceWarps * warpRouteScratchBytes(op);
  if (failed(checkSharedMemory(kernel, plan, context.target)))
    return failure();
  return plan;
}

static void emitChoice(exec::KernelOp kernel, const KernelContext &,
                       Emit &emit) {
  auto op = firstOperation<moe::TopKOp>(kernel);
  int64_t threads = choiceWarps * warpThreads;
  emitEntry(emit, kernel, threads, [&](const GpuArguments &arguments) {
    Value warp = warpIndex(emit);
    Value token = emit.add(emit.mul(blockIndex(emit), choiceWarps), warp);
    auto rowOfTensor = [&](Value tensor) {
      return matrixOf(arguments, tensor).row(emit, token).base;
    };
    emit.branch(emit.less(token, arguments.tasks(emit)), [&] {
      Value scratch = emit.at(sharedMemory(emit), emit.getI8Type(),
                              emit.mul(warp, warpRouteScratchBytes(op)));
      Value bias = op.getBias();
      emitWarpRoute(emit, arguments, op,
                    {rowOfTensor(op.getLogits()),
                     bias ? arguments.pointerTo(bias) : Value(),
                     rowOfTensor(op.getExperts()), rowOfTensor(op.getWeights()),
                     scratch});
    });
  });
}

//===----------------------------------------------------------------------===//
// moe.dispatch
//===----------------------------------------------------------------------===//

static constexpr int64_t planThreads = 256;

static FailureOr<KernelPlan> planDispatch(exec::KernelOp kernel,
                                          const KernelContext &context) {
  auto op = firstOperation<moe::DispatchOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.fixedTasks = 1;
  plan.blockThreads = planThreads;
  plan.sharedBytes =
      BlockPlan::sharedBytes(op.getPlan().getType().getExperts());
  if (failed(checkSharedMemory(kernel, plan, context.target)))
    return failure();
  return plan;
}

static void emitDispatch(exec::KernelOp kernel, const KernelContext &,
                         Emit &emit) {
  auto op = firstOperation<moe::DispatchOp>(kernel);
  moe::PlanType type = op.getPlan().getType();
  emitEntry(emit, kernel, planThreads, [&](const GpuArguments &arguments) {
    Value slots = emit.mul(arguments.rows(emit), type.getChoices());
    PlanArrays plan(emit, arguments.pointerTo(op.getPlan()), type, slots);
    BlockPlan(emit, plan, arguments.pointerTo(op.getExperts()),
              type.getExperts(), planThreads)
        .emitInto(slots);
  });
}

ArrayRef<KernelBuilder> moec::gpuChoiceKernels() {
  static constexpr StringRef choice[] = {moe::TopKOp::getOperationName()};
  static constexpr StringRef dispatch[] = {moe::DispatchOp::getOperationName()};
  static const KernelBuilder builders[] = {
      {choice, planChoice, emitChoice}, {dispatch, planDispatch, emitDispatch}};
  return builders;
}
