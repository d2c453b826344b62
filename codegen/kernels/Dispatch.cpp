//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The plan of a sparse layer: what its memory looks like, and the kernel that
/// makes it.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Plan.h"
#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"

using namespace mlir;
using namespace moec;

PlanArrays::PlanArrays(Emit &emit, Value plan, moe::PlanType type, Value slots)
    : offsets(plan) {
  Type i32 = emit.getI32Type();
  slotOfRow = emit.at(plan, i32, emit.i64(type.getExperts() + 1));
  rowOfSlot = emit.at(slotOfRow, i32, slots);
}

//===----------------------------------------------------------------------===//
// moe.dispatch
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planDispatch(exec::KernelOp kernel,
                                          const KernelContext &) {
  auto op = firstOperation<moe::DispatchOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.fixedTasks = 1;
  plan.scratchBytes = op.getPlan().getType().getExperts() * sizeof(int32_t);
  return plan;
}

/// A stable counting sort of the slots by expert. `next` [E] is scratch: the
/// row that the next slot of each expert gets.
static void sortSlots(Emit &emit, Value experts, const PlanArrays &plan,
                      Value slots, Value next, int64_t count) {
  Value zero = emit.i64(0), e = emit.i64(count);
  emit.loop(zero, e, 1, [&](Value i) { storeIndex(emit, zero, next, i); });
  emit.loop(zero, slots, 1, [&](Value slot) {
    Value expert = loadIndex(emit, experts, slot);
    Value sum = emit.add(loadIndex(emit, next, expert), 1);
    storeIndex(emit, sum, next, expert);
  });
  SmallVector<Value> total = emit.loop(
      zero, e, 1, ValueRange{zero}, [&](Value i, ValueRange before) {
        Value rows = loadIndex(emit, next, i);
        storeIndex(emit, before[0], plan.offsets, i);
        storeIndex(emit, before[0], next, i);
        return SmallVector<Value>{emit.add(before[0], rows)};
      });
  storeIndex(emit, total[0], plan.offsets, e);
  emit.loop(zero, slots, 1, [&](Value slot) {
    Value expert = loadIndex(emit, experts, slot);
    Value row = loadIndex(emit, next, expert);
    storeIndex(emit, emit.add(row, 1), next, expert);
    storeIndex(emit, slot, plan.slotOfRow, row);
    storeIndex(emit, row, plan.rowOfSlot, slot);
  });
}

static void emitDispatch(exec::KernelOp kernel, const KernelContext &,
                         Emit &emit) {
  auto op = firstOperation<moe::DispatchOp>(kernel);
  moe::PlanType type = op.getPlan().getType();
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Value experts = pointerTo(emit, arguments, op.getExperts());
    Value plan = pointerTo(emit, arguments, op.getPlan());
    Value slots = emit.mul(arguments.rows(emit), type.getChoices());
    PlanArrays arrays(emit, plan, type, slots);
    forEachTask(emit, arguments, [&](Value) {
      sortSlots(emit, experts, arrays, slots, arguments.scratch,
                type.getExperts());
    });
  });
}

static constexpr StringRef dispatchOperations[] = {
    moe::DispatchOp::getOperationName()};
const KernelBuilder moec::dispatchKernel = {dispatchOperations, planDispatch,
                                            emitDispatch};
