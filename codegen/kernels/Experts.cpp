//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Rows to the experts, and the experts' results back to the tokens.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Experts.h"
#include "codegen/kernels/Kernels.h"

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
    Matrix x = matrixOf(emit, arguments, op.getX());
    Matrix rows = matrixOf(emit, arguments, op.getRows());
    // The result has a row for each slot.
    PlanArrays plan(emit, pointerTo(emit, arguments, op.getPlan()), type,
                    arguments.rows(emit));
    forEachTask(emit, arguments, [&](Value row) {
      Value slot = loadIndex(emit, plan.slotOfRow, row);
      Value token = emit.div(slot, type.getChoices());
      copyRow(emit, x.row(emit, token), rows.row(emit, row), x.width);
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
  plan.grain =
      rowGrain(rowLength(op.getY()) * op.getPlan().getType().getChoices());
  return plan;
}

Value moec::sumChoices(Emit &emit, const ExpertResults &results, Value token,
                       llvm::function_ref<Value(Row)> load) {
  Value first = emit.mul(token, results.choices);
  auto term = [&](Value j) -> std::pair<Value, Value> {
    Value slot = emit.add(first, j);
    Value row = loadIndex(emit, results.plan.rowOfSlot, slot);
    Value v = load(results.rows.row(emit, row));
    auto type = dyn_cast<VectorType>(v.getType());
    Value weight = loadStrip(emit, results.weights, slot, /*lanes=*/1);
    return {spread(emit, weight, type ? type.getNumElements() : 1), v};
  };
  auto [weight, row] = term(emit.i64(0));
  return emit.loop(emit.i64(1), emit.i64(results.choices), 1,
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
    Value slots = emit.mul(arguments.rows(emit), type.getChoices());
    Value plan = pointerTo(emit, arguments, op.getPlan());
    ExpertResults results = {matrixOf(emit, arguments, op.getRows()),
                             rowOf(emit, arguments, op.getWeights()),
                             PlanArrays(emit, plan, type, slots),
                             type.getChoices()};
    Matrix y = matrixOf(emit, arguments, op.getY());
    forEachTask(emit, arguments, [&](Value t) {
      forEachStrip(emit, y.width, [&](Value i, int64_t lanes) {
        Value sum = sumChoices(emit, results, t, [&](Row row) {
          return loadStrip(emit, row, i, lanes);
        });
        storeStrip(emit, sum, y.row(emit, t), i);
      });
    });
  });
}

static constexpr StringRef combineOperations[] = {
    moe::CombineOp::getOperationName()};
const KernelBuilder moec::combineKernel = {combineOperations, planCombine,
                                           emitCombine};
