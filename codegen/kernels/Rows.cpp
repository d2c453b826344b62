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
#include "codegen/kernels/Strips.h"
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
    Value table = pointerTo(emit, arguments, op.getTable());
    Value y = pointerTo(emit, arguments, op.getY());
    Type element = elementType(op.getTable());
    forEachTask(emit, arguments, [&](Value t) {
      Value token = loadIndex(emit, tokens, t);
      Value from = rowAddress(emit, table, op.getTable(), token);
      Value to = rowAddress(emit, y, op.getY(), t);
      forEachStrip(emit, rowLength(op.getY()), [&](Value i, int64_t lanes) {
        Value v = loadStrip(emit, from, element, i, lanes);
        storeStrip(emit, v, to, emit.getF32Type(), i);
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
    Value x = pointerTo(emit, arguments, op.getX());
    Value rows = pointerTo(emit, arguments, op.getRows());
    Value y = pointerTo(emit, arguments, op.getY());
    forEachTask(emit, arguments, [&](Value r) {
      Value from = rowAddress(emit, x, op.getX(), loadIndex(emit, rows, r));
      Value to = rowAddress(emit, y, op.getY(), r);
      copyRow(emit, from, to, elementType(op.getY()), rowLength(op.getY()));
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
    Value x = pointerTo(emit, arguments, op.getX());
    Value delta = pointerTo(emit, arguments, op.getDelta());
    Value y = pointerTo(emit, arguments, op.getY());
    Type f32 = emit.getF32Type();
    forEachTask(emit, arguments, [&](Value t) {
      Value a = rowAddress(emit, x, op.getX(), t);
      Value b = rowAddress(emit, delta, op.getDelta(), t);
      Value to = rowAddress(emit, y, op.getY(), t);
      forEachStrip(emit, rowLength(op.getY()), [&](Value i, int64_t lanes) {
        Value sum = emit.addF(loadStrip(emit, a, f32, i, lanes),
                              loadStrip(emit, b, f32, i, lanes));
        storeStrip(emit, sum, to, f32, i);
      });
    });
  });
}

static constexpr StringRef addOperations[] = {
    decoder::AddOp::getOperationName()};
const KernelBuilder moec::addKernel = {addOperations, planRows<decoder::AddOp>,
                                       emitAdd};
