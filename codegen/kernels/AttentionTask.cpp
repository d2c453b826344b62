//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/AttentionTask.h"
#include "codegen/kernels/PageWalk.h"
#include "codegen/kernels/Region.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;
using namespace moec;

static constexpr int64_t pageTokens = MOERT_PAGE_TOKENS;
static constexpr int64_t pageStrips = pageTokens / stripLanes;
static constexpr double infinity = std::numeric_limits<double>::infinity();

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

AttentionSizes::AttentionSizes(decoder::AttentionOp op)
    : window(op.getWindow().value_or(0)),
      scale(op.getScale().convertToDouble()) {
  decoder::KVCacheType cache = op.getCache().getType();
  kvHeads = cache.getHeads();
  headDim = cache.getHeadDim();
  group = rowLength(op.getQueries()) / (kvHeads * headDim);
}

AttentionShape::AttentionShape(decoder::AttentionOp op, const Target &target)
    : AttentionSizes(op) {
  // A quarter of the registers leaves room for operands.
  int64_t vectors = target.registers() * target.lanes() / stripLanes;
  accumulators = std::max(vectors / 4, maxTileRows);
}

int64_t AttentionShape::tileRows() const {
  int64_t tiles = (group + maxTileRows - 1) / maxTileRows;
  return (group + tiles - 1) / tiles;
}

/// Elements of the weights of a tile.
static constexpr int64_t weightCount = AttentionShape::maxTileRows * pageTokens;

AttentionScratch::AttentionScratch(Emit &emit, Value base,
                                   const AttentionShape &shape) {
  weights = {base, emit.getF32Type()};
  Row next = weights.from(emit, emit.i64(weightCount));
  for (SoftmaxState *state : {static_cast<SoftmaxState *>(this), &total}) {
    state->outputs = next;
    state->maxima = next.from(emit, emit.i64(shape.group * shape.headDim));
    state->sums = state->maxima.from(emit, emit.i64(shape.group));
    next = state->sums.from(emit, emit.i64(shape.group));
  }
}

int64_t AttentionScratch::bytes(const AttentionShape &shape) {
  return sizeof(float) * (weightCount + 2 * shape.group * (shape.headDim + 2));
}

//===----------------------------------------------------------------------===//
// A task
//===----------------------------------------------------------------------===//

AttentionTask::AttentionTask(Emit &emit, const AttentionShape &shape,
                             const CachePages &cache,
                             const AttentionScratch &scratch)
    : emit(emit), shape(shape), cache(cache), scratch(scratch),
      strip(emit.vector(stripLanes, emit.getF32Type())) {}

void AttentionTask::clear(const SoftmaxState &state) {
  Value zero = emit.number(emit.getF32Type(), 0.0);
  Value lowest = emit.number(emit.getF32Type(), -infinity);
  forEachStrip(emit, shape.group * shape.headDim, [&](Value i, int64_t lanes) {
    storeStrip(emit, spread(emit, zero, lanes), state.outputs, i);
  });
  emit.loop(emit.i64(0), emit.i64(shape.group), 1, [&](Value row) {
    storeStrip(emit, lowest, state.maxima, row);
    storeStrip(emit, zero, state.sums, row);
  });
}

/// Adds the state of a class to the total, and begins a new one.
void AttentionTask::mergeClass() {
  const SoftmaxState &total = scratch.total;
  emit.loop(emit.i64(0), emit.i64(shape.group), 1, [&](Value row) {
    auto scalar = [&](const Row &from) {
      return loadStrip(emit, from, row, /*lanes=*/1);
    };
    Value before = scalar(total.maxima), own = scalar(scratch.maxima);
    Value maximum = emit.maxF(own, before);
    Value shrink = emit.exp(emit.subF(before, maximum));
    Value weight = emit.exp(emit.subF(own, maximum));
    Value sum = emit.mulF(scalar(scratch.sums), weight);
    storeStrip(emit, emit.fma(scalar(total.sums), shrink, sum), total.sums,
               row);
    storeStrip(emit, maximum, total.maxima, row);
    Value offset = emit.mul(row, shape.headDim);
    Row from = scratch.outputs.from(emit, offset);
    Row to = total.outputs.from(emit, offset);
    forEachStrip(emit, shape.headDim, [&](Value i, int64_t lanes) {
      Value v = emit.mulF(loadStrip(emit, from, i, lanes),
                          spread(emit, weight, lanes));
      v = emit.fma(loadStrip(emit, to, i, lanes), spread(emit, shrink, lanes),
                   v);
      storeStrip(emit, v, to, i);
    });
  });
  clear(scratch);
}

void AttentionTask::attend(Row queries, Value pages, Value head,
                           Value position) {
  clear(scratch);
  clear(scratch.total);
  Value end = emit.add(position, 1);
  Value first = emit.i64(0);
  if (shape.window)
    first = emit.max(first, emit.sub(end, emit.i64(shape.window)));
  auto keysOf = [&](Value n) {
    return cache.keys(emit, pageIndex(emit, pages, n), head);
  };
  PageWalk walk(emit, emit.div(first, pageTokens),
                emit.div(position, pageTokens));
  Value begin = walk.begin(), second = walk.next(begin), count = walk.pages();
  // A page and the two after it: one ahead is computed faster than memory
  // answers.
  emit.loop(emit.i64(0), count, 1, {begin, second, walk.next(second)},
            [&](Value i, ValueRange near) {
              Value n = near[0], start = emit.mul(n, pageTokens);
              addPage(queries,
                      openPage(keysOf(n), keysOf(near[2]),
                               emit.sub(first, start), emit.sub(end, start)));
              Value goesOn = arith::AndIOp::create(
                  emit, emit.less(emit.add(i, 1), count),
                  emit.equal(PageWalk::classOf(emit, n),
                             PageWalk::classOf(emit, near[1])));
              emit.branch(
                  goesOn, [] {}, [&] { mergeClass(); });
              return SmallVector<Value>{near[1], near[2], walk.next(near[2])};
            });
}

/// `first` and `end` are relative to the page, and may lie outside of it.
AttentionTask::Page AttentionTask::openPage(Row keys, Row ahead, Value first,
                                            Value end) {
  Value from = emit.max(first, emit.i64(0));
  Value to = emit.min(end, emit.i64(pageTokens));
  Page page = {keys, cache.values(emit, keys), ahead, from, to, {}};
  auto ints = emit.vector(stripLanes, emit.getI32Type());
  Value firsts = emit.splat(emit.truncate(from), stripLanes);
  Value ends = emit.splat(emit.truncate(to), stripLanes);
  for (int64_t s = 0; s < pageStrips; ++s) {
    SmallVector<int32_t> numbers;
    for (int64_t lane = 0; lane < stripLanes; ++lane)
      numbers.push_back(s * stripLanes + lane);
    Value slots = arith::ConstantOp::create(
        emit, DenseElementsAttr::get(ints, ArrayRef<int32_t>(numbers)));
    Value visible = emit.less(slots, ends);
    if (shape.window) {
      Value none = arith::ConstantOp::create(
          emit,
          DenseElementsAttr::get(cast<ShapedType>(visible.getType()), false));
      visible = emit.select(emit.less(slots, firsts), none, visible);
    }
    page.visible.push_back(visible);
  }
  return page;
}

void AttentionTask::addPage(Row queries, const Page &page) {
  int64_t rows = shape.tileRows(), whole = shape.group / rows * rows;
  auto tileAt = [&](Value first, int64_t rows) {
    Value offset = emit.mul(first, shape.headDim);
    return Tile{queries.from(emit, offset), first, rows, {}};
  };
  emit.loop(emit.i64(0), emit.i64(whole), rows,
            [&](Value first) { addTile(page, tileAt(first, rows)); });
  if (whole < shape.group)
    addTile(page, tileAt(emit.i64(whole), shape.group - whole));
}

void AttentionTask::addTile(const Page &page, Tile tile) {
  SmallVector<Value> all = scores(page, tile);
  for (int64_t r = 0; r < tile.rows; ++r) {
    auto row = MutableArrayRef<Value>(all).slice(r * pageStrips, pageStrips);
    tile.corrections.push_back(updateSoftmax(row, emit.add(tile.first, r)));
    for (int64_t s = 0; s < pageStrips; ++s)
      storeStrip(emit, row[s], scratch.weights,
                 emit.i64(r * pageTokens + s * stripLanes));
  }
  addValues(page, tile);
}

void AttentionTask::finish(Row y) {
  emit.loop(emit.i64(0), emit.i64(shape.group), 1, [&](Value row) {
    Value sum = loadStrip(emit, scratch.total.sums, row, /*lanes=*/1);
    Value offset = emit.mul(row, shape.headDim);
    Row from = scratch.total.outputs.from(emit, offset);
    Row to = y.from(emit, offset);
    forEachStrip(emit, shape.headDim, [&](Value i, int64_t lanes) {
      Value v = loadStrip(emit, from, i, lanes);
      storeStrip(emit, emit.divF(v, spread(emit, sum, lanes)), to, i);
    });
  });
}

//===----------------------------------------------------------------------===//
// Scores and softmax
//===----------------------------------------------------------------------===//

/// Brings the cache lines of `count` elements near.
void AttentionTask::prefetch(Row row, int64_t count) {
  constexpr int64_t lineBits = 64 * 8;
  int64_t perLine = lineBits / row.element.getIntOrFloatBitWidth();
  for (int64_t i = 0; i < count; i += perLine)
    emit.prefetch(row.address(emit, emit.i64(i)), /*locality=*/2);
}

/// query . key of a range of strips: [row][strip of the range].
SmallVector<Value> AttentionTask::scoreStrips(const Page &page,
                                              const Tile &tile,
                                              StripRange range) {
  Row aheadValues = cache.values(emit, page.ahead);
  auto body = [&](Value d, ValueRange sums) {
    Value column = emit.add(emit.mul(d, pageTokens), range.from * stripLanes);
    SmallVector<Value> keys, next;
    for (int64_t s = 0; s < range.count; ++s)
      keys.push_back(loadStrip(emit, page.keys,
                               emit.add(column, s * stripLanes), stripLanes));
    // V is as large as K: in this order both are sequential streams.
    for (Row row : {page.ahead, aheadValues})
      prefetch(row.from(emit, column), range.count * stripLanes);
    for (int64_t r = 0; r < tile.rows; ++r) {
      Value q = loadStrip(emit, tile.queries, emit.add(d, r * shape.headDim),
                          /*lanes=*/1);
      for (int64_t s = 0; s < range.count; ++s)
        next.push_back(emit.fma(emit.splat(q, stripLanes), keys[s],
                                sums[r * range.count + s]));
    }
    return next;
  };
  SmallVector<Value> init(tile.rows * range.count, emit.number(strip, 0.0));
  return emit.loop(emit.i64(0), emit.i64(shape.headDim), 1, init, body);
}

/// Scaled scores of a tile's rows, as strips [row][strip of positions]; minus
/// infinity where a position is not visible, whatever the cache holds there.
SmallVector<Value> AttentionTask::scores(const Page &page, const Tile &tile) {
  SmallVector<Value> result(tile.rows * pageStrips);
  Value scale = emit.number(strip, shape.scale);
  Value lowest = emit.number(strip, -infinity);
  int64_t count = std::min(pageStrips, shape.accumulators / tile.rows);
  for (int64_t from = 0; from < pageStrips; from += count) {
    SmallVector<Value> sums = scoreStrips(page, tile, {from, count});
    for (int64_t r = 0; r < tile.rows; ++r)
      for (int64_t s = 0; s < count; ++s) {
        Value score = emit.mulF(sums[r * count + s], scale);
        result[r * pageStrips + from + s] =
            emit.select(page.visible[from + s], score, lowest);
      }
  }
  return result;
}

/// Turns the scores of a row into weights, exp(score - maximum), and adds them
/// to the row's sum. Returns the factor by which older weights shrink. At least
/// one position is visible, so the maximum is minus infinity only where scores
/// are; the result is NaN then.
Value AttentionTask::updateSoftmax(MutableArrayRef<Value> scores, Value row) {
  Value best = scores[0];
  for (Value v : scores.drop_front())
    best = emit.maxF(best, v);
  Value before = loadStrip(emit, scratch.maxima, row, /*lanes=*/1);
  Value maximum = emit.maxF(emit.maxLanes(best), before);
  Value correction = emit.exp(emit.subF(before, maximum));
  Value maxima = emit.splat(maximum, stripLanes);
  Value total;
  for (Value &v : scores) {
    v = emit.exp(emit.subF(v, maxima));
    total = total ? emit.addF(total, v) : v;
  }
  Value sum = loadStrip(emit, scratch.sums, row, /*lanes=*/1);
  sum = emit.fma(sum, correction, emit.sumLanes(total));
  storeStrip(emit, maximum, scratch.maxima, row);
  storeStrip(emit, sum, scratch.sums, row);
  return correction;
}

//===----------------------------------------------------------------------===//
// Weighted values
//===----------------------------------------------------------------------===//

/// outputs = outputs * correction + sum over the visible positions of
/// weight * value, for the columns that `strips` lists, from `column` on.
/// Positions that are not visible are not read: they may hold anything.
void AttentionTask::addValueStrips(const Page &page, const Tile &tile,
                                   Value column, ArrayRef<int64_t> strips) {
  int64_t count = strips.size();
  auto output = [&](int64_t r, int64_t s) {
    Value row = emit.mul(emit.add(tile.first, r), shape.headDim);
    return emit.add(emit.add(row, column), s * stripLanes);
  };
  SmallVector<Value> init;
  for (int64_t r = 0; r < tile.rows; ++r)
    for (int64_t s = 0; s < count; ++s)
      init.push_back(
          emit.mulF(loadStrip(emit, scratch.outputs, output(r, s), strips[s]),
                    spread(emit, tile.corrections[r], strips[s])));
  auto body = [&](Value slot, ValueRange sums) {
    Value row = emit.add(emit.mul(slot, shape.headDim), column);
    SmallVector<Value> values, next;
    for (int64_t s = 0; s < count; ++s)
      values.push_back(loadStrip(emit, page.values,
                                 emit.add(row, s * stripLanes), strips[s]));
    for (int64_t r = 0; r < tile.rows; ++r) {
      Value weight = loadStrip(emit, scratch.weights,
                               emit.add(slot, r * pageTokens), /*lanes=*/1);
      for (int64_t s = 0; s < count; ++s)
        next.push_back(emit.fma(spread(emit, weight, strips[s]), values[s],
                                sums[r * count + s]));
    }
    return next;
  };
  SmallVector<Value> sums = emit.loop(page.from, page.to, 1, init, body);
  for (int64_t r = 0; r < tile.rows; ++r)
    for (int64_t s = 0; s < count; ++s)
      storeStrip(emit, sums[r * count + s], scratch.outputs, output(r, s));
}

void AttentionTask::addValues(const Page &page, const Tile &tile) {
  int64_t block =
      std::min(shape.accumulators / tile.rows, shape.headDim / stripLanes);
  int64_t whole = 0;
  if (block > 0) {
    SmallVector<int64_t> strips(block, stripLanes);
    int64_t width = block * stripLanes;
    whole = shape.headDim / width * width;
    emit.loop(emit.i64(0), emit.i64(whole), width, [&](Value column) {
      addValueStrips(page, tile, column, strips);
    });
  }
  for (; whole + stripLanes <= shape.headDim; whole += stripLanes)
    addValueStrips(page, tile, emit.i64(whole), {stripLanes});
  forEachTailStrip(emit, shape.headDim, [&](Value column, int64_t lanes) {
    addValueStrips(page, tile, column, {lanes});
  });
}
