//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/TensorSteps.h"

#include "codegen/nvidia/AsyncCopy.h"
#include "codegen/nvidia/GpuStrips.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace moec;

static constexpr int64_t pageTokens = MOERT_PAGE_TOKENS;
static constexpr double infinity = std::numeric_limits<double>::infinity();
/// Columns of a tile of sums, and sums of a lane.
static constexpr int64_t tileColumns = 8, tileSums = 4;
static constexpr int64_t pageTiles = pageTokens / tileColumns;
/// Of a product.
static constexpr int64_t depth = 16;

TensorSteps::TensorSteps(Emit &emit, const TensorCut &cut)
    : emit(emit), cut(cut), lane(laneIndex(emit)), warp(warpIndex(emit)),
      matrixRow(emit.rem(lane, tileColumns)),
      lowMatrix(emit.rem(emit.div(lane, tileColumns), 2)),
      highMatrix(emit.div(lane, 2 * tileColumns)) {}

TensorSteps::State TensorSteps::initial() const {
  Type f32 = emit.getF32Type();
  State state(outputTiles() * tileSums, emit.number(f32, 0.0));
  state.append(2, emit.number(f32, -infinity));
  state.append(2, emit.number(f32, 0.0));
  return state;
}

//===----------------------------------------------------------------------===//
// Shared memory
//===----------------------------------------------------------------------===//

/// Of the lane's row of four matrices, see loadMatrices: rows 0 and 8 of a tile
/// of 16 rows, at two neighbouring chunks.
Value TensorSteps::strip(Value base, int64_t rowTile, int64_t pair) const {
  const ChunkRows &rows = cut.chunkRows;
  Value place = rows.exchange.bits
                    ? exchanged(emit, exchanged(emit, highMatrix, matrixRow),
                                emit.i64(2 * pair))
                    : emit.add(highMatrix, 2 * pair);
  Value row = emit.add(emit.mul(lowMatrix, 8), matrixRow);
  Value offset =
      emit.add(emit.mul(row, rows.pitch), emit.mul(place, KeyRows::chunkBytes));
  return emit.at(base, emit.getI8Type(),
                 emit.add(offset, rowTile * depth * rows.pitch));
}

/// The same of keys: 16 neighbouring d, at two neighbouring chunks of
/// positions.
Value TensorSteps::keyStrip(Value base, int64_t depthTile, int64_t pair) const {
  Value row = emit.div(matrixRow, KeyRows::depths);
  Value chunk =
      emit.add(emit.mul(emit.rem(matrixRow, KeyRows::depths), 4), highMatrix);
  Value place =
      exchanged(emit, exchanged(emit, chunk, row), emit.i64(2 * pair));
  row = emit.add(emit.mul(lowMatrix, 8 / KeyRows::depths), row);
  Value offset = emit.add(emit.mul(row, KeyRows::rowBytes),
                          emit.mul(place, KeyRows::chunkBytes));
  constexpr int64_t tileBytes = depth / KeyRows::depths * KeyRows::rowBytes;
  return emit.at(base, emit.getI8Type(),
                 emit.add(offset, depthTile * tileBytes));
}

void TensorSteps::storeQueries(Value row, Value chunk, ValueRange quads) const {
  SmallVector<Value> words[TensorCut::parts];
  for (Value quad : quads)
    for (int64_t i = 0; i < 4; i += 2) {
      SplitPair pair = splitPair(emit, vector::ExtractOp::create(emit, quad, i),
                                 vector::ExtractOp::create(emit, quad, i + 1));
      words[0].push_back(pair.high);
      words[1].push_back(pair.low);
    }
  const ChunkRows &rows = cut.chunkRows;
  Value offset = rows.emitOffset(emit, row, chunk);
  for (int64_t part = 0; part < TensorCut::parts; ++part) {
    Value all = vector::FromElementsOp::create(
        emit, emit.vector(4, emit.getI32Type()), words[part]);
    Value to =
        sharedMemory(emit, cut.queries + part * TensorCut::rows * rows.pitch);
    storeAligned(emit, all, emit.at(to, emit.getI8Type(), offset));
  }
}

//===----------------------------------------------------------------------===//
// A step, by a warp
//===----------------------------------------------------------------------===//

/// Products of the warp's queries and the step's keys: [8 positions][4].
TensorSteps::Tiles TensorSteps::scores(Value slot) const {
  Tiles tiles(cut.stepPages * pageTiles,
              State(tileSums, emit.number(emit.getF32Type(), 0.0)));
  Value queries = sharedPart(emit, cut.queries, warp,
                             TensorCut::warpRows * cut.chunkRows.pitch);
  for (int64_t k = 0; k < cut.headDim / depth; ++k) {
    SmallVector<Fragment, 2> rows;
    for (int64_t part = 0; part < TensorCut::parts; ++part)
      rows.push_back(loadMatrices(
          emit, strip(queries, part * TensorCut::warps, k), false));
    for (int64_t p = 0; p < cut.stepPages; ++p) {
      Value keys =
          sharedPart(emit, cut.keys, emit.add(slot, p), cut.keyBytes());
      for (int64_t pair = 0; pair < pageTiles / 2; ++pair) {
        Fragment columns = loadMatrices(emit, keyStrip(keys, k, pair), true);
        for (int64_t i : {0, 1}) {
          State &tile = tiles[p * pageTiles + 2 * pair + i];
          for (const Fragment &part : rows)
            tile =
                multiply16(emit, part, ArrayRef(columns).slice(2 * i, 2), tile);
        }
      }
    }
  }
  return tiles;
}

/// Minus infinity where a row does not see a position.
TensorSteps::Tiles TensorSteps::masked(const Tiles &scores,
                                       const TensorRows &rows,
                                       Value start) const {
  Value lowest = emit.number(emit.getF32Type(), -infinity);
  Value column = emit.add(start, emit.mul(emit.rem(lane, 4), 2));
  auto constant = [&](int64_t n) { return emit.truncate(emit.i64(n)); };
  Tiles result = scores;
  for (int64_t row : {0, 1}) {
    Value end = emit.truncate(emit.sub(rows.end[row], column)), first;
    if (cut.window)
      first = emit.truncate(emit.sub(rows.first[row], column));
    for (auto [t, tile] : llvm::enumerate(result))
      for (int64_t i : {0, 1}) {
        int64_t at = t * tileColumns + i;
        Value is = emit.less(constant(at), end);
        if (cut.window)
          is = arith::AndIOp::create(emit, is,
                                     emit.less(first, constant(at + 1)));
        Value &score = tile[2 * row + i];
        score = emit.select(is, score, lowest);
      }
  }
  return result;
}

/// From scores to weights. Outputs and sums of the state shrink to the new
/// maxima. Rows that have seen nothing keep minus infinity as theirs.
TensorSteps::Tiles TensorSteps::weigh(Tiles tiles, State &state) const {
  Type f32 = emit.getF32Type();
  double factor = cut.scale * std::log2(std::exp(1.0));
  auto most = [&](Value a, Value b) -> Value {
    return arith::MaxNumFOp::create(emit, a, b);
  };
  for (int64_t row : {0, 1}) {
    Value &maximum = state[state.size() - 4 + row];
    Value &sum = state[state.size() - 2 + row];
    Value now = tiles.front()[2 * row];
    for (State &tile : tiles)
      now = most(now, most(tile[2 * row], tile[2 * row + 1]));
    for (int64_t distance : {1, 2})
      now = most(now, shuffleXor(emit, now, distance));
    now = most(now, maximum);
    Value isNothing = arith::CmpFOp::create(emit, arith::CmpFPredicate::OEQ,
                                            now, emit.number(f32, -infinity));
    Value base = emit.select(isNothing, emit.number(f32, 0.0), now);
    Value scale = emit.number(f32, factor);
    Value shift = emit.mulF(base, emit.number(f32, -factor));
    auto weight = [&](Value score) {
      return approximateExp2(emit, emit.fma(score, scale, shift));
    };
    Value shrink = weight(maximum);
    maximum = now;
    sum = emit.mulF(sum, shrink);
    for (State &tile : tiles)
      for (int64_t i : {0, 1}) {
        Value &score = tile[2 * row + i];
        score = weight(score);
        sum = emit.addF(sum, score);
      }
    for (int64_t t = 0; t < outputTiles(); ++t)
      for (int64_t i : {0, 1}) {
        Value &output = state[t * tileSums + 2 * row + i];
        output = emit.mulF(output, shrink);
      }
  }
  return tiles;
}

/// Adds products of weights, split into words of bf16, and values. Weights of
/// 16 positions are the rows of a product as they are.
void TensorSteps::addValues(const Tiles &weights, Value slot,
                            State &state) const {
  constexpr int64_t pageDepths = pageTokens / depth;
  for (int64_t k = 0; k < cut.stepPages * pageDepths; ++k) {
    Fragment rows[TensorCut::parts];
    for (int64_t t : {2 * k, 2 * k + 1})
      for (int64_t row : {0, 1}) {
        SplitPair pair =
            splitPair(emit, weights[t][2 * row], weights[t][2 * row + 1]);
        rows[0].push_back(pair.high);
        rows[1].push_back(pair.low);
      }
    Value values = sharedPart(emit, cut.values, emit.add(slot, k / pageDepths),
                              cut.valueBytes());
    for (int64_t pair = 0; pair < outputTiles() / 2; ++pair) {
      Fragment columns =
          loadMatrices(emit, strip(values, k % pageDepths, pair), true);
      for (int64_t i : {0, 1}) {
        auto sums = MutableArrayRef<Value>(state).slice(
            (2 * pair + i) * tileSums, tileSums);
        for (int64_t part = 0; part < TensorCut::parts; ++part)
          llvm::copy(multiply16(emit, rows[part],
                                ArrayRef(columns).slice(2 * i, 2),
                                SmallVector<Value>(sums)),
                     sums.begin());
      }
    }
  }
}

/// The step whose first position is `start`; a warp that sees nothing of it
/// rests.
TensorSteps::State TensorSteps::addStep(const TensorRows &rows, Value start,
                                        Value slot, ValueRange state) {
  Value end = emit.add(start, cut.stepPositions());
  Value whole = emit.less(end, emit.add(rows.leastEnd, 1));
  if (cut.window)
    whole = arith::AndIOp::create(
        emit, whole, emit.less(rows.mostFirst, emit.add(start, 1)));
  auto flat = [](const Tiles &tiles) {
    State all;
    for (const State &tile : tiles)
      all.append(tile);
    return all;
  };
  return emit.branch(
      emit.less(start, rows.mostEnd), TypeRange(state),
      [&] {
        Tiles tiles = scores(slot);
        State all = flat(tiles);
        all = emit.branch(
            whole, TypeRange(ValueRange(all)), [&] { return all; },
            [&] { return flat(masked(tiles, rows, start)); });
        for (auto [t, tile] : llvm::enumerate(tiles))
          llvm::copy(ArrayRef(all).slice(t * tileSums, tileSums), tile.begin());
        State next(state);
        addValues(weigh(tiles, next), slot, next);
        return next;
      },
      [&] { return State(state); });
}

TensorSteps::State TensorSteps::walk(const TensorPages &pages,
                                     const TensorRows &rows, ValueRange state,
                                     llvm::function_ref<void()> before) {
  Value count = emit.sub(emit.ceilDiv(pages.end, pageTokens), pages.first);
  Value steps = emit.ceilDiv(count, cut.stepPages);
  pages.begin(emit, cut, pages.placesOf(emit, cut, emit.i64(0)), emit.i64(0));
  before();
  // Where the next step's pages are is known before they are brought.
  State carried = pages.placesOf(emit, cut, emit.i64(1));
  carried.append(state.begin(), state.end());
  carried = emit.loop(
      emit.i64(0), steps, 1, carried, [&](Value step, ValueRange now) {
        awaitCopies(emit, /*newest=*/0);
        // The step is here, and nobody reads the one before it any more.
        blockBarrier(emit);
        Value next = emit.add(step, 1);
        emit.branch(emit.less(next, steps), [&] {
          pages.begin(emit, cut, now.take_front(cut.stepPages), next);
        });
        State result = pages.placesOf(emit, cut, emit.add(step, 2));
        Value page = emit.add(pages.first, emit.mul(step, cut.stepPages));
        Value slot = emit.mul(emit.rem(step, TensorCut::stages), cut.stepPages);
        result.append(addStep(rows, emit.mul(page, pageTokens), slot,
                              now.drop_front(cut.stepPages)));
        return result;
      });
  return State(ValueRange(carried).drop_front(cut.stepPages));
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

Value TensorSteps::sumOfRow(ValueRange state, int64_t row) const {
  Value sum = state[state.size() - 2 + row];
  for (int64_t distance : {1, 2})
    sum = emit.addF(sum, shuffleXor(emit, sum, distance));
  return sum;
}

void TensorSteps::forEachPair(
    ValueRange state, int64_t row,
    llvm::function_ref<void(Value, Value)> body) const {
  for (int64_t t = 0; t < outputTiles(); ++t) {
    SmallVector<Value> pair(state.slice(t * tileSums + 2 * row, 2));
    Value v = vector::FromElementsOp::create(
        emit, emit.vector(2, emit.getF32Type()), pair);
    body(v, emit.add(emit.mul(emit.rem(lane, 4), 2), t * tileColumns));
  }
}
