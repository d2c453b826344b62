//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/AttentionWarp.h"

#include "codegen/nvidia/GpuStrips.h"
#include "runtime/abi/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>

using namespace mlir;
using namespace moec;

static constexpr int64_t pageTokens = MOERT_PAGE_TOKENS;
static_assert(pageTokens == warpThreads, "a lane for each position of a page");
static constexpr double infinity = std::numeric_limits<double>::infinity();
/// f32 elements of a 16-byte access, and steps of a loop that are written out.
static constexpr int64_t quad = 4;

int64_t WarpShape::access() const {
  int64_t access = quad;
  while (access > 1 && headDim % (access * warpThreads))
    access /= 2;
  return access;
}

int64_t WarpShape::groups() const {
  return llvm::divideCeil(headDim, access() * warpThreads);
}

int64_t WarpShape::weightAccess() const { return std::min(weightRows(), quad); }

int64_t WarpShape::weightBytes() const {
  return pageTokens * weightRows() * sizeof(float);
}

LayoutUse WarpShape::weightLayout(int64_t at, int64_t warps) const {
  int64_t pitch = pageTokens * weightAccess() * int64_t(sizeof(float));
  return {"positions", at, warps * weightBytes() / pitch, pitch, {}};
}

AttentionWarp::State AttentionWarp::initial(int64_t rows) const {
  Type f32 = emit.getF32Type();
  State state(rows * stateSize(), emit.number(f32, 0.0));
  for (int64_t r = 0; r < rows; ++r)
    state[r * stateSize()] = emit.number(f32, -infinity);
  return state;
}

//===----------------------------------------------------------------------===//
// Scores and weights
//===----------------------------------------------------------------------===//

/// sums[row] += query[row][d ...] * key[d ...] of a position, for as many d as
/// an access brings.
AttentionWarp::State AttentionWarp::scoreStep(Row queries, Row keys,
                                              Value position, Value d,
                                              ValueRange sums) const {
  int64_t count = shape.headDim % quad ? 1 : quad;
  State next(sums), keyOf;
  for (int64_t i = 0; i < count; ++i) {
    Value at = emit.add(emit.mul(emit.add(d, i), pageTokens), position);
    keyOf.push_back(loadStrip(emit, keys, at, 1));
  }
  for (size_t r = 0; r < next.size(); ++r) {
    Value at = emit.add(d, r * shape.headDim);
    Value q = loadWhole(emit, queries, at, count);
    for (int64_t i = 0; i < count; ++i) {
      Value scalar =
          count == 1 ? q : vector::ExtractOp::create(emit, q, i).getResult();
      next[r] = emit.fma(scalar, keyOf[i], next[r]);
    }
  }
  return next;
}

/// The scaled scores of the lane's position; minus infinity if it is not
/// visible. Lanes beyond the last position read that one: nothing may have been
/// written behind it.
AttentionWarp::State AttentionWarp::scores(Row queries, const Page &page,
                                           int64_t rows) const {
  Type f32 = emit.getF32Type();
  State sums(rows, emit.number(f32, 0.0));
  int64_t step = shape.headDim % quad ? 1 : quad;
  Value position = emit.min(lane, emit.add(page.to, -1));
  sums = emit.loop(emit.i64(0), emit.i64(shape.headDim), step, sums,
                   [&](Value d, ValueRange carried) {
                     return scoreStep(queries, page.keys, position, d, carried);
                   });
  Value scale = emit.number(f32, shape.scale);
  Value lowest = emit.number(f32, -infinity);
  Value visible = arith::AndIOp::create(
      emit, emit.less(emit.add(page.from, -1), lane), emit.less(lane, page.to));
  for (Value &sum : sums)
    sum = emit.select(visible, emit.mulF(sum, scale), lowest);
  return sums;
}

Value AttentionWarp::weightIndex(Value position, int64_t row) const {
  int64_t access = shape.weightAccess();
  return emit.add(emit.mul(position, access),
                  row / access * pageTokens * access);
}

void AttentionWarp::storeWeights(ArrayRef<Value> ofRows) const {
  Type f32 = emit.getF32Type();
  int64_t access = shape.weightAccess();
  State padded(ofRows);
  padded.resize(shape.weightRows(), emit.number(f32, 0.0));
  for (size_t r = 0; r < padded.size(); r += access) {
    Value v = padded[r];
    if (access > 1)
      v = vector::FromElementsOp::create(emit, emit.vector(access, f32),
                                         ArrayRef(padded).slice(r, access));
    storeAligned(emit, v, weights.address(emit, weightIndex(lane, r)));
  }
}

AttentionWarp::State AttentionWarp::loadWeights(Value slot,
                                                int64_t rows) const {
  int64_t access = shape.weightAccess();
  State ofRows;
  for (int64_t r = 0; r < rows; r += access) {
    Value v = loadWhole(emit, weights, weightIndex(slot, r), access);
    for (int64_t i = 0; i < std::min(access, rows - r); ++i)
      ofRows.push_back(
          access == 1 ? v : vector::ExtractOp::create(emit, v, i).getResult());
  }
  return ofRows;
}

AttentionWarp::State AttentionWarp::weigh(Row queries, const Page &page,
                                          ValueRange state) const {
  State next(state), ofRows = scores(queries, page, rowsOf(state));
  for (auto [r, weight] : llvm::enumerate(ofRows)) {
    auto row = MutableArrayRef<Value>(next).slice(r * stateSize(), stateSize());
    Value maximum = emit.maxF(maximumOfLanes(emit, weight), row[0]);
    Value correction = emit.exp(emit.subF(row[0], maximum));
    weight = emit.exp(emit.subF(weight, maximum));
    row[0] = maximum;
    row[1] = emit.fma(row[1], correction, sumOfLanes(emit, weight));
    for (Value &output : row.drop_front(2))
      output = emit.mulF(output, correction);
  }
  storeWeights(ofRows);
  return next;
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

/// The first column of a group; the last one of all for lanes beyond it.
Value AttentionWarp::column(int64_t group) const {
  int64_t access = shape.access();
  Value d = emit.add(emit.mul(lane, access), group * warpThreads * access);
  return access == 1 ? emit.min(d, emit.i64(shape.headDim - 1)) : d;
}

AttentionWarp::State AttentionWarp::valueStep(const Page &page, Value slot,
                                              ValueRange state) const {
  State next(state), ofRows = loadWeights(slot, rowsOf(state));
  int64_t access = shape.access();
  for (int64_t group = 0; group < shape.groups(); ++group) {
    Value at = emit.add(emit.mul(slot, shape.headDim), column(group));
    Value v = loadWhole(emit, page.values, at, access);
    for (int64_t i = 0; i < access; ++i) {
      Value scalar =
          access == 1 ? v : vector::ExtractOp::create(emit, v, i).getResult();
      for (auto [r, weight] : llvm::enumerate(ofRows)) {
        Value &sum = next[r * stateSize() + 2 + group * access + i];
        sum = emit.fma(weight, scalar, sum);
      }
    }
  }
  return next;
}

/// Positions that are not visible are not read: they may hold anything.
AttentionWarp::State AttentionWarp::addValues(const Page &page,
                                              ValueRange state) const {
  Value count = emit.sub(page.to, page.from);
  Value whole = emit.add(page.from, emit.mul(emit.div(count, quad), quad));
  State next = emit.loop(page.from, whole, quad, state,
                         [&](Value slot, ValueRange carried) {
                           State sums(carried);
                           for (int64_t i = 0; i < quad; ++i)
                             sums = valueStep(page, emit.add(slot, i), sums);
                           return sums;
                         });
  return emit.loop(whole, page.to, 1, next,
                   [&](Value slot, ValueRange carried) {
                     return valueStep(page, slot, carried);
                   });
}

SmallVector<Value> moec::mergeStates(Emit &emit, int64_t size, ValueRange total,
                                     ValueRange part) {
  SmallVector<Value> next(total);
  for (size_t first = 0; first < next.size(); first += size) {
    auto row = MutableArrayRef<Value>(next).slice(first, size);
    ValueRange own = part.slice(first, size);
    Value maximum = emit.maxF(own[0], row[0]);
    Value shrink = emit.exp(emit.subF(row[0], maximum));
    Value weight = emit.exp(emit.subF(own[0], maximum));
    row[0] = maximum;
    for (int64_t i = 1; i < size; ++i)
      row[i] = emit.fma(row[i], shrink, emit.mulF(own[i], weight));
  }
  return next;
}

void AttentionWarp::forEachColumn(
    ValueRange state, int64_t row,
    llvm::function_ref<void(Value, Value)> body) const {
  int64_t access = shape.access();
  auto columns = state.slice(row * stateSize() + 2, shape.columns());
  for (int64_t group = 0; group < shape.groups(); ++group) {
    if (access > 1) {
      State elements(columns.slice(group * access, access));
      Type type = emit.vector(access, emit.getF32Type());
      body(vector::FromElementsOp::create(emit, type, elements), column(group));
      continue;
    }
    Value d = emit.add(lane, group * warpThreads);
    emit.branch(emit.less(d, emit.i64(shape.headDim)),
                [&] { body(columns[group], d); });
  }
}
