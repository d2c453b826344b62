//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/RouterProduct.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

/// Elements of K that are transposed at a time: 16 KiB for 16 experts. With
/// more experts, so many of them take a share of K each.
static constexpr int64_t slabDepth = 256;
/// Sums in registers: as many chains as hide the latency of a multiply-add.
static constexpr int64_t tileSums = 8;
/// Vectors of experts in a tile: one token alone has as many chains.
static constexpr int64_t mostGroups = 4;
/// How far ahead weights are asked for: their rows are too many for the machine
/// to see that it will read on in each.
static constexpr int64_t prefetchDepth = 128;
static constexpr int32_t intoL1 = 3;

/// As many experts as fit a vector register: sums, weights and one activation
/// are ten of them.
static int64_t lanesFor(int64_t experts, const Target &target) {
  return experts <= 8 ? 8 : std::min(target.lanes(), stripLanes);
}

RouterProduct::RouterProduct(moe::RouterOp op, const Target &target,
                             ScratchAreas &areas)
    : op(op), experts(rowLength(op.getLogits())), depth(rowLength(op.getX())),
      lanes(lanesFor(experts, target)),
      xOffset(areas.take(blockTokens * depth * 4)),
      logitsOffset(areas.take(blockTokens * groups() * lanes * 4)),
      panelOffset(areas.take(slabDepth * lanes * 4)) {}

int64_t RouterProduct::groups() const {
  return llvm::divideCeil(experts, lanes);
}

RouterProduct::Operands RouterProduct::bind(Emit &emit,
                                            KernelArguments arguments) const {
  auto area = [&](int64_t offset) {
    return scratchArea(emit, arguments, offset, emit.getF32Type());
  };
  moe::RouterOp router = op;
  Value bias = router.getBias();
  return {matrixOf(emit, arguments, router.getWeight()),
          bias ? pointerTo(emit, arguments, bias) : Value(),
          {area(xOffset).base, emit.getF32Type(), depth},
          {area(logitsOffset).base, emit.getF32Type(), groups() * lanes},
          area(panelOffset)};
}

//===----------------------------------------------------------------------===//
// Transposing weights
//===----------------------------------------------------------------------===//

/// Swaps rows and columns of a square of vectors: for each bit of an index,
/// rows that differ in it exchange the lanes that differ in it.
static void transposeSquare(Emit &emit, SmallVectorImpl<Value> &rows) {
  int64_t size = rows.size();
  for (int64_t bit = 1; bit < size; bit *= 2) {
    SmallVector<int64_t> low, high;
    for (int64_t lane = 0; lane < size; ++lane) {
      low.push_back(lane & bit ? size + lane - bit : lane);
      high.push_back(lane & bit ? size + lane : lane + bit);
    }
    for (int64_t i = 0; i < size; ++i) {
      if (i & bit)
        continue;
      Value a = rows[i], b = rows[i + bit];
      rows[i] = vector::ShuffleOp::create(emit, a, b, low);
      rows[i + bit] = vector::ShuffleOp::create(emit, a, b, high);
    }
  }
}

/// Squares of f32; returns how many k they cover.
Value RouterProduct::transposeSquares(Emit &emit, const Row &panel,
                                      ArrayRef<Row> weights,
                                      Value length) const {
  Value whole = emit.mul(emit.div(length, lanes), lanes);
  emit.loop(emit.i64(0), whole, lanes, [&](Value k) {
    SmallVector<Value> square;
    for (const Row &row : weights)
      square.push_back(loadStrip(emit, row, k, lanes));
    transposeSquare(emit, square);
    for (int64_t i = 0; i < lanes; ++i)
      storeStrip(emit, square[i], panel, emit.mul(emit.add(k, i), lanes));
  });
  return whole;
}

/// The same of bf16: a lane is a pair of k, so half as many are exchanged. The
/// upper half of 32 bits is the odd one; either is an f32 without its low bits.
Value RouterProduct::transposePairs(Emit &emit, const Row &panel,
                                    ArrayRef<Row> weights, Value length) const {
  int64_t depth = 2 * lanes;
  auto pairs = emit.vector(lanes, emit.getI32Type());
  auto floats = emit.vector(lanes, emit.getF32Type());
  auto splat = [&](int32_t bits) {
    return arith::ConstantOp::create(emit, DenseElementsAttr::get(pairs, bits));
  };
  Value half = splat(16), upper = splat(int32_t(0xffff0000));
  auto store = [&](Value bits, Value k) {
    storeStrip(emit, arith::BitcastOp::create(emit, floats, bits), panel,
               emit.mul(k, lanes));
  };
  Value whole = emit.mul(emit.div(length, depth), depth);
  emit.loop(emit.i64(0), whole, depth, [&](Value k) {
    SmallVector<Value> square;
    for (const Row &row : weights) {
      emit.prefetch(row.address(emit, emit.add(k, prefetchDepth)), intoL1);
      square.push_back(emit.load(pairs, row.address(emit, k)));
    }
    transposeSquare(emit, square);
    for (int64_t i = 0; i < lanes; ++i) {
      store(arith::ShLIOp::create(emit, square[i], half), emit.add(k, 2 * i));
      store(arith::AndIOp::create(emit, square[i], upper),
            emit.add(k, 2 * i + 1));
    }
  });
  return whole;
}

/// The slab of a group's experts as f32 [k][lanes]. Lanes beyond the last
/// expert repeat it; nobody reads their sums.
void RouterProduct::transpose(Emit &emit, const Operands &operands,
                              const Row &panel, Value group, Slab slab) const {
  SmallVector<Row> weights;
  for (int64_t i = 0; i < lanes; ++i) {
    Value expert =
        emit.min(emit.add(emit.mul(group, lanes), i), emit.i64(experts - 1));
    weights.push_back(operands.weight.row(emit, expert).from(emit, slab.first));
  }
  Value whole = operands.weight.element.isBF16()
                    ? transposePairs(emit, panel, weights, slab.length)
                    : transposeSquares(emit, panel, weights, slab.length);
  transposeTail(emit, panel, weights, whole, slab.length);
}

void RouterProduct::transposeTail(Emit &emit, const Row &panel,
                                  ArrayRef<Row> weights, Value from,
                                  Value to) const {
  emit.loop(from, to, 1, [&](Value k) {
    for (int64_t i = 0; i < lanes; ++i)
      storeStrip(emit, loadStrip(emit, weights[i], k, /*lanes=*/1), panel,
                 emit.add(emit.mul(k, lanes), i));
  });
}

//===----------------------------------------------------------------------===//
// Product
//===----------------------------------------------------------------------===//

/// sums[token][group][lane] += x[token][k] * panels[group][k][lane] over
/// k < length.
void RouterProduct::multiplyTile(Emit &emit, const Tile &tile,
                                 Value length) const {
  moe::RouterOp router = op;
  Type element = getElementTypeOrSelf(router.getWeight().getType());
  int64_t second = element.isBF16() ? 0 : 1, first = 1 - second;
  auto step = [&](Value k, SmallVector<Value> totals) {
    SmallVector<Value> w;
    for (const Row &panel : tile.panels)
      w.push_back(loadStrip(emit, panel, emit.mul(k, lanes), lanes));
    auto *total = totals.begin();
    for (const Row &row : tile.x) {
      Value v = spread(emit, loadStrip(emit, row, k, /*lanes=*/1), lanes);
      for (Value weights : w) {
        *total = emit.fma(weights, v, *total);
        ++total;
      }
    }
    return totals;
  };
  SmallVector<Value> totals;
  for (const Row &row : tile.sums)
    totals.push_back(loadStrip(emit, row, emit.i64(0), lanes));
  Value pairs = emit.mul(emit.div(length, 2), 2);
  totals = emit.loop(emit.i64(0), pairs, 2, totals,
                     [&](Value k, ValueRange carried) {
                       SmallVector<Value> next(carried.begin(), carried.end());
                       next = step(emit.add(k, first), next);
                       return step(emit.add(k, second), next);
                     });
  // The other half of the last pair is zero.
  totals =
      emit.loop(pairs, length, 1, totals, [&](Value k, ValueRange carried) {
        return step(k, {carried.begin(), carried.end()});
      });
  for (auto [total, row] : llvm::zip(totals, tile.sums))
    storeStrip(emit, total, row, emit.i64(0));
}

/// The i-th of the panels of a tile of `width` groups.
Row RouterProduct::panel(Emit &emit, const Operands &operands, int64_t i,
                         int64_t width) const {
  return operands.panel.from(emit, emit.i64(i * slabDepth / width * lanes));
}

/// Tiles of tokens and the groups; those of the last tile that do not exist
/// repeat the last token, and store its sums once more.
void RouterProduct::multiply(Emit &emit, const Operands &operands,
                             ArrayRef<Value> groups, Slab slab,
                             Value tokens) const {
  int64_t width = groups.size(), tileTokens = tileSums / width;
  Value last = emit.add(tokens, -1);
  emit.loop(emit.i64(0), tokens, tileTokens, [&](Value from) {
    Tile tile;
    for (int64_t i = 0; i < width; ++i)
      tile.panels.push_back(panel(emit, operands, i, width));
    for (int64_t i = 0; i < tileTokens; ++i) {
      Value token = emit.min(emit.add(from, i), last);
      tile.x.push_back(operands.x.row(emit, token).from(emit, slab.first));
      Row logits = operands.logits.row(emit, token);
      for (Value group : groups)
        tile.sums.push_back(logits.from(emit, emit.mul(group, lanes)));
    }
    multiplyTile(emit, tile, slab.length);
  });
}

void RouterProduct::addBias(Emit &emit, const Operands &operands,
                            Value tokens) const {
  moe::RouterOp router = op;
  Row bias = {operands.bias, getElementTypeOrSelf(router.getBias().getType())};
  emit.loop(emit.i64(0), tokens, 1, [&](Value t) {
    Row logits = operands.logits.row(emit, t);
    addRows(emit, {logits, bias, logits}, experts);
  });
}

/// Groups of the last tile that do not exist repeat the last group, as tokens
/// do.
void RouterProduct::emitTiles(Emit &emit, const Operands &operands,
                              Value tokens) const {
  int64_t width =
      std::min<int64_t>(mostGroups, llvm::bit_ceil(uint64_t(groups())));
  int64_t step = slabDepth / width;
  emit.loop(emit.i64(0), emit.i64(depth), step, [&](Value first) {
    Slab slab = {first,
                 emit.min(emit.sub(emit.i64(depth), first), emit.i64(step))};
    emit.loop(emit.i64(0), emit.i64(groups()), width, [&](Value from) {
      SmallVector<Value> tile;
      for (int64_t i = 0; i < width; ++i) {
        Value group = emit.min(emit.add(from, i), emit.i64(groups() - 1));
        tile.push_back(group);
        transpose(emit, operands, panel(emit, operands, i, width), group, slab);
      }
      multiply(emit, operands, tile, slab, tokens);
    });
  });
}

void RouterProduct::emitBlock(Emit &emit, const Operands &operands,
                              Value tokens) const {
  Type vector = emit.vector(lanes, emit.getF32Type());
  Row sums = {operands.logits.base, operands.logits.element};
  emit.loop(
      emit.i64(0), emit.mul(tokens, operands.logits.width), lanes,
      [&](Value i) { storeStrip(emit, emit.number(vector, 0.0), sums, i); });
  emitTiles(emit, operands, tokens);
  if (operands.bias)
    addBias(emit, operands, tokens);
}
