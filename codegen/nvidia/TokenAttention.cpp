//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Attention of one token by a block. In a round each warp has a class of
/// pages; then the block merges the warps' results in the order of the classes.
///
/// A warp brings pages to shared memory of its own, keys and values apart:
/// while it computes scores the values are on their way, while it adds values
/// the keys of the next page are.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/AsyncCopy.h"
#include "codegen/nvidia/GpuAttention.h"
#include "codegen/nvidia/GpuStrips.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;
using namespace moec;

namespace {

class TokenBlock {
public:
  TokenBlock(Emit &emit, const AttentionCut &cut,
             const AttentionOperands &operands, const HeadTile &heads,
             Value token)
      : emit(emit), cut(cut), operands(operands), heads(heads), token(token),
        areas(cut), shape(cut.warpShape(cut.rows)), f32(emit.getF32Type()),
        warp(warpIndex(emit)), lane(laneIndex(emit)),
        range(emit, cut, operands.batch.position(emit, token)),
        walk(emit, range.firstPage(emit), range.lastPage(emit)),
        worker(emit, shape,
               area(areas.weights)
                   .from(emit, emit.mul(warp, shape.weightBytes() / 4))) {}

  void run();

private:
  using State = AttentionWarp::State;
  static constexpr int64_t none = -1;

  Row area(int64_t offset) {
    return {sharedMemory(emit, offset), emit.getF32Type()};
  }
  Row pages(int64_t half); ///< keys or values in shared memory
  Row keysOf(Value page);
  void forEachElement(Value count, llvm::function_ref<void(Value)> body);
  void loadQueries();
  void begin(Value page, int64_t half);
  void beginIfAny(Value page, int64_t half);
  Value firstOfClass(Value pageClass);
  Value pageAfter(Value page, Value segment, Value pageClass);
  State walkClass(Value pageClass, Value segment);
  State addPage(Value page, Value next, ValueRange state);
  void storeResult(ValueRange state);
  void computeFactors(Value round);
  void mergeRound(Value round);
  void mergeSums(Value round, Value row);
  Value isThere(Value round, Value index);
  Value foldRound(Value round, Value init,
                  llvm::function_ref<Value(Value index, Value v)> next,
                  Value count);
  void storeOutputs();

  Emit &emit;
  const AttentionCut &cut;
  const AttentionOperands &operands;
  const HeadTile &heads;
  Value token;
  TokenAreas areas;
  WarpShape shape;
  Type f32;
  Value warp, lane;
  VisibleRange range;
  PageWalk walk;
  AttentionWarp worker;
};

} // namespace

/// body(i) for i < count, by the threads of the block.
void TokenBlock::forEachElement(Value count,
                                llvm::function_ref<void(Value)> body) {
  emit.loop(threadIndex(emit), count, cut.threads(), body);
}

//===----------------------------------------------------------------------===//
// Bringing operands near
//===----------------------------------------------------------------------===//

/// The rows of heads beyond the group's last one repeat its last element.
void TokenBlock::loadQueries() {
  Row from = operands.queries.row(emit, token)
                 .from(emit, firstElement(emit, cut, heads));
  Value left =
      emit.mul(emit.sub(emit.i64(cut.group), heads.first), cut.headDim);
  Value zero = emit.number(f32, 0.0);
  Value lowest = emit.number(f32, -std::numeric_limits<double>::infinity());
  forEachElement(emit.i64(cut.rows * cut.headDim), [&](Value i) {
    Value at = emit.min(i, emit.add(left, -1));
    storeStrip(emit, loadStrip(emit, from, at, 1), area(areas.queries), i);
    storeStrip(emit, zero, area(areas.total), i);
  });
  forEachElement(emit.i64(cut.rows), [&](Value row) {
    storeStrip(emit, lowest, area(areas.totalMaxima), row);
    storeStrip(emit, zero, area(areas.totalSums), row);
  });
  blockBarrier(emit);
}

Row TokenBlock::keysOf(Value page) {
  Value pages = operands.batch.pages(emit, token);
  return operands.cache.keys(emit, pageIndex(emit, pages, page), heads.kvHead);
}

Row TokenBlock::pages(int64_t half) {
  Value index = emit.add(emit.mul(warp, 2), half);
  Value base = emit.at(sharedMemory(emit, areas.pages), emit.getI8Type(),
                       emit.mul(index, cut.pageBytes));
  return {base, operands.cache.element};
}

/// Begins to bring the keys (half 0) or values (half 1) of a page near.
void TokenBlock::begin(Value page, int64_t half) {
  Row keys = keysOf(page);
  Row from = half ? operands.cache.values(emit, keys) : keys;
  Value to = range.of(emit, page).to;
  beginCopies(emit, from.base, pages(half).base, cut.pageBytes, lane,
              warpThreads, [&](Value offset) {
                return half ? valueBytes(emit, cut, to, offset)
                            : keyBytes(emit, cut, to, offset);
              });
}

/// The same if there is such a page. A group of copies either way, so that who
/// waits can count them.
void TokenBlock::beginIfAny(Value page, int64_t half) {
  if (!cut.copies)
    return;
  emit.branch(emit.less(emit.i64(none), page), [&] { begin(page, half); });
  closeCopies(emit);
}

//===----------------------------------------------------------------------===//
// A class of pages, by a warp
//===----------------------------------------------------------------------===//

/// The first page of a class; none if it has no pages or is no class.
Value TokenBlock::firstOfClass(Value pageClass) {
  Value segment = walk.firstSegment(pageClass);
  Value is = arith::AndIOp::create(
      emit, emit.less(pageClass, emit.i64(PageWalk::classes)),
      walk.hasPages(segment));
  return emit.select(is, walk.firstPage(segment), emit.i64(none));
}

/// The page that the warp computes after this one, if it is of this class or
/// the warp's next one.
Value TokenBlock::pageAfter(Value page, Value segment, Value pageClass) {
  Value next = emit.add(segment, PageWalk::classes);
  Value result = emit.select(walk.hasPages(next), walk.firstPage(next),
                             firstOfClass(emit.add(pageClass, cut.warps)));
  return emit.select(emit.less(page, walk.lastPage(segment)), emit.add(page, 1),
                     result);
}

TokenBlock::State TokenBlock::addPage(Value n, Value next, ValueRange state) {
  AttentionWarp::Page page = range.of(emit, n);
  page.keys = cut.copies ? pages(0) : keysOf(n);
  page.values = cut.copies ? pages(1) : operands.cache.values(emit, page.keys);
  auto arrive = [&] {
    if (cut.copies)
      awaitCopies(emit, /*newest=*/1);
    warpBarrier(emit);
  };
  arrive(); // the keys; the values may be on their way
  State sums = worker.weigh(area(areas.queries), page, state);
  warpBarrier(emit);
  beginIfAny(next, 0);
  arrive(); // the values
  sums = worker.addValues(page, sums);
  warpBarrier(emit);
  beginIfAny(next, 1);
  return sums;
}

/// Pages of a class that has some, `segment` being the first.
TokenBlock::State TokenBlock::walkClass(Value pageClass, Value segment) {
  // The warp's class of the round before has brought the first page.
  Value before = emit.sub(pageClass, emit.i64(cut.warps));
  Value hadPages = arith::AndIOp::create(
      emit, emit.less(emit.i64(-1), before),
      walk.hasPages(walk.firstSegment(emit.max(before, emit.i64(0)))));
  emit.branch(
      hadPages, [] {},
      [&] {
        for (int64_t half : {0, 1})
          beginIfAny(walk.firstPage(segment), half);
      });
  State state = worker.initial(cut.rows);
  return emit.loop(segment, emit.add(walk.lastSegment(), 1), PageWalk::classes,
                   state, [&](Value segment, ValueRange carried) {
                     return emit.loop(
                         walk.firstPage(segment),
                         emit.add(walk.lastPage(segment), 1), 1, carried,
                         [&](Value page, ValueRange inner) {
                           Value next = pageAfter(page, segment, pageClass);
                           return addPage(page, next, inner);
                         });
                   });
}

void TokenBlock::storeResult(ValueRange state) {
  Value first = emit.mul(warp, cut.rows);
  for (int64_t r = 0; r < cut.rows; ++r) {
    Value row = emit.add(first, r);
    Row to = area(areas.outputs).from(emit, emit.mul(row, cut.headDim));
    worker.forEachColumn(state, r,
                         [&](Value v, Value d) { storeWhole(emit, v, to, d); });
    emit.branch(emit.equal(lane, emit.i64(0)), [&] {
      storeStrip(emit, worker.maximum(state, r), area(areas.maxima), row);
      storeStrip(emit, worker.sum(state, r), area(areas.sums), row);
    });
  }
}

//===----------------------------------------------------------------------===//
// The results of a round, by the block
//===----------------------------------------------------------------------===//

/// Whether the class of a warp has pages in a round.
Value TokenBlock::isThere(Value round, Value index) {
  return walk.hasPages(walk.firstSegment(emit.add(round, index)));
}

/// v = next(index, v) for the warps index < count whose class has pages.
Value TokenBlock::foldRound(Value round, Value init,
                            llvm::function_ref<Value(Value, Value)> next,
                            Value count) {
  return emit.loop(emit.i64(0), count, 1, ValueRange{init},
                   [&](Value index, ValueRange carried) {
                     return emit.branch(
                         isThere(round, index), init.getType(),
                         [&] { return State{next(index, carried[0])}; },
                         [&] { return State{carried[0]}; });
                   })[0];
}

/// By how much the total shrinks as the result of a warp is added, and the
/// weight of that: [warp][row] each.
void TokenBlock::computeFactors(Value round) {
  int64_t results = cut.warps * cut.rows;
  forEachElement(emit.i64(results), [&](Value i) {
    Value index = emit.div(i, cut.rows), row = emit.rem(i, cut.rows);
    emit.branch(isThere(round, index), [&] {
      auto maximumOf = [&](Value index) {
        Value at = emit.add(emit.mul(index, cut.rows), row);
        return loadStrip(emit, area(areas.maxima), at, 1);
      };
      Value before = foldRound(
          round, loadStrip(emit, area(areas.totalMaxima), row, 1),
          [&](Value other, Value v) { return emit.maxF(maximumOf(other), v); },
          index);
      Value own = maximumOf(index), maximum = emit.maxF(own, before);
      Row factors = area(areas.factors);
      storeStrip(emit, emit.exp(emit.subF(before, maximum)), factors, i);
      storeStrip(emit, emit.exp(emit.subF(own, maximum)), factors,
                 emit.add(i, results));
    });
  });
  blockBarrier(emit);
}

void TokenBlock::mergeSums(Value round, Value row) {
  int64_t results = cut.warps * cut.rows;
  Value count = emit.i64(cut.warps);
  auto at = [&](int64_t offset, Value index) {
    return loadStrip(emit, area(offset),
                     emit.add(emit.mul(index, cut.rows), row), 1);
  };
  Row sums = area(areas.totalSums), maxima = area(areas.totalMaxima);
  Value sum = foldRound(
      round, loadStrip(emit, sums, row, 1),
      [&](Value index, Value v) {
        Value weight = at(areas.factors + results * 4, index);
        return emit.fma(v, at(areas.factors, index),
                        emit.mulF(at(areas.sums, index), weight));
      },
      count);
  storeStrip(emit, sum, sums, row);
  Value maximum = foldRound(
      round, loadStrip(emit, maxima, row, 1),
      [&](Value index, Value v) {
        return emit.maxF(at(areas.maxima, index), v);
      },
      count);
  storeStrip(emit, maximum, maxima, row);
}

void TokenBlock::mergeRound(Value round) {
  int64_t results = cut.warps * cut.rows;
  computeFactors(round);
  Row factors = area(areas.factors);
  forEachElement(emit.i64(cut.rows * cut.headDim), [&](Value i) {
    Value row = emit.div(i, cut.headDim);
    Value total = foldRound(
        round, loadStrip(emit, area(areas.total), i, 1),
        [&](Value index, Value v) {
          Value at = emit.add(emit.mul(index, cut.rows), row);
          Value shrink = loadStrip(emit, factors, at, 1);
          Value weight = loadStrip(emit, factors, emit.add(at, results), 1);
          Value start = emit.mul(index, cut.rows * cut.headDim);
          Value own =
              loadStrip(emit, area(areas.outputs), emit.add(start, i), 1);
          return emit.fma(v, shrink, emit.mulF(own, weight));
        },
        emit.i64(cut.warps));
    storeStrip(emit, total, area(areas.total), i);
  });
  forEachElement(emit.i64(cut.rows), [&](Value row) { mergeSums(round, row); });
  blockBarrier(emit);
}

void TokenBlock::storeOutputs() {
  Row to =
      operands.y.row(emit, token).from(emit, firstElement(emit, cut, heads));
  Value left =
      emit.mul(emit.sub(emit.i64(cut.group), heads.first), cut.headDim);
  Value count = emit.min(left, emit.i64(cut.rows * cut.headDim));
  forEachElement(count, [&](Value i) {
    Value sum =
        loadStrip(emit, area(areas.totalSums), emit.div(i, cut.headDim), 1);
    Value v = loadStrip(emit, area(areas.total), i, 1);
    storeStrip(emit, emit.divF(v, sum), to, i);
  });
}

void TokenBlock::run() {
  loadQueries();
  emit.loop(emit.i64(0), emit.i64(PageWalk::classes), cut.warps,
            [&](Value round) {
              Value pageClass = emit.add(round, warp);
              Value segment = walk.firstSegment(pageClass);
              emit.branch(walk.hasPages(segment),
                          [&] { storeResult(walkClass(pageClass, segment)); });
              blockBarrier(emit);
              mergeRound(round);
            });
  storeOutputs();
}

void moec::attendToken(Emit &emit, const AttentionCut &cut,
                       const AttentionOperands &operands, const HeadTile &heads,
                       Value token) {
  TokenBlock(emit, cut, operands, heads, token).run();
}
