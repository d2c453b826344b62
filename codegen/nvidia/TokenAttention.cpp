//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/TokenAttention.h"

#include "codegen/nvidia/AsyncCopy.h"
#include "codegen/nvidia/GpuStrips.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace moec;

static constexpr int64_t quad = 4; ///< positions that are written out
static constexpr double infinity = std::numeric_limits<double>::infinity();

TokenBlock::TokenBlock(Emit &emit, const AttentionCut &cut,
                       const AttentionOperands &operands, const HeadTile &heads,
                       Value token)
    : emit(emit), cut(cut), operands(operands), heads(heads), token(token),
      pageTable(operands.batch.pages(emit, token)), areas(cut),
      shape(cut.warpShape(cut.rows)), thread(threadIndex(emit)),
      warp(warpIndex(emit)), lane(laneIndex(emit)),
      range(emit, cut, operands.batch.position(emit, token)),
      walk(emit, range.firstPage(emit), range.lastPage(emit)),
      worker(emit, shape,
             area(areas.weights)
                 .from(emit, emit.mul(warp, shape.weightBytes() / 4))) {}

int64_t TokenBlock::columns() const {
  return llvm::divideCeil(cut.headDim, cut.threads());
}

TokenBlock::State TokenBlock::initial() const {
  State state(cut.rows * stateSize(), emit.number(emit.getF32Type(), 0.0));
  for (int64_t r = 0; r < cut.rows; ++r)
    state[r * stateSize()] = emit.number(emit.getF32Type(), -infinity);
  return state;
}

//===----------------------------------------------------------------------===//
// Bringing operands near
//===----------------------------------------------------------------------===//

/// The rows of heads beyond the group's last one repeat its last elements.
void TokenBlock::loadQueries() {
  Row from = operands.queries.row(emit, token)
                 .from(emit, firstElement(emit, cut, heads));
  Value left =
      emit.mul(emit.sub(emit.i64(cut.group), heads.first), cut.headDim);
  int64_t lanes = accessLanes({from.element}, cut.headDim);
  Value last = emit.add(left, -lanes);
  // Written out, so that all loads are on their way at once.
  int64_t count = cut.rows * cut.headDim, step = lanes * cut.threads();
  for (int64_t done = 0; done < count; done += step) {
    Value i = emit.add(emit.mul(thread, lanes), done);
    emit.branch(emit.less(i, emit.i64(count)), [&] {
      Value v = loadWhole(emit, from, emit.min(i, last), lanes);
      storeWhole(emit, v, area(areas.queries), i);
    });
  }
}

Row TokenBlock::keysOf(Value place) {
  return operands.cache.keys(emit, place, heads.kvHead);
}

/// Keys or values of a warp's page in shared memory.
Row TokenBlock::pages(Value slot, int64_t half) {
  Value index = emit.add(emit.mul(slot, 2), half);
  Value base = emit.at(sharedMemory(emit, areas.pages), emit.getI8Type(),
                       emit.mul(index, cut.pageBytes));
  return {base, operands.cache.element};
}

TokenBlock::WarpPage TokenBlock::pageOf(const Round &round) {
  Value number = emit.add(round.first, warp);
  Value place =
      pageIndex(emit, pageTable, emit.min(number, range.lastPage(emit)));
  Value is = emit.less(number, emit.add(round.last, 1));
  return {emit.select(is, number, emit.i64(none)), place};
}

/// Begins to bring the keys (half 0) or values (half 1) of a page near, if
/// there is one. A group of copies either way, so that who waits can count
/// them.
void TokenBlock::begin(const WarpPage &page, int64_t half) {
  if (!cut.copies)
    return;
  emit.branch(emit.less(emit.i64(none), page.number), [&] {
    Row keys = keysOf(page.place);
    Row from = half ? operands.cache.values(emit, keys) : keys;
    Value to = range.of(emit, page.number).to;
    beginCopies(emit, from.base, pages(warp, half).base, cut.pageBytes, lane,
                warpThreads, [&](Value offset) {
                  return half ? valueBytes(emit, cut, to, offset)
                              : keyBytes(emit, cut, to, offset);
                });
  });
  closeCopies(emit);
}

//===----------------------------------------------------------------------===//
// Scores and weights: a page a warp
//===----------------------------------------------------------------------===//

/// The scores of the lane's position in the warp's page, then the greatest of
/// the page; minus infinity where there is none.
TokenBlock::State TokenBlock::scores(const WarpPage &page) {
  Type f32 = emit.getF32Type();
  State nothing(2 * cut.rows, emit.number(f32, -infinity));
  return emit.branch(
      emit.less(emit.i64(none), page.number), TypeRange(ValueRange(nothing)),
      [&] {
        AttentionWarp::Page visible = range.of(emit, page.number);
        visible.keys = cut.copies ? pages(warp, 0) : keysOf(page.place);
        State ofRows = worker.scores(area(areas.queries), visible, cut.rows);
        for (int64_t r = 0; r < cut.rows; ++r)
          ofRows.push_back(maximumOfLanes(emit, ofRows[r]));
        return ofRows;
      },
      [&] { return nothing; });
}

/// A number of each row, by the warp's first lane: [index][weightRows]. Whoever
/// reads, reads all of them.
void TokenBlock::storeRows(int64_t offset, Value index, ValueRange ofRows) {
  Value first = emit.mul(index, shape.weightRows());
  State padded(ofRows);
  padded.resize(shape.weightRows(), emit.number(emit.getF32Type(), 0.0));
  emit.branch(emit.equal(lane, emit.i64(0)), [&] {
    for (auto [r, v] : llvm::enumerate(padded))
      storeStrip(emit, v, area(offset), emit.add(first, r));
  });
}

TokenBlock::State TokenBlock::loadRows(int64_t offset, Value index) {
  int64_t access = shape.weightAccess();
  Value first = emit.mul(index, shape.weightRows());
  State ofRows;
  for (int64_t r = 0; r < cut.rows; r += access) {
    Value v = loadWhole(emit, area(offset), emit.add(first, r), access);
    for (int64_t i = 0; i < std::min(access, cut.rows - r); ++i)
      ofRows.push_back(
          access == 1 ? v : vector::ExtractOp::create(emit, v, i).getResult());
  }
  return ofRows;
}

/// From scores to weights, as if the warps' pages came one after the other.
/// Leaves weights, their sums and by how much older ones shrink in shared
/// memory; returns the state with the new maxima.
TokenBlock::State TokenBlock::weigh(ValueRange scores, ValueRange state) {
  State next(state), ofRows(scores.take_front(cut.rows)), sums, corrections;
  storeRows(areas.maxima, warp, scores.drop_front(cut.rows));
  blockBarrier(emit);
  State before(cut.rows), own(cut.rows);
  for (int64_t page = 0; page < cut.warps; ++page) {
    State maxima = loadRows(areas.maxima, emit.i64(page));
    Value isOwn = emit.equal(warp, emit.i64(page));
    for (int64_t r = 0; r < cut.rows; ++r) {
      Value &now = next[r * stateSize()], old = now;
      now = emit.maxF(maxima[r], old);
      before[r] = page ? emit.select(isOwn, old, before[r]) : old;
      own[r] = page ? emit.select(isOwn, now, own[r]) : now;
    }
  }
  for (int64_t r = 0; r < cut.rows; ++r) {
    corrections.push_back(emit.exp(emit.subF(before[r], own[r])));
    ofRows[r] = emit.exp(emit.subF(ofRows[r], own[r]));
    sums.push_back(sumOfLanes(emit, ofRows[r]));
  }
  worker.storeWeights(ofRows);
  storeRows(areas.corrections, warp, corrections);
  storeRows(areas.sums, warp, sums);
  return next;
}

//===----------------------------------------------------------------------===//
// Values: columns of all pages a thread
//===----------------------------------------------------------------------===//

/// The thread's column of a group; the last one of all for threads beyond it.
Value TokenBlock::column(int64_t group) const {
  Value d = emit.add(thread, group * cut.threads());
  return emit.min(d, emit.i64(cut.headDim - 1));
}

TokenBlock::State TokenBlock::valueStep(Row values, Row weights, Value position,
                                        ValueRange state) {
  AttentionWarp page(emit, shape, weights);
  State next(state), ofRows = page.loadWeights(position, cut.rows);
  for (int64_t group = 0; group < columns(); ++group) {
    Value at = emit.add(emit.mul(position, cut.headDim), column(group));
    Value v = loadStrip(emit, values, at, 1);
    for (auto [r, weight] : llvm::enumerate(ofRows)) {
      Value &sum = next[r * stateSize() + 2 + group];
      sum = emit.fma(weight, v, sum);
    }
  }
  return next;
}

/// Positions that are not visible are not read: they may hold anything.
TokenBlock::State TokenBlock::addPage(Value number, Value slot,
                                      ValueRange state) {
  State next(state), corrections = loadRows(areas.corrections, slot);
  State sums = loadRows(areas.sums, slot);
  for (int64_t r = 0; r < cut.rows; ++r) {
    auto row = MutableArrayRef<Value>(next).slice(r * stateSize(), stateSize());
    row[1] = emit.fma(row[1], corrections[r], sums[r]);
    for (Value &output : row.drop_front(2))
      output = emit.mulF(output, corrections[r]);
  }
  Row values = pages(slot, 1);
  if (!cut.copies)
    values =
        operands.cache.values(emit, keysOf(pageIndex(emit, pageTable, number)));
  Row weights =
      area(areas.weights).from(emit, emit.mul(slot, shape.weightBytes() / 4));
  AttentionWarp::Page visible = range.of(emit, number);
  Value count = emit.sub(visible.to, visible.from);
  Value whole = emit.add(visible.from, emit.mul(emit.div(count, quad), quad));
  next = emit.loop(
      visible.from, whole, quad, next, [&](Value position, ValueRange carried) {
        State sums(carried);
        for (int64_t i = 0; i < quad; ++i)
          sums = valueStep(values, weights, emit.add(position, i), sums);
        return sums;
      });
  return emit.loop(whole, visible.to, 1, next,
                   [&](Value position, ValueRange carried) {
                     return valueStep(values, weights, position, carried);
                   });
}

TokenBlock::State TokenBlock::addValues(const Round &round, ValueRange state) {
  Value end = emit.add(round.last, 1);
  end = emit.min(end, emit.add(round.first, cut.warps));
  return emit.loop(
      round.first, end, 1, state, [&](Value number, ValueRange carried) {
        return addPage(number, emit.sub(number, round.first), carried);
      });
}

//===----------------------------------------------------------------------===//
// A class of pages
//===----------------------------------------------------------------------===//

TokenBlock::State TokenBlock::addRound(const Round &round, const WarpPage &own,
                                       const WarpPage &next, ValueRange state) {
  auto await = [&] {
    if (cut.copies)
      awaitCopies(emit, /*newest=*/1);
  };
  await(); // the keys; the values may be on their way
  warpBarrier(emit);
  State ofPage = scores(own);
  warpBarrier(emit);
  begin(next, 0);
  State sums = weigh(ofPage, state);
  await(); // the values
  blockBarrier(emit);
  sums = addValues(round, sums);
  blockBarrier(emit);
  begin(next, 1);
  return sums;
}

/// What follows in the class; after the last round, one of no pages.
TokenBlock::Round TokenBlock::roundAfter(const Round &round, Value segment) {
  Value after = emit.add(segment, PageWalk::classes);
  Value hasMore = walk.hasPages(after);
  Value start = emit.select(hasMore, walk.firstPage(after), round.last);
  Value end = emit.select(hasMore, walk.lastPage(after), emit.add(start, -1));
  Value here = emit.add(round.first, cut.warps);
  Value goesOn = emit.less(here, emit.add(round.last, 1));
  return {emit.select(goesOn, here, start),
          emit.select(goesOn, round.last, end)};
}

TokenBlock::State TokenBlock::walkClass(Value i,
                                        llvm::function_ref<void()> before) {
  Value segment = walk.firstSegment(walk.nthClass(i));
  WarpPage first = pageOf({walk.firstPage(segment), walk.lastPage(segment)});
  for (int64_t half : {0, 1})
    begin(first, half);
  before();
  blockBarrier(emit);
  State carried = {first.number, first.place};
  carried.append(initial());
  carried = emit.loop(
      segment, emit.add(walk.lastSegment(), 1), PageWalk::classes, carried,
      [&](Value segment, ValueRange now) {
        Value last = walk.lastPage(segment);
        return emit.loop(walk.firstPage(segment), emit.add(last, 1), cut.warps,
                         now, [&](Value page, ValueRange now) {
                           Round round = {page, last};
                           WarpPage next = pageOf(roundAfter(round, segment));
                           State result = {next.number, next.place};
                           result.append(addRound(round, {now[0], now[1]}, next,
                                                  now.drop_front(2)));
                           return result;
                         });
      });
  return State(ValueRange(carried).drop_front(2));
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void TokenBlock::forEachColumn(
    ValueRange state, llvm::function_ref<void(int64_t, Value, Value)> body) {
  for (int64_t group = 0; group < columns(); ++group) {
    Value d = emit.add(thread, group * cut.threads());
    emit.branch(emit.less(d, emit.i64(cut.headDim)), [&] {
      for (int64_t r = 0; r < cut.rows; ++r)
        body(r, d, state[r * stateSize() + 2 + group]);
    });
  }
}

void TokenBlock::storeOutputs(ValueRange total) {
  Row to =
      operands.y.row(emit, token).from(emit, firstElement(emit, cut, heads));
  forEachColumn(total, [&](int64_t r, Value d, Value v) {
    auto store = [&] {
      Value sum = total[r * stateSize() + 1];
      storeStrip(emit, emit.divF(v, sum), to, emit.add(d, r * cut.headDim));
    };
    Value head = emit.add(heads.first, r);
    if (cut.group % cut.rows)
      emit.branch(emit.less(head, emit.i64(cut.group)), store);
    else
      store();
  });
}

void TokenBlock::storeState(ValueRange state, Row to) {
  forEachColumn(state, [&](int64_t r, Value d, Value v) {
    storeStrip(emit, v, to, emit.add(d, r * cut.headDim));
  });
  Row numbers = to.from(emit, emit.i64(cut.rows * cut.headDim));
  emit.branch(emit.equal(thread, emit.i64(0)), [&] {
    for (int64_t r = 0; r < cut.rows; ++r)
      for (int64_t i : {0, 1})
        storeStrip(emit, state[r * stateSize() + i], numbers,
                   emit.i64(i * cut.rows + r));
  });
}

/// All classes, one after the other.
void moec::attendToken(Emit &emit, const AttentionCut &cut,
                       const AttentionOperands &operands, const HeadTile &heads,
                       Value token) {
  TokenBlock block(emit, cut, operands, heads, token);
  block.loadQueries();
  TokenBlock::State total =
      emit.loop(emit.i64(0), block.classCount(), 1, block.initial(),
                [&](Value i, ValueRange carried) {
                  return block.merge(carried, block.walkClass(i, [] {}));
                });
  block.storeOutputs(total);
}
