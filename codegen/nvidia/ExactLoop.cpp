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

#include "codegen/nvidia/GpuEmit.h"
#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/ProductLoop.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moec;

namespace {

constexpr int64_t tile = 64, slabDepth = 16, perThread = 4;
constexpr int64_t slabBytes = slabDepth * tile * sizeof(float);

/// f32 [16 of K][64] of a slab. Four threads store four neighbouring k each: so
/// rows are in the order of k % 4, and four that are stored at once, with those
/// of the threads beside them, are exchanged to be in other banks.
struct Slab {
  static constexpr ChunkExchange exchange = {/*bits=*/2, /*to=*/1};

  /// Of k = 4 * quad + i.
  static constexpr int64_t row(int64_t quad, int64_t i) {
    return i * (slabDepth / perThread) + quad;
  }
  /// The element at which `column` of the rows of a quad is.
  static Value column(Emit &emit, Value quad, Value column) {
    constexpr int64_t exchanged = chunkElements << exchange.to;
    return arith::XOrIOp::create(emit, column, emit.mul(quad, exchanged));
  }

private:
  static constexpr int64_t chunkElements = 16 / sizeof(float);
};
static_assert(slabDepth / perThread == int64_t(1) << Slab::exchange.bits,
              "a row's quad is its number's last bits");

class ExactLoop : public ProductLoop {
public:
  explicit ExactLoop(const LoopShape &shape) : shape(shape) {
    name = "f32 multiply-add";
    tileRows = tileColumns = tile;
    threads = tile / perThread * (tile / perThread);
    lanes = perThread;
    sharedBytes = (1 + shape.products) * slabBytes;
    layout = {"slabs", 0, (1 + shape.products) * slabDepth,
              slabBytes / slabDepth, Slab::exchange};
  }

  /// Of each product [4 rows][4 columns].
  ThreadSums multiply(Emit &emit, const LoopOperands &tile) const override;
  void forEachSum(Emit &emit, const ThreadSums &sums, Body body) const override;

private:
  /// A row, and the slab that its elements go to.
  struct Line {
    Value address;
    Type element;
    Value slab;
  };
  void fillSlab(Emit &emit, const Line &line, Value k) const;
  ThreadSums multiplySlab(Emit &emit, ValueRange sums) const;

  LoopShape shape;
};

/// The thread's place in the tile, and what it brings to a slab.
struct Place {
  Value row, column, slabRow, slabQuad;

  explicit Place(Emit &emit) {
    Value thread = threadIndex(emit);
    row = emit.mul(emit.div(thread, tile / perThread), perThread);
    column = emit.mul(emit.rem(thread, tile / perThread), perThread);
    slabRow = emit.div(thread, slabDepth / perThread);
    slabQuad = emit.rem(thread, slabDepth / perThread);
  }
};

} // namespace

/// Brings four elements of a row, from `k` on, to a slab; zero beyond the end.
void ExactLoop::fillSlab(Emit &emit, const Line &line, Value k) const {
  Type f32 = emit.getF32Type();
  Place place(emit);
  for (int64_t i = 0; i < perThread; ++i) {
    Value at = emit.add(k, i);
    Value inside = emit.less(at, emit.i64(shape.depth));
    Value address = emit.at(line.address, line.element,
                            emit.select(inside, at, emit.i64(0)));
    Value v = emit.select(inside, emit.widen(emit.load(line.element, address)),
                          emit.number(f32, 0.0));
    Value row = emit.add(place.slabQuad, Slab::row(0, i));
    Value to = emit.add(emit.mul(row, tile),
                        Slab::column(emit, place.slabQuad, place.slabRow));
    emit.store(v, emit.at(line.slab, f32, to));
  }
}

/// One slab: 16 of K in the order of summation.
ThreadSums ExactLoop::multiplySlab(Emit &emit, ValueRange sums) const {
  Type four = emit.vector(perThread, emit.getF32Type());
  Place place(emit);
  ThreadSums next(sums);
  bool pairs = shape.weight.isBF16();
  for (int64_t step = 0; step < slabDepth; ++step) {
    int64_t k = pairs ? step ^ 1 : step; // of a pair, the odd one first
    auto row = [&](int64_t slab, Value first) {
      int64_t quad = k / perThread;
      Value base = sharedMemory(emit, slab * slabBytes);
      Value at = Slab::column(emit, emit.i64(quad), first);
      at = emit.add(at, Slab::row(quad, k % perThread) * tile);
      return loadAligned(emit, four, emit.at(base, emit.getF32Type(), at));
    };
    auto lane = [&](Value v, int64_t i) -> Value {
      return vector::ExtractOp::create(emit, v, i);
    };
    Value a = row(0, place.row);
    for (int64_t p = 0; p < shape.products; ++p) {
      Value w = row(1 + p, place.column);
      for (int64_t i = 0; i < perThread; ++i)
        for (int64_t j = 0; j < perThread; ++j) {
          Value &sum = next[(p * perThread + i) * perThread + j];
          sum = emit.fma(lane(a, i), lane(w, j), sum);
        }
    }
  }
  return next;
}

ThreadSums ExactLoop::multiply(Emit &emit, const LoopOperands &tile) const {
  Place place(emit);
  auto clamp = [&](Value first, Value end) {
    return emit.min(emit.add(first, place.slabRow), emit.add(end, -1));
  };
  SmallVector<Line> lines;
  lines.push_back({tile.rowAddress(clamp(tile.firstRow, tile.endRow)), shape.x,
                   sharedMemory(emit, 0)});
  Value column = clamp(tile.firstColumn, tile.endColumn);
  for (auto [p, weight] : llvm::enumerate(tile.weights))
    lines.push_back(
        {emit.at(weight, shape.weight, emit.mul(column, shape.depth)),
         shape.weight, sharedMemory(emit, int64_t(1 + p) * slabBytes)});
  ThreadSums zeros(shape.products * perThread * perThread,
                   emit.number(emit.getF32Type(), 0.0));
  return emit.loop(emit.i64(0), emit.i64(shape.depth), slabDepth, zeros,
                   [&](Value k, ValueRange sums) {
                     Value at =
                         emit.add(k, emit.mul(place.slabQuad, perThread));
                     blockBarrier(emit); // nobody reads the last slab any more
                     for (const Line &line : lines)
                       fillSlab(emit, line, at);
                     blockBarrier(emit);
                     return multiplySlab(emit, sums);
                   });
}

void ExactLoop::forEachSum(Emit &emit, const ThreadSums &sums,
                           Body body) const {
  Place place(emit);
  auto four = emit.vector(perThread, emit.getF32Type());
  for (int64_t i = 0; i < perThread; ++i) {
    SmallVector<Value> own;
    for (int64_t p = 0; p < shape.products; ++p) {
      int64_t first = (p * perThread + i) * perThread;
      own.push_back(vector::FromElementsOp::create(
          emit, four, ArrayRef<Value>(sums).slice(first, perThread)));
    }
    body(emit.add(place.row, i), place.column, own);
  }
}

std::unique_ptr<ProductLoop> moec::makeExactLoop(const LoopShape &shape) {
  return std::make_unique<ExactLoop>(shape);
}
