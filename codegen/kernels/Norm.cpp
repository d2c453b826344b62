//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The root mean square norm of each row.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Norm.h"

#include "codegen/kernels/Kernels.h"

using namespace mlir;
using namespace moec;

static FailureOr<KernelPlan> planRMSNorm(exec::KernelOp kernel,
                                         const KernelContext &) {
  auto op = firstOperation<decoder::RMSNormOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain = rowGrain(2 * rowLength(op.getX()));
  return plan;
}

/// Sum of squares of a row of f32: four chains of 16 lanes, added in pairs,
/// then the whole vectors and the tail that are left, in order.
static Value sumOfSquares(Emit &emit, Row row, int64_t length) {
  constexpr int64_t chains = 4, step = chains * stripLanes;
  Type f32 = emit.getF32Type();
  auto square = [&](Value index, int64_t lanes, Value sum) {
    Value v = loadStrip(emit, row, index, lanes);
    return emit.fma(v, v, sum);
  };
  Value zero = emit.number(emit.vector(stripLanes, f32), 0.0);
  int64_t unrolled = length / step * step;
  SmallVector<Value> sums = emit.loop(
      emit.i64(0), emit.i64(unrolled), step, SmallVector<Value>(chains, zero),
      [&](Value index, ValueRange carried) {
        SmallVector<Value> next;
        for (int64_t c = 0; c < chains; ++c)
          next.push_back(
              square(emit.add(index, c * stripLanes), stripLanes, carried[c]));
        return next;
      });
  Value sum =
      emit.addF(emit.addF(sums[0], sums[1]), emit.addF(sums[2], sums[3]));
  int64_t index = unrolled;
  for (; index + stripLanes <= length; index += stripLanes)
    sum = square(emit.i64(index), stripLanes, sum);
  Value total = emit.sumLanes(sum);
  forEachTailStrip(emit, length, [&](Value i, int64_t lanes) {
    Value part = square(i, lanes, emit.number(stripType(emit, f32, lanes), 0.));
    total = emit.addF(total, lanes > 1 ? emit.sumLanes(part) : part);
  });
  return total;
}

/// 1 / sqrt(mean of squares + epsilon).
static Value inverseRMS(Emit &emit, Row row, decoder::RMSNormOp op) {
  Type f32 = emit.getF32Type();
  int64_t length = rowLength(op.getX());
  Value mean = emit.divF(sumOfSquares(emit, row, length),
                         emit.number(f32, static_cast<double>(length)));
  Value epsilon = emit.number(f32, op.getEpsilon().convertToDouble());
  return emit.divF(emit.number(f32, 1.0), emit.sqrt(emit.addF(mean, epsilon)));
}

void moec::forEachNormedStrip(Emit &emit, decoder::RMSNormOp op, Row from,
                              Row weight, NormedStripBody body) {
  Value inverse = inverseRMS(emit, from, op);
  forEachStrip(emit, rowLength(op.getX()), [&](Value i, int64_t lanes) {
    Value unit = emit.mulF(loadStrip(emit, from, i, lanes),
                           spread(emit, inverse, lanes));
    body(i, lanes, emit.mulF(unit, loadStrip(emit, weight, i, lanes)));
  });
}

void moec::emitNormedRows(Emit &emit, const KernelArguments &arguments,
                          decoder::RMSNormOp op) {
  Matrix x = matrixOf(emit, arguments, op.getX());
  Row weight = rowOf(emit, arguments, op.getWeight());
  Matrix y = matrixOf(emit, arguments, op.getY());
  forEachTask(emit, arguments, [&](Value t) {
    Row from = x.row(emit, t), to = y.row(emit, t);
    forEachNormedStrip(emit, op, from, weight, [&](Value i, int64_t, Value v) {
      storeStrip(emit, v, to, i);
    });
  });
}

static void emitRMSNorm(exec::KernelOp kernel, const KernelContext &,
                        Emit &emit) {
  auto op = firstOperation<decoder::RMSNormOp>(kernel);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    emitNormedRows(emit, arguments, op);
  });
}

static constexpr StringRef rmsNormOperations[] = {
    decoder::RMSNormOp::getOperationName()};
const KernelBuilder moec::rmsNormKernel = {rmsNormOperations, planRMSNorm,
                                           emitRMSNorm};

//===----------------------------------------------------------------------===//
// decoder.add, then decoder.rms_norm of the sum
//===----------------------------------------------------------------------===//

LogicalResult moec::checkAddNorm(decoder::AddOp add, decoder::RMSNormOp norm) {
  if (norm.getX() != add.getY())
    return norm.emitOpError("shares a kernel with a sum that it does not read");
  return failure(failed(checkRowMajor(add)) || failed(checkRowMajor(norm)));
}

static FailureOr<KernelPlan> planAddNorm(exec::KernelOp kernel,
                                         const KernelContext &) {
  auto add = firstOperation<decoder::AddOp>(kernel);
  auto norm = cast<decoder::RMSNormOp>(add->getNextNode());
  if (failed(checkAddNorm(add, norm)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain = rowGrain(3 * rowLength(add.getY()));
  return plan;
}

static void emitAddNorm(exec::KernelOp kernel, const KernelContext &,
                        Emit &emit) {
  auto add = firstOperation<decoder::AddOp>(kernel);
  auto norm = cast<decoder::RMSNormOp>(add->getNextNode());
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix x = matrixOf(emit, arguments, add.getX());
    Matrix delta = matrixOf(emit, arguments, add.getDelta());
    Matrix sum = matrixOf(emit, arguments, add.getY());
    Row weight = rowOf(emit, arguments, norm.getWeight());
    Matrix y = matrixOf(emit, arguments, norm.getY());
    forEachTask(emit, arguments, [&](Value t) {
      Row total = sum.row(emit, t), to = y.row(emit, t);
      addRows(emit, {x.row(emit, t), delta.row(emit, t), total}, sum.width);
      forEachNormedStrip(
          emit, norm, total, weight,
          [&](Value i, int64_t, Value v) { storeStrip(emit, v, to, i); });
    });
  });
}

static constexpr StringRef addNormOperations[] = {
    decoder::AddOp::getOperationName(), decoder::RMSNormOp::getOperationName()};
const KernelBuilder moec::addNormKernel = {addNormOperations, planAddNorm,
                                           emitAddNorm};
