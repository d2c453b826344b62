//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/ProductRows.h"

#include "codegen/kernels/Region.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace moec;

Value ProductRows::tiles(Emit &emit, Value rows) const {
  if (isOneEach())
    return rows;
  return emit.div(emit.add(rows, padding()), tileRows);
}

ProductRows::Range ProductRows::range(Emit &emit, Value offsets, Value rows,
                                      Value tile) const {
  Value zero = emit.i64(0);
  if (!isGrouped) {
    Value first = emit.mul(tile, tileRows);
    return {zero, first, emit.min(rows, emit.add(first, tileRows))};
  }
  // Carried: tiles of the experts before, then expert, first and end.
  SmallVector<Value> found =
      emit.loop(zero, emit.i64(experts), 1, {zero, zero, zero, zero},
                [&](Value e, ValueRange carried) {
                  Value from = loadIndex(emit, offsets, e);
                  Value to = loadIndex(emit, offsets, emit.add(e, 1));
                  Value place = emit.sub(tile, carried[0]);
                  Value tiles = emit.ceilDiv(emit.sub(to, from), tileRows);
                  // As an unsigned number, a place before the first is a large
                  // one.
                  Value is = arith::CmpIOp::create(
                      emit, arith::CmpIPredicate::ult, place, tiles);
                  Value first = emit.add(from, emit.mul(place, tileRows));
                  return SmallVector<Value>{emit.add(carried[0], tiles),
                                            emit.select(is, e, carried[1]),
                                            emit.select(is, first, carried[2]),
                                            emit.select(is, to, carried[3])};
                });
  return {found[1], found[2], emit.min(found[3], emit.add(found[2], tileRows))};
}
