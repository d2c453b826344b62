//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Strips.h"

using namespace mlir;
using namespace moec;

Type moec::stripType(Emit &emit, Type element, int64_t lanes) {
  return lanes == 1 ? element : emit.vector(lanes, element);
}

Value moec::spread(Emit &emit, Value scalar, int64_t lanes) {
  return lanes == 1 ? scalar : emit.splat(scalar, lanes);
}

Value moec::loadStrip(Emit &emit, Row row, Value index, int64_t lanes) {
  return emit.widen(
      emit.load(stripType(emit, row.element, lanes), row.address(emit, index)));
}

void moec::storeStrip(Emit &emit, Value v, Row row, Value index) {
  emit.store(emit.round(v, row.element), row.address(emit, index));
}

void moec::forEachTailStrip(Emit &emit, int64_t length, StripBody body) {
  int64_t index = length / stripLanes * stripLanes;
  for (int64_t lanes = stripLanes / 2; lanes > 0; lanes /= 2)
    if (length & lanes) {
      body(emit.i64(index), lanes);
      index += lanes;
    }
}

void moec::forEachStrip(Emit &emit, int64_t length, StripBody body) {
  if (int64_t whole = length / stripLanes * stripLanes)
    emit.loop(emit.i64(0), emit.i64(whole), stripLanes,
              [&](Value index) { body(index, stripLanes); });
  forEachTailStrip(emit, length, body);
}

void moec::copyRow(Emit &emit, Row from, Row to, int64_t length) {
  forEachStrip(emit, length, [&](Value index, int64_t lanes) {
    Type type = stripType(emit, from.element, lanes);
    Value v = emit.load(type, from.address(emit, index));
    emit.store(v, to.address(emit, index));
  });
}

void moec::addRows(Emit &emit, const Addition &rows, int64_t length) {
  forEachStrip(emit, length, [&](Value i, int64_t lanes) {
    Value sum = emit.addF(loadStrip(emit, rows.a, i, lanes),
                          loadStrip(emit, rows.b, i, lanes));
    storeStrip(emit, sum, rows.sum, i);
  });
}
