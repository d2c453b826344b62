//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The plan of a sparse layer: what its memory looks like, and the kernel that
/// makes it.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Plan.h"
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

/// next[e] = number of slots of expert e.
void SlotSort::count(Emit &emit) const {
  Value zero = emit.i64(0);
  emit.loop(zero, emit.i64(expertCount), 1,
            [&](Value e) { storeIndex(emit, zero, next, e); });
  emit.loop(zero, slots, 1, [&](Value slot) {
    Value expert = loadIndex(emit, experts, slot);
    Value sum = emit.add(loadIndex(emit, next, expert), 1);
    storeIndex(emit, sum, next, expert);
  });
}

/// Turns the counts into offsets, which `next` starts from.
void SlotSort::placeExperts(Emit &emit, const PlanArrays &plan) const {
  Value end = emit.i64(expertCount);
  SmallVector<Value> total =
      emit.loop(emit.i64(0), end, 1, ValueRange{emit.i64(0)},
                [&](Value e, ValueRange offset) {
                  Value rows = loadIndex(emit, next, e);
                  storeIndex(emit, offset[0], plan.offsets, e);
                  storeIndex(emit, offset[0], next, e);
                  return SmallVector<Value>{emit.add(offset[0], rows)};
                });
  storeIndex(emit, total[0], plan.offsets, end);
}

void SlotSort::emitInto(Emit &emit, const PlanArrays &plan) const {
  count(emit);
  placeExperts(emit, plan);
  emit.loop(emit.i64(0), slots, 1, [&](Value slot) {
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
    Value slots = emit.mul(arguments.rows(emit), type.getChoices());
    PlanArrays plan(emit, pointerTo(emit, arguments, op.getPlan()), type,
                    slots);
    SlotSort sort = {pointerTo(emit, arguments, op.getExperts()), slots,
                     arguments.scratch, type.getExperts()};
    forEachTask(emit, arguments, [&](Value) { sort.emitInto(emit, plan); });
  });
}

static constexpr StringRef dispatchOperations[] = {
    moe::DispatchOp::getOperationName()};
const KernelBuilder moec::dispatchKernel = {dispatchOperations, planDispatch,
                                            emitDispatch};
