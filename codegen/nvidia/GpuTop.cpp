//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The best logits of parts of rows, and of rows: a warp for each.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/GpuKernels.h"
#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/WarpTop.h"
#include "dialects/Decoder/Decoder.h"

using namespace mlir;
using namespace moec;

static constexpr int64_t blockWarps = 4;

/// body(arguments, task), a task for each warp.
static void
emitWarps(Emit &emit, exec::KernelOp kernel,
          llvm::function_ref<void(const GpuArguments &, Value task)> body) {
  emitEntry(emit, kernel, blockWarps * warpThreads,
            [&](const GpuArguments &arguments) {
              Value task = emit.add(emit.mul(blockIndex(emit), blockWarps),
                                    warpIndex(emit));
              emit.branch(emit.less(task, arguments.tasks(emit)),
                          [&] { body(arguments, task); });
            });
}

static KernelPlan planWarps(int64_t tasksPerRow) {
  KernelPlan plan;
  plan.tasksPerRow = tasksPerRow;
  plan.blockThreads = blockWarps * warpThreads;
  plan.blockTasks = blockWarps;
  return plan;
}

//===----------------------------------------------------------------------===//
// decoder.part_top
//===----------------------------------------------------------------------===//

static int64_t countParts(decoder::PartTopOp op) {
  return rowLength(op.getTop()) / static_cast<int64_t>(op.getK());
}

static FailureOr<KernelPlan> planPartTop(exec::KernelOp kernel,
                                         const KernelContext &) {
  auto op = firstOperation<decoder::PartTopOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  return planWarps(countParts(op));
}

/// Task i is part i % parts of row i / parts.
static void emitPartTop(exec::KernelOp kernel, const KernelContext &,
                        Emit &emit) {
  auto op = firstOperation<decoder::PartTopOp>(kernel);
  int64_t parts = countParts(op), part = op.getPart(), k = op.getK();
  emitWarps(emit, kernel, [&](const GpuArguments &arguments, Value task) {
    Matrix logits = matrixOf(arguments, op.getLogits());
    Value first = emit.mul(emit.rem(task, parts), part);
    Value left = emit.sub(emit.i64(logits.width), first);
    Value place = emit.mul(task, k);
    WarpTopChoice choice = {
        logits.row(emit, emit.div(task, parts)).from(emit, first),
        /*candidates=*/Value(),
        first,
        emit.min(left, emit.i64(part)),
        k,
        rowOf(arguments, op.getTop()).from(emit, place),
        rowOf(arguments, op.getTokens()).from(emit, place)};
    emitWarpTop(emit, choice);
    failOnNaN(emit, arguments, choice);
  });
}

//===----------------------------------------------------------------------===//
// decoder.merge_top
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planMergeTop(exec::KernelOp kernel,
                                          const KernelContext &) {
  if (failed(checkRowMajor(firstOperation<decoder::MergeTopOp>(kernel))))
    return failure();
  return planWarps(1);
}

static void emitMergeTop(exec::KernelOp kernel, const KernelContext &,
                         Emit &emit) {
  auto op = firstOperation<decoder::MergeTopOp>(kernel);
  emitWarps(emit, kernel, [&](const GpuArguments &arguments, Value row) {
    Matrix logits = matrixOf(arguments, op.getLogits());
    emitWarpTop(emit,
                {logits.row(emit, row),
                 matrixOf(arguments, op.getCandidates()).row(emit, row).base,
                 /*first=*/Value(), emit.i64(logits.width),
                 static_cast<int64_t>(op.getK()),
                 matrixOf(arguments, op.getTop()).row(emit, row),
                 matrixOf(arguments, op.getTokens()).row(emit, row)});
  });
}

ArrayRef<KernelBuilder> moec::gpuTopKernels() {
  static constexpr StringRef part[] = {decoder::PartTopOp::getOperationName()};
  static constexpr StringRef merge[] = {
      decoder::MergeTopOp::getOperationName()};
  static const KernelBuilder builders[] = {{part, planPartTop, emitPartTop},
                                           {merge, planMergeTop, emitMergeTop}};
  return builders;
}
