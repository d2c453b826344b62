//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/BlockNorm.h"

#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace moec;

/// Sum of what lanes of a power of two hold, as Emit::sumLanes adds them.
static Value sumOfLanes(Emit &emit, Value v, int64_t lanes) {
  for (int64_t distance = lanes / 2; distance; distance /= 2)
    v = emit.addF(v, shuffleXor(emit, v, distance));
  return v;
}

/// Every warp computes it. The portable kernel has four chains of 16 lanes;
/// here a lane has an element of two of them.
Value BlockNorm::sumOfSquares(Emit &emit) const {
  constexpr int64_t step = 4 * stripLanes;
  static_assert(step == 2 * warpThreads);
  Row row = shared(emit);
  int64_t length = rowLength(decoder::RMSNormOp(op).getX());
  Value lane = laneIndex(emit), zero = emit.number(emit.getF32Type(), 0.0);
  auto square = [&](Value index, Value sum) {
    Value v = loadStrip(emit, row, index, 1);
    return emit.fma(v, v, sum);
  };
  int64_t unrolled = length / step * step;
  SmallVector<Value> sums =
      emit.loop(emit.i64(0), emit.i64(unrolled), step, {zero, zero},
                [&](Value i, ValueRange carried) {
                  Value at = emit.add(i, lane);
                  return SmallVector<Value>{
                      square(at, carried[0]),
                      square(emit.add(at, warpThreads), carried[1])};
                });
  // Chains 0 and 2 are in lanes below 16, 1 and 3 in those above.
  auto bothHalves = [&](Value v) {
    return emit.addF(v, shuffleXor(emit, v, stripLanes));
  };
  Value sum = emit.addF(bothHalves(sums[0]), bothHalves(sums[1]));
  int64_t index = unrolled;
  Value place = emit.rem(lane, stripLanes);
  for (; index + stripLanes <= length; index += stripLanes)
    sum = square(emit.add(place, index), sum);
  Value total = sumOfLanes(emit, sum, stripLanes);
  forEachTailStrip(emit, length, [&](Value i, int64_t lanes) {
    Value part = square(emit.add(i, emit.rem(lane, lanes)), zero);
    total = emit.addF(total, sumOfLanes(emit, part, lanes));
  });
  return total;
}

Value BlockNorm::inverse(Emit &emit) const {
  decoder::RMSNormOp norm = op;
  Type f32 = emit.getF32Type();
  double length = static_cast<double>(rowLength(norm.getX()));
  Value mean = emit.divF(sumOfSquares(emit), emit.number(f32, length));
  Value epsilon = emit.number(f32, norm.getEpsilon().convertToDouble());
  return emit.divF(emit.number(f32, 1.0), emit.sqrt(emit.addF(mean, epsilon)));
}

void BlockNorm::emitRow(Emit &emit, const GpuArguments &arguments,
                        Value row) const {
  decoder::RMSNormOp norm = op;
  auto rowOf = [&](Value tensor) {
    Row all = {arguments.pointerTo(tensor),
               getElementTypeOrSelf(tensor.getType())};
    return all.from(emit, emit.mul(row, rowLength(tensor)));
  };
  Row from = rowOf(norm.getX()), to = rowOf(norm.getY()), copy = shared(emit);
  Row weight = {arguments.pointerTo(norm.getWeight()),
                getElementTypeOrSelf(norm.getWeight().getType())};
  Value length = emit.i64(rowLength(norm.getX()));
  forEachOfBlock(emit, threads, length, [&](Value i) {
    storeStrip(emit, loadStrip(emit, from, i, 1), copy, i);
  });
  blockBarrier(emit);
  Value inverse = this->inverse(emit);
  blockBarrier(emit); // what follows overwrites the row
  forEachOfBlock(emit, threads, length, [&](Value i) {
    Value unit = emit.mulF(loadStrip(emit, copy, i, 1), inverse);
    Value v = emit.mulF(unit, loadStrip(emit, weight, i, 1));
    Value rounded = emit.round(v, to.element);
    emit.store(rounded, to.address(emit, i));
    storeStrip(emit, emit.widen(rounded), copy, i);
  });
  blockBarrier(emit);
}
