//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Matrix products in f32 arithmetic: every sum is one chain of fused
/// multiply-adds in the order of docs/decisions/0003-order-of-summation.md, so
/// that the bits are those of the CPU. For weights of any type.
///
/// A block of 256 threads computes a tile of 64 rows and 64 columns, each
/// thread 4 x 4 of it, from slabs of 16 of K in shared memory.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/MatrixOperation.h"
#include "codegen/kernels/Plan.h"
#include "codegen/kernels/Region.h"
#include "codegen/nvidia/GpuEmit.h"
#include "codegen/nvidia/GpuKernels.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moec;

namespace {

constexpr int64_t tileRows = 64, tileColumns = 64, tileDepth = 16;
constexpr int64_t blockThreads = 256, perThread = 4;
/// Elements from one k of a slab to the next; the four beyond the tile keep
/// threads that store neighbouring k in different banks.
constexpr int64_t slabPitch = 64 + 4;
constexpr int64_t slabBytes = tileDepth * slabPitch * sizeof(float);

/// Which rows a block computes.
struct TileRows {
  Value expert;     ///< of the weights; 0 if there are none
  Value first, end; ///< [first, end), at most tileRows; empty: nothing to do
};

class ExactMatmul {
public:
  ExactMatmul(Emit &emit, const MatrixOperation &product,
              const GpuArguments &arguments)
      : emit(emit), product(product), arguments(arguments),
        depth(product.depth()), columns(product.columns()) {}

  void run();

private:
  using Sums = SmallVector<Value>; ///< [4 rows][4 columns]

  TileRows findRows(Value tile);
  TileRows findGroupedRows(Value tile);
  void fillSlab(Value base, Type element, Value row, Value k, Value slab);
  Sums multiply(const TileRows &rows, Value firstColumn);
  Sums multiplySlab(ValueRange sums);
  void store(const TileRows &rows, Value firstColumn, const Sums &sums);

  Type elementOf(Value tensor) {
    return cast<RankedTensorType>(tensor.getType()).getElementType();
  }
  Value slab(int64_t index) { return sharedMemory(emit, index * slabBytes); }

  Emit &emit;
  const MatrixOperation &product;
  const GpuArguments &arguments;
  int64_t depth, columns;
  /// The thread's place in the tile, and what it brings to a slab.
  Value threadRow, threadColumn, slabRow, slabK;
};

} // namespace

TileRows ExactMatmul::findGroupedRows(Value tile) {
  Value offsets = arguments.pointerTo(product.plan), zero = emit.i64(0);
  // Carried: tiles of the experts before, then expert, first and end.
  SmallVector<Value> found =
      emit.loop(zero, emit.i64(product.experts()), 1, {zero, zero, zero, zero},
                [&](Value e, ValueRange carried) {
                  Value from = loadIndex(emit, offsets, e);
                  Value to = loadIndex(emit, offsets, emit.add(e, 1));
                  Value place = emit.sub(tile, carried[0]);
                  Value tiles = emit.ceilDiv(emit.sub(to, from), tileRows);
                  // As an unsigned number, a place before the first is a large
                  // one.
                  Value is = arith::CmpIOp::create(
                      emit, arith::CmpIPredicate::ult, place, tiles);
                  Value first = emit.add(from, emit.mul(place, tileRows));
                  return SmallVector<Value>{emit.add(carried[0], tiles),
                                            emit.select(is, e, carried[1]),
                                            emit.select(is, first, carried[2]),
                                            emit.select(is, to, carried[3])};
                });
  return {found[1], found[2], found[3]};
}

TileRows ExactMatmul::findRows(Value tile) {
  TileRows rows;
  if (product.plan)
    rows = findGroupedRows(tile);
  else
    rows = {emit.i64(0), emit.mul(tile, tileRows), arguments.rows(emit)};
  rows.end = emit.min(rows.end, emit.add(rows.first, tileRows));
  return rows;
}

/// Brings four elements of a row, from `k` on, to a slab; zero beyond the end.
void ExactMatmul::fillSlab(Value base, Type element, Value row, Value k,
                           Value slab) {
  Type f32 = emit.getF32Type();
  Value start = emit.mul(row, depth);
  for (int64_t i = 0; i < perThread; ++i) {
    Value at = emit.add(k, i);
    Value inside = emit.less(at, emit.i64(depth));
    Value address = emit.at(
        base, element, emit.add(start, emit.select(inside, at, emit.i64(0))));
    Value v = emit.select(inside, emit.widen(emit.load(element, address)),
                          emit.number(f32, 0.0));
    Value place = emit.add(emit.mul(emit.add(slabK, i), slabPitch), slabRow);
    emit.store(v, emit.at(slab, f32, place));
  }
}

/// One slab: 16 of K in the order of summation.
ExactMatmul::Sums ExactMatmul::multiplySlab(ValueRange sums) {
  Type four = emit.vector(perThread, emit.getF32Type());
  Sums next(sums);
  bool pairs = elementOf(product.weight).isBF16();
  for (int64_t step = 0; step < tileDepth; ++step) {
    int64_t k = pairs ? step ^ 1 : step; // of a pair, the odd one first
    auto row = [&](int64_t index, Value first) {
      Value place = emit.add(first, k * slabPitch);
      return emit.load(four, emit.at(slab(index), emit.getF32Type(), place));
    };
    Value a = row(0, threadRow), w = row(1, threadColumn);
    auto lane = [&](Value v, int64_t i) -> Value {
      return vector::ExtractOp::create(emit, v, i);
    };
    for (int64_t i = 0; i < perThread; ++i)
      for (int64_t j = 0; j < perThread; ++j) {
        Value &sum = next[i * perThread + j];
        sum = emit.fma(lane(a, i), lane(w, j), sum);
      }
  }
  return next;
}

ExactMatmul::Sums ExactMatmul::multiply(const TileRows &rows,
                                        Value firstColumn) {
  Value x = arguments.pointerTo(product.x);
  Value weight = arguments.pointerTo(product.weight);
  // Rows and columns beyond the end are computed from the last one and dropped.
  Value row = emit.min(emit.add(rows.first, slabRow), emit.add(rows.end, -1));
  Value column =
      emit.min(emit.add(firstColumn, slabRow), emit.i64(columns - 1));
  Value weightRow = emit.add(emit.mul(rows.expert, columns), column);
  Sums zeros(perThread * perThread, emit.number(emit.getF32Type(), 0.0));
  return emit.loop(emit.i64(0), emit.i64(depth), tileDepth, zeros,
                   [&](Value k, ValueRange sums) {
                     Value at = emit.add(k, slabK);
                     blockBarrier(emit); // nobody reads the last slab any more
                     fillSlab(x, elementOf(product.x), row, at, slab(0));
                     fillSlab(weight, elementOf(product.weight), weightRow, at,
                              slab(1));
                     blockBarrier(emit);
                     return multiplySlab(sums);
                   });
}

void ExactMatmul::store(const TileRows &rows, Value firstColumn,
                        const Sums &sums) {
  Type f32 = emit.getF32Type();
  Value y = arguments.pointerTo(product.op->getResult(0));
  Value row = emit.add(rows.first, threadRow);
  Value column = emit.add(firstColumn, threadColumn);
  for (int64_t i = 0; i < perThread; ++i)
    for (int64_t j = 0; j < perThread; ++j) {
      Value r = emit.add(row, i), c = emit.add(column, j);
      Value inside = arith::AndIOp::create(emit, emit.less(r, rows.end),
                                           emit.less(c, emit.i64(columns)));
      emit.branch(inside, [&] {
        Value sum = sums[i * perThread + j];
        if (product.bias) {
          Type element = product.biasElement();
          Value at = emit.add(emit.mul(rows.expert, columns), c);
          Value bias = emit.load(
              element, emit.at(arguments.pointerTo(product.bias), element, at));
          sum = emit.addF(sum, emit.widen(bias));
        }
        emit.store(sum, emit.at(y, f32, emit.add(emit.mul(r, columns), c)));
      });
    }
}

void ExactMatmul::run() {
  Value thread = threadIndex(emit), block = blockIndex(emit);
  threadRow = emit.mul(emit.div(thread, tileColumns / perThread), perThread);
  threadColumn = emit.mul(emit.rem(thread, tileColumns / perThread), perThread);
  slabRow = emit.div(thread, tileDepth / perThread);
  slabK = emit.mul(emit.rem(thread, tileDepth / perThread), perThread);

  int64_t columnTiles = llvm::divideCeil(columns, tileColumns);
  TileRows rows = findRows(emit.div(block, columnTiles));
  Value firstColumn = emit.mul(emit.rem(block, columnTiles), tileColumns);
  emit.branch(emit.less(rows.first, rows.end),
              [&] { store(rows, firstColumn, multiply(rows, firstColumn)); });
}

//===----------------------------------------------------------------------===//
// The builders
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planExactMatmul(exec::KernelOp kernel,
                                             const KernelContext &) {
  Operation &op = kernel.getBody().front().front();
  if (failed(checkRowMajor(&op)))
    return failure();
  MatrixOperation product = MatrixOperation::of(op);
  int64_t columnTiles = llvm::divideCeil(product.columns(), tileColumns);
  KernelPlan plan;
  plan.blockThreads = blockThreads;
  plan.blockTasks = tileRows;
  plan.sharedBytes = 2 * slabBytes;
  // Row tiles: rows / 64, rounded up once for each group of rows.
  plan.tasksPerRow = columnTiles;
  plan.fixedTasks = columnTiles * product.experts() * (tileRows - 1);
  plan.flopsPerRow = 2 * product.columns() * product.depth();
  plan.weights =
      product.plan ? exec::WeightUse::Experts : exec::WeightUse::Whole;
  return plan;
}

static void emitExactMatmul(exec::KernelOp kernel, const KernelContext &,
                            Emit &emit) {
  MatrixOperation product =
      MatrixOperation::of(kernel.getBody().front().front());
  emitEntry(emit, kernel, blockThreads, [&](const GpuArguments &arguments) {
    ExactMatmul(emit, product, arguments).run();
  });
}

static constexpr StringRef linear[] = {decoder::LinearOp::getOperationName()};
static constexpr StringRef router[] = {moe::RouterOp::getOperationName()};
static constexpr StringRef grouped[] = {
    moe::GroupedLinearOp::getOperationName()};

llvm::ArrayRef<KernelBuilder> moec::exactMatmulKernels() {
  static const KernelBuilder builders[] = {
      {linear, planExactMatmul, emitExactMatmul},
      {router, planExactMatmul, emitExactMatmul},
      {grouped, planExactMatmul, emitExactMatmul}};
  return builders;
}
