//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Attention of a tile of tokens of one sequence by a block: each warp has
/// tokens of its own; the block brings the pages that any of them sees to
/// shared memory, the next one while it computes.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/AsyncCopy.h"
#include "codegen/nvidia/GpuAttention.h"
#include "codegen/nvidia/GpuStrips.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace moec;

namespace {

class TileBlock {
public:
  TileBlock(Emit &emit, const AttentionCut &cut,
            const AttentionOperands &operands, const HeadTile &heads,
            Value first, Value last);
  void run();

private:
  using State = AttentionWarp::State;

  Row area(int64_t offset) {
    return {sharedMemory(emit, offset), emit.getF32Type()};
  }
  int64_t warpRows() const { return cut.warpTokens * cut.rows; }
  int64_t tokenState() const { return cut.rows * worker.stateSize(); }
  /// The part of a state of all rows that is of one token.
  ValueRange ofToken(ValueRange state, int64_t i) const {
    return state.slice(i * tokenState(), tokenState());
  }
  Row buffer(Value index, int64_t half);
  Row keysOf(Value page);
  void begin(Value page, Value index);
  void loadQueries();
  State addToRows(int64_t token, const AttentionWarp::Page &page,
                  ValueRange state);
  State addPage(Value n, Value index, ValueRange state);
  State endClass(Value ends, ValueRange carried);
  void storeOutputs(ValueRange total);

  Emit &emit;
  const AttentionCut &cut;
  const AttentionOperands &operands;
  const HeadTile &heads;
  Value first, last;
  TileAreas areas;
  WarpShape shape;
  Value warp;
  AttentionWarp worker;
  SmallVector<Value> tokens;         ///< of the warp
  SmallVector<VisibleRange> visible; ///< to each of them
  VisibleRange visibleToLast;        ///< to the tile's last token
};

} // namespace

TileBlock::TileBlock(Emit &emit, const AttentionCut &cut,
                     const AttentionOperands &operands, const HeadTile &heads,
                     Value first, Value last)
    : emit(emit), cut(cut), operands(operands), heads(heads), first(first),
      last(last), areas(cut), shape(cut.warpShape(warpRows())),
      warp(warpIndex(emit)),
      worker(emit, shape,
             area(areas.weights)
                 .from(emit, emit.mul(warp, shape.weightBytes() / 4))),
      visibleToLast(emit, cut, operands.batch.position(emit, last)) {
  // Tokens beyond the last one repeat it.
  for (int64_t i = 0; i < cut.warpTokens; ++i) {
    Value t = emit.add(emit.add(first, emit.mul(warp, cut.warpTokens)), i);
    tokens.push_back(t);
    visible.emplace_back(emit, cut,
                         operands.batch.position(emit, emit.min(t, last)));
  }
}

/// [warp][token][row][head_dim]
void TileBlock::loadQueries() {
  int64_t perToken = cut.rows * cut.headDim;
  Value left =
      emit.mul(emit.sub(emit.i64(cut.group), heads.first), cut.headDim);
  Value start = firstElement(emit, cut, heads);
  emit.loop(
      threadIndex(emit), emit.i64(cut.tileTokens() * perToken), cut.threads(),
      [&](Value i) {
        Value t = emit.add(first, emit.div(i, perToken));
        Row from =
            operands.queries.row(emit, emit.min(t, last)).from(emit, start);
        Value at = emit.min(emit.rem(i, perToken), emit.add(left, -1));
        storeStrip(emit, loadStrip(emit, from, at, 1), area(areas.queries), i);
      });
}

//===----------------------------------------------------------------------===//
// Pages
//===----------------------------------------------------------------------===//

Row TileBlock::keysOf(Value page) {
  Value pages = operands.batch.pages(emit, first);
  return operands.cache.keys(emit, pageIndex(emit, pages, page), heads.kvHead);
}

/// Keys or values of the buffer for the page that is walked as the index-th.
Row TileBlock::buffer(Value index, int64_t half) {
  Value place = emit.add(emit.mul(emit.rem(index, 2), 2), half);
  Value base = emit.at(sharedMemory(emit, areas.pages), emit.getI8Type(),
                       emit.mul(place, cut.pageBytes));
  return {base, operands.cache.element};
}

void TileBlock::begin(Value page, Value index) {
  if (!cut.copies)
    return;
  Row keys = keysOf(page), values = operands.cache.values(emit, keys);
  // Positions ascend, so the last token sees most.
  Value to = visibleToLast.of(emit, page).to;
  beginCopies(emit, keys.base, buffer(index, 0).base, cut.pageBytes,
              threadIndex(emit), cut.threads(),
              [&](Value offset) { return keyBytes(emit, cut, to, offset); });
  beginCopies(emit, values.base, buffer(index, 1).base, cut.pageBytes,
              threadIndex(emit), cut.threads(),
              [&](Value offset) { return valueBytes(emit, cut, to, offset); });
  closeCopies(emit);
}

/// Adds a page to the rows of tokens from `token` on, as many as the state has.
TileBlock::State TileBlock::addToRows(int64_t token,
                                      const AttentionWarp::Page &page,
                                      ValueRange state) {
  Value row = emit.add(emit.mul(warp, warpRows()), token * cut.rows);
  Row queries = area(areas.queries).from(emit, emit.mul(row, cut.headDim));
  State next = worker.weigh(queries, page, state);
  warpBarrier(emit);
  next = worker.addValues(page, next);
  warpBarrier(emit);
  return next;
}

/// The rows of all tokens share a page that all of them see whole; else each
/// token has what it sees. State: all rows, then for each token whether it has
/// seen anything of the class.
TileBlock::State TileBlock::addPage(Value n, Value index, ValueRange state) {
  Row keys = cut.copies ? buffer(index, 0) : keysOf(n);
  Row values =
      cut.copies ? buffer(index, 1) : operands.cache.values(emit, keys);
  SmallVector<AttentionWarp::Page> pages;
  Value whole = emit.i64(MOERT_PAGE_TOKENS), sum = emit.i64(0);
  for (const VisibleRange &range : visible) {
    AttentionWarp::Page page = range.of(emit, n);
    page.keys = keys;
    page.values = values;
    sum = emit.add(sum, emit.max(emit.sub(page.to, page.from), emit.i64(0)));
    pages.push_back(page);
  }
  Value all = emit.mul(whole, cut.warpTokens);
  Value seen = arith::ConstantOp::create(emit, emit.getBoolAttr(true));
  auto rows = state.drop_back(cut.warpTokens);
  auto together = [&] {
    State next = addToRows(0, {keys, values, emit.i64(0), whole}, rows);
    next.append(cut.warpTokens, seen);
    return next;
  };
  auto apart = [&] {
    State next, flags;
    for (int64_t i = 0; i < cut.warpTokens; ++i) {
      State own(ofToken(rows, i));
      own.push_back(state[rows.size() + i]);
      own = emit.branch(
          emit.less(pages[i].from, pages[i].to), TypeRange(ValueRange(own)),
          [&] {
            State added = addToRows(i, pages[i], ofToken(rows, i));
            added.push_back(seen);
            return added;
          },
          [&] { return own; });
      flags.push_back(own.pop_back_val());
      next.append(own);
    }
    next.append(flags);
    return next;
  };
  return emit.branch(emit.equal(sum, all), TypeRange(state), together, apart);
}

/// Adds the class to the total of the tokens that have seen something of it.
/// Carried: the total, then the state of addPage.
TileBlock::State TileBlock::endClass(Value ends, ValueRange carried) {
  size_t rows = cut.warpTokens * tokenState();
  ValueRange total = carried.take_front(rows);
  ValueRange state = carried.slice(rows, rows);
  ValueRange flags = carried.drop_front(2 * rows);
  return emit.branch(
      ends, TypeRange(carried),
      [&] {
        State next;
        for (int64_t i = 0; i < cut.warpTokens; ++i) {
          ValueRange own = ofToken(total, i);
          next.append(emit.branch(
              flags[i], TypeRange(own),
              [&] { return worker.merge(own, ofToken(state, i)); },
              [&] { return State(own); }));
        }
        next.append(worker.initial(warpRows()));
        Value no = arith::ConstantOp::create(emit, emit.getBoolAttr(false));
        next.append(cut.warpTokens, no);
        return next;
      },
      [&] { return State(carried); });
}

void TileBlock::storeOutputs(ValueRange total) {
  Value start = firstElement(emit, cut, heads);
  for (int64_t i = 0; i < cut.warpTokens; ++i)
    for (int64_t r = 0; r < cut.rows; ++r) {
      Value isToken = emit.less(tokens[i], emit.add(last, 1));
      Value isHead = emit.less(emit.add(heads.first, r), emit.i64(cut.group));
      emit.branch(arith::AndIOp::create(emit, isToken, isHead), [&] {
        Row to = operands.y.row(emit, tokens[i])
                     .from(emit, emit.add(start, r * cut.headDim));
        ValueRange own = ofToken(total, i);
        worker.forEachColumn(own, r, [&](Value v, Value d) {
          auto type = dyn_cast<VectorType>(v.getType());
          Value sum = spread(emit, worker.sum(own, r),
                             type ? type.getNumElements() : 1);
          storeWhole(emit, emit.divF(v, sum), to, d);
        });
      });
    }
}

void TileBlock::run() {
  // Positions ascend.
  Value end = operands.batch.position(emit, last);
  VisibleRange toFirst(emit, cut, operands.batch.position(emit, first));
  PageWalk walk(emit, toFirst.firstPage(emit),
                VisibleRange(emit, cut, end).lastPage(emit));
  Value count = walk.pages(), begin = walk.begin();
  this->begin(begin, emit.i64(0));
  loadQueries();
  State carried = {begin};
  carried.append(worker.initial(warpRows()));
  carried.append(worker.initial(warpRows()));
  Value no = arith::ConstantOp::create(emit, emit.getBoolAttr(false));
  carried.append(cut.warpTokens, no);
  carried =
      emit.loop(emit.i64(0), count, 1, carried, [&](Value i, ValueRange now) {
        Value page = now[0], next = walk.next(page), after = emit.add(i, 1);
        if (cut.copies)
          awaitCopies(emit, /*newest=*/0);
        // The page is here, and nobody reads the one before it any more.
        blockBarrier(emit);
        Value goesOn = emit.less(after, count);
        emit.branch(goesOn, [&] { this->begin(next, after); });
        State all(now.slice(1, cut.warpTokens * tokenState()));
        all.append(addPage(page, i, now.drop_front(1 + all.size())));
        Value same = emit.equal(PageWalk::classOf(emit, page),
                                PageWalk::classOf(emit, next));
        Value ends = arith::SelectOp::create(
            emit, arith::AndIOp::create(emit, goesOn, same), no,
            arith::ConstantOp::create(emit, emit.getBoolAttr(true)));
        State result = {next};
        result.append(endClass(ends, all));
        return result;
      });
  storeOutputs(ValueRange(carried).slice(1, cut.warpTokens * tokenState()));
}

void moec::attendTile(Emit &emit, const AttentionCut &cut,
                      const AttentionOperands &operands, const HeadTile &heads,
                      Value first, Value last) {
  TileBlock(emit, cut, operands, heads, first, last).run();
}
