//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels that look rows up, choose rows and add rows.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"
#include "dialects/Decoder/Decoder.h"

using namespace mlir;
using namespace moec;

/// One task a row of the result.
template <class Op>
static FailureOr<KernelPlan> planRows(exec::KernelOp kernel,
                                      const KernelContext &) {
  auto op = firstOperation<Op>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain = rowGrain(rowLength(op.getY()));
  return plan;
}

//===----------------------------------------------------------------------===//
// decoder.embed
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planEmbed(exec::KernelOp kernel,
                                       const KernelContext &context) {
  FailureOr<KernelPlan> plan = planRows<decoder::EmbedOp>(kernel, context);
  if (succeeded(plan))
    plan->weights = exec::WeightUse::Rows;
  return plan;
}

static void emitEmbed(exec::KernelOp kernel, const KernelContext &,
                      Emit &emit) {
  auto op = firstOperation<decoder::EmbedOp>(kernel);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Value tokens = pointerTo(emit, arguments, op.getTokens());
    Matrix table = matrixOf(emit, arguments, op.getTable());
    Matrix y = matrixOf(emit, arguments, op.getY());
    forEachTask(emit, arguments, [&](Value t) {
      Row from = table.row(emit, loadIndex(emit, tokens, t));
      Row to = y.row(emit, t);
      forEachStrip(emit, y.width, [&](Value i, int64_t lanes) {
        storeStrip(emit, loadStrip(emit, from, i, lanes), to, i);
      });
    });
  });
}

static constexpr StringRef embedOperations[] = {
    decoder::EmbedOp::getOperationName()};
const KernelBuilder moec::embedKernel = {embedOperations, planEmbed, emitEmbed};

//===----------------------------------------------------------------------===//
// decoder.select_rows
//===----------------------------------------------------------------------===//

static void emitSelectRows(exec::KernelOp kernel, const KernelContext &,
                           Emit &emit) {
  auto op = firstOperation<decoder::SelectRowsOp>(kernel);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix x = matrixOf(emit, arguments, op.getX());
    Value rows = pointerTo(emit, arguments, op.getRows());
    Matrix y = matrixOf(emit, arguments, op.getY());
    forEachTask(emit, arguments, [&](Value r) {
      Row from = x.row(emit, loadIndex(emit, rows, r));
      copyRow(emit, from, y.row(emit, r), y.width);
    });
  });
}

static constexpr StringRef selectRowsOperations[] = {
    decoder::SelectRowsOp::getOperationName()};
const KernelBuilder moec::selectRowsKernel = {
    selectRowsOperations, planRows<decoder::SelectRowsOp>, emitSelectRows};

//===----------------------------------------------------------------------===//
// decoder.add
//===----------------------------------------------------------------------===//

static void emitAdd(exec::KernelOp kernel, const KernelContext &, Emit &emit) {
  auto op = firstOperation<decoder::AddOp>(kernel);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix x = matrixOf(emit, arguments, op.getX());
    Matrix delta = matrixOf(emit, arguments, op.getDelta());
    Matrix y = matrixOf(emit, arguments, op.getY());
    forEachTask(emit, arguments, [&](Value t) {
      addRows(emit, {x.row(emit, t), delta.row(emit, t), y.row(emit, t)},
              y.width);
    });
  });
}

static constexpr StringRef addOperations[] = {
    decoder::AddOp::getOperationName()};
const KernelBuilder moec::addKernel = {addOperations, planRows<decoder::AddOp>,
                                       emitAdd};
