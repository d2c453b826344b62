//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Attention over the paged cache, with an online softmax (arXiv 1805.02867).
///
/// A task is one token and one key/value head, with all the query heads that
/// share it. It walks the pages from that of the first visible position to that
/// of the token's own; so the order of every sum depends on positions alone. In
/// a page the scores have positions as lanes and are chains over head_dim; the
/// weighted values have head_dim as lanes and are chains over positions.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Cache.h"
#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"
#include "codegen/kernels/Strips.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;
using namespace moec;

namespace {

constexpr int64_t pageTokens = MOERT_PAGE_TOKENS;
constexpr int64_t pageStrips = pageTokens / stripLanes;
/// Query heads computed together, so that a page's keys and values are widened
/// once for all of them.
constexpr int64_t maxTileRows = 4;

/// Sizes of a kernel.
struct Shape {
  int64_t kvHeads, group, headDim;
  int64_t window; ///< 0: none
  double scale;
  /// 16-lane accumulators that the target's registers hold.
  int64_t accumulators;

  Shape(decoder::AttentionOp op, const Target &target)
      : kvHeads(op.getCache().getType().getHeads()),
        group(rowLength(op.getQueries()) /
              (kvHeads * op.getCache().getType().getHeadDim())),
        headDim(op.getCache().getType().getHeadDim()),
        window(op.getWindow().value_or(0)),
        scale(op.getScale().convertToDouble()),
        accumulators(target.registers() * target.lanes() / stripLanes / 4) {
    accumulators = std::max<int64_t>(accumulators, maxTileRows);
  }
  /// Rows of the equal tiles that a group is cut into; one may be smaller.
  int64_t tileRows() const {
    int64_t tiles = (group + maxTileRows - 1) / maxTileRows;
    return (group + tiles - 1) / tiles;
  }
};

/// The scratch memory of a task, all f32: weighted values [group][head_dim],
/// maximum and sum [group] of the softmax, and the weights of a page for the
/// rows of a tile.
struct Scratch {
  Value outputs, maxima, sums, weights;

  static int64_t bytes(const Shape &shape) {
    return sizeof(float) *
           (shape.group * (shape.headDim + 2) + maxTileRows * pageTokens);
  }
  Scratch(Emit &emit, Value base, const Shape &shape) {
    auto at = [&](int64_t index) {
      return emit.at(base, emit.getF32Type(), emit.i64(index));
    };
    int64_t weightCount = maxTileRows * pageTokens;
    weights = at(0);
    outputs = at(weightCount);
    maxima = at(weightCount + shape.group * shape.headDim);
    sums = at(weightCount + shape.group * (shape.headDim + 1));
  }
};

/// A page as one token sees it: the positions [from, to) of it.
struct Page {
  Value keys, values;
  Value from, to;
  SmallVector<Value> visible; ///< a mask for each strip of positions
};

/// Rows [first, first + rows) of the group.
struct Tile {
  Value first;
  int64_t rows;
};

/// Builds the parts of a task, from the whole to the inner loops.
class TaskBuilder {
public:
  TaskBuilder(Emit &emit, const Shape &shape, const CachePages &cache,
              const Scratch &scratch)
      : emit(emit), shape(shape), cache(cache), scratch(scratch),
        f32(emit.getF32Type()), strip(emit.vector(stripLanes, f32)) {}

  /// The group's queries, [group][head_dim], against the positions up to and
  /// including `position` of the sequence whose pages are `pages`.
  void attend(Value queries, Value pages, Value head, Value position);
  /// Divides by the sums, rounds and stores [group][head_dim].
  void finish(Value y, Type element);

private:
  void clear();
  Page openPage(Value keys, Value first, Value end);
  void addPage(Value queries, const Page &page);
  void addTile(Value queries, const Page &page, Tile tile);
  SmallVector<Value> scores(Value queries, const Page &page, Tile tile);
  void scoreStrips(Value queries, const Page &page, Tile tile, int64_t from,
                   int64_t count, SmallVectorImpl<Value> &scores);
  Value updateSoftmax(MutableArrayRef<Value> scores, Value row);
  void addValues(const Page &page, Tile tile, ArrayRef<Value> corrections);
  void addValueStrips(const Page &page, Tile tile, ArrayRef<Value> corrections,
                      Value column, ArrayRef<int64_t> strips);

  Value load(Value base, Value index) {
    return emit.load(f32, emit.at(base, f32, index));
  }
  void store(Value v, Value base, Value index) {
    emit.store(v, emit.at(base, f32, index));
  }
  Value spread(Value scalar, int64_t lanes) {
    return lanes == 1 ? scalar : emit.splat(scalar, lanes);
  }

  Emit &emit;
  const Shape &shape;
  const CachePages &cache;
  const Scratch &scratch;
  Type f32;
  VectorType strip;
};

} // namespace

//===----------------------------------------------------------------------===//
// A task
//===----------------------------------------------------------------------===//

void TaskBuilder::clear() {
  Value zero = emit.number(f32, 0.0);
  Value lowest = emit.number(f32, -std::numeric_limits<double>::infinity());
  forEachStrip(emit, shape.group * shape.headDim, [&](Value i, int64_t lanes) {
    storeStrip(emit, spread(zero, lanes), scratch.outputs, f32, i);
  });
  emit.loop(emit.i64(0), emit.i64(shape.group), 1, [&](Value row) {
    store(lowest, scratch.maxima, row);
    store(zero, scratch.sums, row);
  });
}

void TaskBuilder::attend(Value queries, Value pages, Value head,
                         Value position) {
  clear();
  Value end = emit.add(position, 1);
  Value first = emit.i64(0);
  if (shape.window)
    first = emit.max(first, emit.sub(end, emit.i64(shape.window)));
  Value firstPage = emit.div(first, pageTokens);
  emit.loop(firstPage, emit.ceilDiv(end, pageTokens), 1, [&](Value n) {
    Value keys = cache.keys(emit, pageIndex(emit, pages, n), head);
    Value start = emit.mul(n, pageTokens);
    addPage(queries,
            openPage(keys, emit.sub(first, start), emit.sub(end, start)));
  });
}

/// `first` and `end` are relative to the page, and may lie outside of it.
Page TaskBuilder::openPage(Value keys, Value first, Value end) {
  Page page = {keys, cache.values(emit, keys), emit.max(first, emit.i64(0)),
               emit.min(end, emit.i64(pageTokens)), {}};
  Type ints = emit.vector(stripLanes, emit.getI32Type());
  Value from = emit.splat(emit.truncate(page.from), stripLanes);
  Value to = emit.splat(emit.truncate(page.to), stripLanes);
  for (int64_t s = 0; s < pageStrips; ++s) {
    SmallVector<int32_t> numbers;
    for (int64_t lane = 0; lane < stripLanes; ++lane)
      numbers.push_back(s * stripLanes + lane);
    Value slots = arith::ConstantOp::create(
        emit, DenseElementsAttr::get(cast<ShapedType>(ints),
                                     ArrayRef<int32_t>(numbers)));
    Value visible = emit.less(slots, to);
    if (shape.window) {
      Value none = arith::ConstantOp::create(
          emit, DenseElementsAttr::get(cast<ShapedType>(visible.getType()),
                                       false));
      visible = emit.select(emit.less(slots, from), none, visible);
    }
    page.visible.push_back(visible);
  }
  return page;
}

void TaskBuilder::addPage(Value queries, const Page &page) {
  int64_t rows = shape.tileRows(), whole = shape.group / rows * rows;
  emit.loop(emit.i64(0), emit.i64(whole), rows, [&](Value first) {
    addTile(queries, page, {first, rows});
  });
  if (whole < shape.group)
    addTile(queries, page, {emit.i64(whole), shape.group - whole});
}

void TaskBuilder::addTile(Value queries, const Page &page, Tile tile) {
  SmallVector<Value> all = scores(queries, page, tile), corrections;
  for (int64_t r = 0; r < tile.rows; ++r) {
    auto row = MutableArrayRef<Value>(all).slice(r * pageStrips, pageStrips);
    corrections.push_back(updateSoftmax(row, emit.add(tile.first, r)));
    for (int64_t s = 0; s < pageStrips; ++s)
      storeStrip(emit, row[s], scratch.weights, f32,
                 emit.i64(r * pageTokens + s * stripLanes));
  }
  addValues(page, tile, corrections);
}

void TaskBuilder::finish(Value y, Type element) {
  emit.loop(emit.i64(0), emit.i64(shape.group), 1, [&](Value row) {
    Value sum = load(scratch.sums, row);
    Value offset = emit.mul(row, shape.headDim);
    Value from = emit.at(scratch.outputs, f32, offset);
    Value to = emit.at(y, element, offset);
    forEachStrip(emit, shape.headDim, [&](Value i, int64_t lanes) {
      Value v = loadStrip(emit, from, f32, i, lanes);
      storeStrip(emit, emit.divF(v, spread(sum, lanes)), to, element, i);
    });
  });
}

//===----------------------------------------------------------------------===//
// Scores and softmax
//===----------------------------------------------------------------------===//

/// query . key of `count` strips of positions from `from` on.
void TaskBuilder::scoreStrips(Value queries, const Page &page, Tile tile,
                              int64_t from, int64_t count,
                              SmallVectorImpl<Value> &scores) {
  SmallVector<Value> init(tile.rows * count, emit.number(strip, 0.0));
  auto body = [&](Value d, ValueRange sums) {
    SmallVector<Value> keys, next;
    for (int64_t s = 0; s < count; ++s) {
      Value index = emit.add(emit.mul(d, pageTokens), (from + s) * stripLanes);
      keys.push_back(
          loadStrip(emit, page.keys, cache.element, index, stripLanes));
    }
    for (int64_t r = 0; r < tile.rows; ++r) {
      Value row = emit.mul(emit.add(tile.first, r), shape.headDim);
      Value q = emit.splat(load(queries, emit.add(row, d)), stripLanes);
      for (int64_t s = 0; s < count; ++s)
        next.push_back(emit.fma(q, keys[s], sums[r * count + s]));
    }
    return next;
  };
  SmallVector<Value> sums =
      emit.loop(emit.i64(0), emit.i64(shape.headDim), 1, init, body);
  for (int64_t r = 0; r < tile.rows; ++r)
    for (int64_t s = 0; s < count; ++s)
      scores[r * pageStrips + from + s] = sums[r * count + s];
}

/// Scaled scores of a tile's rows, as strips [row][strip of positions]; minus
/// infinity where a position is not visible, whatever the cache holds there.
SmallVector<Value> TaskBuilder::scores(Value queries, const Page &page,
                                       Tile tile) {
  SmallVector<Value> result(tile.rows * pageStrips);
  int64_t count = std::min(pageStrips, shape.accumulators / tile.rows);
  for (int64_t from = 0; from < pageStrips; from += count)
    scoreStrips(queries, page, tile, from, count, result);
  Value scale = emit.number(strip, shape.scale);
  Value lowest = emit.number(strip, -std::numeric_limits<double>::infinity());
  for (int64_t i = 0, e = result.size(); i < e; ++i)
    result[i] = emit.select(page.visible[i % pageStrips],
                            emit.mulF(result[i], scale), lowest);
  return result;
}

/// Turns the scores of a row into weights, exp(score - maximum), and adds them
/// to the row's sum. Returns the factor by which older weights shrink. At least
/// one position is visible, so the maximum is minus infinity only where scores
/// are; the result is NaN then.
Value TaskBuilder::updateSoftmax(MutableArrayRef<Value> scores, Value row) {
  Value best = scores[0];
  for (Value v : scores.drop_front())
    best = emit.maxF(best, v);
  Value before = load(scratch.maxima, row);
  Value maximum = emit.maxF(emit.maxLanes(best), before);
  Value correction = emit.exp(emit.subF(before, maximum));
  Value splat = emit.splat(maximum, stripLanes);
  Value total;
  for (Value &v : scores) {
    v = emit.exp(emit.subF(v, splat));
    total = total ? emit.addF(total, v) : v;
  }
  Value sum = emit.fma(load(scratch.sums, row), correction,
                       emit.sumLanes(total));
  store(maximum, scratch.maxima, row);
  store(sum, scratch.sums, row);
  return correction;
}

//===----------------------------------------------------------------------===//
// Weighted values
//===----------------------------------------------------------------------===//

/// outputs = outputs * correction + sum over the visible positions of
/// weight * value, for the columns that `strips` lists, from `column` on.
/// Positions that are not visible are not read: they may hold anything.
void TaskBuilder::addValueStrips(const Page &page, Tile tile,
                                 ArrayRef<Value> corrections, Value column,
                                 ArrayRef<int64_t> strips) {
  // The address of element [row][column + offset of strip s] of outputs.
  auto output = [&](int64_t r, int64_t s) {
    Value row = emit.mul(emit.add(tile.first, r), shape.headDim);
    return emit.add(emit.add(row, column), s * stripLanes);
  };
  int64_t count = strips.size();
  SmallVector<Value> init;
  for (int64_t r = 0; r < tile.rows; ++r)
    for (int64_t s = 0; s < count; ++s)
      init.push_back(emit.mulF(
          loadStrip(emit, scratch.outputs, f32, output(r, s), strips[s]),
          spread(corrections[r], strips[s])));
  auto body = [&](Value slot, ValueRange sums) {
    SmallVector<Value> values, next;
    Value row = emit.add(emit.mul(slot, shape.headDim), column);
    for (int64_t s = 0; s < count; ++s)
      values.push_back(loadStrip(emit, page.values, cache.element,
                                 emit.add(row, s * stripLanes), strips[s]));
    for (int64_t r = 0; r < tile.rows; ++r) {
      Value weight = load(scratch.weights, emit.add(slot, r * pageTokens));
      for (int64_t s = 0; s < count; ++s)
        next.push_back(emit.fma(spread(weight, strips[s]), values[s],
                                sums[r * count + s]));
    }
    return next;
  };
  SmallVector<Value> sums = emit.loop(page.from, page.to, 1, init, body);
  for (int64_t r = 0; r < tile.rows; ++r)
    for (int64_t s = 0; s < count; ++s)
      storeStrip(emit, sums[r * count + s], scratch.outputs, f32, output(r, s));
}

void TaskBuilder::addValues(const Page &page, Tile tile,
                            ArrayRef<Value> corrections) {
  int64_t block = std::min(shape.accumulators / tile.rows,
                           shape.headDim / stripLanes);
  int64_t whole = 0;
  if (block > 0) {
    SmallVector<int64_t> strips(block, stripLanes);
    int64_t width = block * stripLanes;
    whole = shape.headDim / width * width;
    emit.loop(emit.i64(0), emit.i64(whole), width, [&](Value column) {
      addValueStrips(page, tile, corrections, column, strips);
    });
  }
  for (; whole + stripLanes <= shape.headDim; whole += stripLanes)
    addValueStrips(page, tile, corrections, emit.i64(whole), {stripLanes});
  forEachTailStrip(emit, shape.headDim, [&](Value column, int64_t lanes) {
    addValueStrips(page, tile, corrections, column, {lanes});
  });
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planAttention(exec::KernelOp kernel,
                                           const KernelContext &context) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  Shape shape(op, context.target);
  KernelPlan plan;
  plan.tasksPerRow = shape.kvHeads;
  plan.scratchBytes = Scratch::bytes(shape);
  return plan;
}

static void emitAttention(exec::KernelOp kernel, const KernelContext &context,
                          Emit &emit) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  Shape shape(op, context.target);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Value queries = pointerTo(emit, arguments, op.getQueries());
    Value y = pointerTo(emit, arguments, op.getY());
    CachePages cache(pointerTo(emit, arguments, op.getCache()),
                     op.getCache().getType());
    auto batch =
        BatchFields::load(emit, pointerTo(emit, arguments, op.getBatch()));
    Scratch scratch(emit, arguments.scratch, shape);
    Value rows = arguments.rows(emit);
    TaskBuilder builder(emit, shape, cache, scratch);
    // Heads outermost: tokens of one sequence find its pages in the cache.
    forEachTask(emit, arguments, [&](Value task) {
      Value head = emit.div(task, rows), t = emit.rem(task, rows);
      Value offset = emit.mul(head, shape.group * shape.headDim);
      Value q = emit.at(rowAddress(emit, queries, op.getQueries(), t),
                        emit.getF32Type(), offset);
      builder.attend(q, batch.pages(emit, t), head, batch.position(emit, t));
      Type element = elementType(op.getY());
      builder.finish(
          emit.at(rowAddress(emit, y, op.getY(), t), element, offset), element);
    });
  });
}

static constexpr StringRef attentionOperations[] = {
    decoder::AttentionOp::getOperationName()};
const KernelBuilder moec::attentionKernel = {attentionOperations, planAttention,
                                             emitAttention};
