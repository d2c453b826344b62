//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/RouterProduct.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

/// Elements of K that are transposed at a time: 16 KiB for 16 experts.
static constexpr int64_t slabDepth = 256;
/// Tokens whose sums are in registers: as many chains as hide the latency of a
/// multiply-add.
static constexpr int64_t tileTokens = 8;

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

/// The slab of a group's experts as f32 [k][lanes]. Lanes beyond the last
/// expert repeat it; nobody reads their sums.
void RouterProduct::transpose(Emit &emit, const Operands &operands, Value group,
                              Slab slab) const {
  SmallVector<Row> weights;
  for (int64_t i = 0; i < lanes; ++i) {
    Value expert =
        emit.min(emit.add(emit.mul(group, lanes), i), emit.i64(experts - 1));
    weights.push_back(operands.weight.row(emit, expert).from(emit, slab.first));
  }
  Value whole = emit.mul(emit.div(slab.length, lanes), lanes);
  emit.loop(emit.i64(0), whole, lanes, [&](Value k) {
    SmallVector<Value> square;
    for (const Row &row : weights)
      square.push_back(loadStrip(emit, row, k, lanes));
    transposeSquare(emit, square);
    for (int64_t i = 0; i < lanes; ++i)
      storeStrip(emit, square[i], operands.panel,
                 emit.mul(emit.add(k, i), lanes));
  });
  transposeTail(emit, operands.panel, weights, whole, slab.length);
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

/// sums[i][lane] += x[i][k] * panel[k][lane] over k < length.
void RouterProduct::multiplyTile(Emit &emit, const Row &panel, ArrayRef<Row> x,
                                 ArrayRef<Row> sums, Value length) const {
  moe::RouterOp router = op;
  Type element = getElementTypeOrSelf(router.getWeight().getType());
  int64_t second = element.isBF16() ? 0 : 1, first = 1 - second;
  auto step = [&](Value k, SmallVector<Value> totals) {
    Value w = loadStrip(emit, panel, emit.mul(k, lanes), lanes);
    for (auto [total, row] : llvm::zip(totals, x)) {
      Value v = loadStrip(emit, row, k, /*lanes=*/1);
      total = emit.fma(w, spread(emit, v, lanes), total);
    }
    return totals;
  };
  SmallVector<Value> totals;
  for (const Row &row : sums)
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
  for (auto [total, row] : llvm::zip(totals, sums))
    storeStrip(emit, total, row, emit.i64(0));
}

/// Tiles of tokens; those of the last tile that do not exist repeat the last
/// token, and store its sums once more.
void RouterProduct::multiply(Emit &emit, const Operands &operands, Value group,
                             Slab slab, Value tokens) const {
  Value last = emit.add(tokens, -1);
  emit.loop(emit.i64(0), tokens, tileTokens, [&](Value tile) {
    SmallVector<Row> x, sums;
    for (int64_t i = 0; i < tileTokens; ++i) {
      Value token = emit.min(emit.add(tile, i), last);
      x.push_back(operands.x.row(emit, token).from(emit, slab.first));
      sums.push_back(
          operands.logits.row(emit, token).from(emit, emit.mul(group, lanes)));
    }
    multiplyTile(emit, operands.panel, x, sums, slab.length);
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

void RouterProduct::emitBlock(Emit &emit, const Operands &operands,
                              Value tokens) const {
  Type vector = emit.vector(lanes, emit.getF32Type());
  Row sums = {operands.logits.base, operands.logits.element};
  emit.loop(
      emit.i64(0), emit.mul(tokens, operands.logits.width), lanes,
      [&](Value i) { storeStrip(emit, emit.number(vector, 0.0), sums, i); });
  emit.loop(emit.i64(0), emit.i64(depth), slabDepth, [&](Value first) {
    Slab slab = {
        first, emit.min(emit.sub(emit.i64(depth), first), emit.i64(slabDepth))};
    emit.loop(emit.i64(0), emit.i64(groups()), 1, [&](Value group) {
      transpose(emit, operands, group, slab);
      multiply(emit, operands, group, slab, tokens);
    });
  });
  if (operands.bias)
    addBias(emit, operands, tokens);
}
