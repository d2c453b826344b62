//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The kernel of attention over the paged cache.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/AttentionTask.h"
#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"

using namespace mlir;
using namespace moec;

static FailureOr<KernelPlan> planAttention(exec::KernelOp kernel,
                                           const KernelContext &context) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  AttentionShape shape(op, context.target);
  KernelPlan plan;
  plan.tasksPerRow = shape.kvHeads;
  plan.scratchBytes = AttentionScratch::bytes(shape);
  return plan;
}

static void emitAttention(exec::KernelOp kernel, const KernelContext &context,
                          Emit &emit) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  AttentionShape shape(op, context.target);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix queries = matrixOf(emit, arguments, op.getQueries());
    Matrix y = matrixOf(emit, arguments, op.getY());
    CachePages cache(pointerTo(emit, arguments, op.getCache()),
                     op.getCache().getType());
    auto batch =
        BatchFields::load(emit, pointerTo(emit, arguments, op.getBatch()));
    AttentionScratch scratch(emit, arguments.scratch, shape);
    AttentionTask builder(emit, shape, cache, scratch);
    Value rows = arguments.rows(emit);
    // Heads outermost: tokens of one sequence find its pages in the cache.
    forEachTask(emit, arguments, [&](Value task) {
      Value head = emit.div(task, rows), t = emit.rem(task, rows);
      Value offset = emit.mul(head, shape.group * shape.headDim);
      builder.attend(queries.row(emit, t).from(emit, offset),
                     batch.pages(emit, t), head, batch.position(emit, t));
      builder.finish(y.row(emit, t).from(emit, offset));
    });
  });
}

static constexpr StringRef attentionOperations[] = {
    decoder::AttentionOp::getOperationName()};
const KernelBuilder moec::attentionKernel = {attentionOperations, planAttention,
                                             emitAttention};
