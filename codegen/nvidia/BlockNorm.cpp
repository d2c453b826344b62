//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/BlockNorm.h"

#include "codegen/nvidia/GpuStrips.h"

#include <optional>

using namespace mlir;
using namespace moec;

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

int64_t BlockNorm::lanes() const {
  decoder::RMSNormOp norm = op;
  return accessLanes({norm.getX().getType().getElementType(),
                      norm.getWeight().getType().getElementType(),
                      norm.getY().getType().getElementType()},
                     rowLength(norm.getX()));
}

void BlockNorm::emitRow(Emit &emit, const GpuArguments &arguments,
                        Value row) const {
  Row from = matrixOf(arguments, decoder::RMSNormOp(op).getX()).row(emit, row);
  emitRow(emit, arguments, row,
          [&](Value i) { return loadWhole(emit, from, i, lanes()); });
}

void BlockNorm::emitRow(Emit &emit, const GpuArguments &arguments, Value row,
                        llvm::function_ref<Value(Value)> load) const {
  decoder::RMSNormOp norm = op;
  int64_t length = rowLength(norm.getX()), lanes = this->lanes();
  Row copy = shared(emit), weight = rowOf(arguments, norm.getWeight());
  Type element = norm.getY().getType().getElementType();
  std::optional<Row> to;
  if (isYielded(norm.getY()))
    to = matrixOf(arguments, norm.getY()).row(emit, row);
  forEachBlockStrip(emit, length, lanes, threads,
                    [&](Value i) { storeWhole(emit, load(i), copy, i); });
  blockBarrier(emit);
  Value inverse = spread(emit, this->inverse(emit), lanes);
  blockBarrier(emit); // what follows overwrites the row
  forEachBlockStrip(emit, length, lanes, threads, [&](Value i) {
    Value unit = emit.mulF(loadWhole(emit, copy, i, lanes), inverse);
    Value v = emit.mulF(unit, loadWhole(emit, weight, i, lanes));
    Value rounded = emit.round(v, element);
    if (to)
      storeAligned(emit, rounded, to->address(emit, i));
    storeWhole(emit, emit.widen(rounded), copy, i);
  });
  blockBarrier(emit);
}
