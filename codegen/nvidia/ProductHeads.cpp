//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The end of products whose sums are heads: queries and keys are rotated by
/// their positions, keys and values go to the cache. A block has whole heads,
/// or a slice of one: of rotated heads, of both halves the same columns.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Cache.h"
#include "codegen/kernels/Rope.h"
#include "codegen/nvidia/ProductEnd.h"

#include <optional>

using namespace mlir;
using namespace moec;

namespace {

class HeadsOfProduct : public ProductEnd {
public:
  explicit HeadsOfProduct(const EndShape &shape)
      : end(shape.region.ends[shape.product]), loop(shape.loop),
        table((shape.kernel + "_frequencies_" + llvm::Twine(shape.product))
                  .str()) {}

  int64_t unitColumns(int64_t tileColumns) const override {
    if (isSliced(tileColumns))
      return tileColumns;
    return headDim() * std::max<int64_t>(1, tileColumns / headDim());
  }
  Value firstColumn(Emit &emit, Value unit, int64_t tileColumns) const override;
  int64_t gap(int64_t tileColumns) const override {
    return end.rope && isSliced(tileColumns) ? (headDim() - tileColumns) / 2
                                             : 0;
  }
  bool wantsTile() const override { return true; }
  void emitTile(Emit &emit, const GpuArguments &arguments,
                const ProductTile &tile, const SharedTile &sums) const override;

private:
  /// Where a value of a head goes.
  struct Place {
    Value token, head, d;
  };
  class Target;

  int64_t headDim() const { return end.headDim(); }
  /// Whether blocks have slices of heads: more of them run at once.
  bool isSliced(int64_t tileColumns) const {
    return loop.knowsGap && tileColumns < headDim() &&
           headDim() % tileColumns == 0;
  }

  HeadsEnd end;
  const ProductLoop &loop;
  std::string table; ///< name of a constant
};

/// Writes values of heads to the result or to the cache.
class HeadsOfProduct::Target {
public:
  Target(Emit &emit, const GpuArguments &arguments, HeadsEnd end);
  Value position(Emit &emit, Value token) const {
    return batch.position(emit, token);
  }
  void put(Emit &emit, const Place &at, Value v) const;

private:
  bool isKeys;
  BatchFields batch;
  std::optional<CachePages> cache;
  std::optional<Matrix> result;
  int64_t headDim;
};

} // namespace

HeadsOfProduct::Target::Target(Emit &emit, const GpuArguments &arguments,
                               HeadsEnd end)
    : isKeys(end.isKeys), headDim(end.headDim()) {
  Value operand = end.append ? end.append.getBatch() : end.rope.getBatch();
  batch = BatchFields::load(emit, arguments.pointerTo(operand));
  if (end.append) {
    cache.emplace(arguments.pointerTo(end.append.getUpdated()),
                  end.append.getCache().getType());
    return;
  }
  Value y = end.rope.getY();
  result = Matrix{arguments.pointerTo(y), emit.getF32Type(), rowLength(y)};
}

void HeadsOfProduct::Target::put(Emit &emit, const Place &at, Value v) const {
  if (result) {
    Value column = emit.add(emit.mul(at.head, headDim), at.d);
    storeStrip(emit, v, result->row(emit, at.token), column);
    return;
  }
  CachePages::Place place = cache->place(emit, batch, at.token);
  Row keys = cache->keys(emit, place.page, at.head);
  if (isKeys)
    storeStrip(emit, v, keys,
               emit.add(emit.mul(at.d, MOERT_PAGE_TOKENS), place.slot));
  else
    storeStrip(emit, v, cache->values(emit, keys),
               emit.add(emit.mul(place.slot, headDim), at.d));
}

Value HeadsOfProduct::firstColumn(Emit &emit, Value unit,
                                  int64_t tileColumns) const {
  int64_t columns = unitColumns(tileColumns);
  if (gap(tileColumns) == 0)
    return emit.mul(unit, columns);
  int64_t slices = headDim() / columns;
  Value slice = emit.mul(emit.rem(unit, slices), columns / 2);
  return emit.add(emit.mul(emit.div(unit, slices), headDim()), slice);
}

void HeadsOfProduct::emitTile(Emit &emit, const GpuArguments &arguments,
                              const ProductTile &tile,
                              const SharedTile &sums) const {
  Target target(emit, arguments, end);
  std::optional<Rotation> rotation;
  if (end.rope)
    rotation.emplace(emit, end.rope, table, Row());
  // Columns of a head that the tile has. A thread has one of them, or the two
  // that are rotated together.
  int64_t columns = std::min(unitColumns(loop.tileColumns), headDim());
  int64_t lanes = end.rope ? columns / 2 : columns;
  Value heads = emit.div(tile.columns(emit), columns);
  Value firstHead = emit.div(tile.firstColumn, headDim());
  Value skipped = emit.rem(tile.firstColumn, headDim());
  Value count = emit.mul(emit.mul(tile.rows(emit), heads), lanes);
  forEachOfBlock(emit, loop.threads, count, [&](Value i) {
    Value own = emit.rem(i, lanes), rest = emit.div(i, lanes);
    Value head = emit.rem(rest, heads), row = emit.div(rest, heads);
    Row from = sums.row(emit, row).from(emit, emit.mul(head, columns));
    Value d = emit.add(skipped, own);
    Place at = {emit.add(tile.firstRow, row), emit.add(firstHead, head), d};
    Value v = loadStrip(emit, from, own, 1);
    if (!end.rope)
      return target.put(emit, at, v);
    auto [a, b] = rotation->rotatePair(
        emit, {v, loadStrip(emit, from, emit.add(own, lanes), 1)},
        rotation->angle(emit, target.position(emit, at.token), d, 1));
    target.put(emit, at, a);
    target.put(emit, {at.token, at.head, emit.add(d, headDim() / 2)}, b);
  });
}

std::unique_ptr<ProductEnd> moec::makeHeadsEnd(const EndShape &shape) {
  return std::make_unique<HeadsOfProduct>(shape);
}
