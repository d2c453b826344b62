//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels that norm rows, and sums of rows: a block for each row.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Norm.h"
#include "codegen/nvidia/BlockNorm.h"
#include "codegen/nvidia/GpuKernels.h"
#include "codegen/nvidia/GpuStages.h"
#include "codegen/nvidia/GpuStrips.h"

using namespace mlir;
using namespace moec;

static constexpr int64_t blockThreads = 256;

namespace {

/// A norm, of a sum if there is one.
struct NormOperations {
  decoder::AddOp add;
  decoder::RMSNormOp norm;

  explicit NormOperations(exec::KernelOp kernel) {
    Block &body = kernel.getBody().front();
    add = dyn_cast<decoder::AddOp>(body.front());
    norm = cast<decoder::RMSNormOp>(add ? add->getNextNode() : &body.front());
  }
  LogicalResult check();
};

} // namespace

LogicalResult NormOperations::check() {
  return add ? checkAddNorm(add, norm) : checkRowMajor(norm);
}

static FailureOr<KernelPlan> planNorm(exec::KernelOp kernel,
                                      const KernelContext &context) {
  NormOperations ops(kernel);
  if (failed(ops.check()))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.blockThreads = blockThreads;
  plan.sharedBytes = BlockNorm::sharedBytes(ops.norm);
  if (failed(checkSharedMemory(kernel, plan, context.target)))
    return failure();
  return plan;
}

static void emitNorm(exec::KernelOp kernel, const KernelContext &, Emit &emit) {
  NormOperations ops(kernel);
  BlockNorm block(ops.norm, blockThreads, /*sharedOffset=*/0);
  emitEntry(emit, kernel, blockThreads, [&](const GpuArguments &arguments) {
    Value row = blockIndex(emit);
    if (!ops.add)
      return block.emitRow(emit, arguments, row);
    auto rowOfTensor = [&](Value tensor) {
      return matrixOf(arguments, tensor).row(emit, row);
    };
    Row x = rowOfTensor(ops.add.getX()),
        delta = rowOfTensor(ops.add.getDelta());
    Row total = rowOfTensor(ops.add.getY());
    block.emitRow(emit, arguments, row, [&](Value i) {
      Value sum = emit.addF(loadWhole(emit, x, i, block.lanes()),
                            loadWhole(emit, delta, i, block.lanes()));
      storeWhole(emit, sum, total, i);
      return sum;
    });
  });
}

ArrayRef<KernelBuilder> moec::gpuNormKernels() {
  static constexpr StringRef all[] = {decoder::AddOp::getOperationName(),
                                      decoder::RMSNormOp::getOperationName()};
  static const ArrayRef<StringRef> operations(all);
  static const KernelBuilder builders[] = {
      {operations, planNorm, emitNorm},
      {operations.drop_front(), planNorm, emitNorm}};
  return builders;
}
