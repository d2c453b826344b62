//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Rows to the experts, and the experts' results back to the tokens.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Plan.h"
#include "codegen/kernels/Region.h"
#include "codegen/kernels/Strips.h"

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// moe.permute
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planPermute(exec::KernelOp kernel,
                                         const KernelContext &) {
  auto op = firstOperation<moe::PermuteOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain = rowGrain(rowLength(op.getX()));
  return plan;
}

static void emitPermute(exec::KernelOp kernel, const KernelContext &,
                        Emit &emit) {
  auto op = firstOperation<moe::PermuteOp>(kernel);
  moe::PlanType type = op.getPlan().getType();
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Value x = pointerTo(emit, arguments, op.getX());
    Value rows = pointerTo(emit, arguments, op.getRows());
    // The result has a row for each slot.
    PlanArrays plan(emit, pointerTo(emit, arguments, op.getPlan()), type,
                    arguments.rows(emit));
    forEachTask(emit, arguments, [&](Value row) {
      Value slot = loadIndex(emit, plan.slotOfRow, row);
      Value token = emit.div(slot, type.getChoices());
      copyRow(emit, rowAddress(emit, x, op.getX(), token),
              rowAddress(emit, rows, op.getRows(), row),
              elementType(op.getX()), rowLength(op.getX()));
    });
  });
}

static constexpr StringRef permuteOperations[] = {
    moe::PermuteOp::getOperationName()};
const KernelBuilder moec::permuteKernel = {permuteOperations, planPermute,
                                           emitPermute};

//===----------------------------------------------------------------------===//
// moe.combine
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planCombine(exec::KernelOp kernel,
                                         const KernelContext &) {
  auto op = firstOperation<moe::CombineOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain = rowGrain(rowLength(op.getY()) *
                        op.getPlan().getType().getChoices());
  return plan;
}

/// One strip of the weighted sum of a token whose first slot is `slot`.
static Value combineStrip(Emit &emit, moe::CombineOp op, Value rows,
                          Value weights, const PlanArrays &plan, Value slot,
                          Value i, int64_t lanes) {
  Type f32 = emit.getF32Type();
  auto term = [&](Value j) -> std::pair<Value, Value> {
    Value s = emit.add(slot, j);
    Value row = rowAddress(emit, rows, op.getRows(),
                           loadIndex(emit, plan.rowOfSlot, s));
    Value weight = emit.load(f32, emit.at(weights, f32, s));
    return {lanes > 1 ? emit.splat(weight, lanes) : weight,
            loadStrip(emit, row, f32, i, lanes)};
  };
  auto [weight, row] = term(emit.i64(0));
  int64_t choices = op.getPlan().getType().getChoices();
  return emit.loop(emit.i64(1), emit.i64(choices), 1,
                   ValueRange{emit.mulF(weight, row)},
                   [&](Value j, ValueRange sum) {
                     auto [w, r] = term(j);
                     return SmallVector<Value>{emit.fma(w, r, sum[0])};
                   })[0];
}

static void emitCombine(exec::KernelOp kernel, const KernelContext &,
                        Emit &emit) {
  auto op = firstOperation<moe::CombineOp>(kernel);
  moe::PlanType type = op.getPlan().getType();
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Value rows = pointerTo(emit, arguments, op.getRows());
    Value weights = pointerTo(emit, arguments, op.getWeights());
    Value y = pointerTo(emit, arguments, op.getY());
    Value slots = emit.mul(arguments.rows(emit), type.getChoices());
    PlanArrays plan(emit, pointerTo(emit, arguments, op.getPlan()), type,
                    slots);
    forEachTask(emit, arguments, [&](Value t) {
      Value slot = emit.mul(t, type.getChoices());
      Value to = rowAddress(emit, y, op.getY(), t);
      forEachStrip(emit, rowLength(op.getY()), [&](Value i, int64_t lanes) {
        Value sum =
            combineStrip(emit, op, rows, weights, plan, slot, i, lanes);
        storeStrip(emit, sum, to, emit.getF32Type(), i);
      });
    });
  });
}

static constexpr StringRef combineOperations[] = {
    moe::CombineOp::getOperationName()};
const KernelBuilder moec::combineKernel = {combineOperations, planCombine,
                                           emitCombine};
