//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Products of a few rows on tensor cores: weights go from memory straight to
/// the registers that multiply them, 16 bytes a lane, and are read once. A
/// block has 16 rows and 32 columns; each of its 8 warps has one segment of K,
/// see TensorProduct.h, and their sums meet in shared memory.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/GpuEmit.h"
#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/ProductLoop.h"
#include "codegen/nvidia/StateSpace.h"
#include "codegen/nvidia/TensorProduct.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moec;

namespace {

constexpr int64_t warps = 8, blockWidth = 32, columnTiles = blockWidth / 8;
constexpr int64_t sumsBytes = 4 * sizeof(float); ///< of a lane and 8 columns
/// Loads in flight, in steps of 32 k: of one product, of two.
constexpr int64_t stepsAhead[] = {2, 2};

class DirectLoop : public ProductLoop {
public:
  DirectLoop(const LoopShape &shape, int64_t maxRows)
      : shape(shape), segments(shape.depth), hasHighRows(maxRows > 8),
        ahead(stepsAhead[shape.products - 1]) {
    name = "mma.sync, weights straight to registers";
    tileRows = hasHighRows ? 16 : 8;
    tileColumns = blockWidth;
    threads = warps * warpThreads;
    lanes = 2;
    holdsExpert = true;
    knowsGap = true;
    sharedBytes = warps * warpBytes();
    // [warp][tile][lane], 16 bytes each.
    layout = {"lanes", 0, warps * tiles(), warpThreads * sumsBytes, {}};
  }

  void prefetch(Emit &emit, const LoopWeights &tile) const override;
  /// Of each product a vector of two columns.
  ThreadSums multiply(Emit &emit, const LoopOperands &tile) const override;
  void forEachSum(Emit &emit, const ThreadSums &sums, Body body) const override;

private:
  /// What a lane loads for a step: chunks of rows, then of columns.
  using Step = SmallVector<Value>;
  struct Rows {
    SmallVector<Value> addresses; ///< as a Step has chunks
    Value quad;                   ///< lane % 4
  };

  int64_t tiles() const { return shape.products * columnTiles; }
  int64_t warpBytes() const { return tiles() * warpThreads * sumsBytes; }
  int64_t rowChunks() const { return hasHighRows ? 2 : 1; }
  /// A column of the tile's weights, by its index in the tile.
  Value columnOf(Emit &emit, const LoopWeights &tile, Value index) const;
  Rows rowsOf(Emit &emit, const LoopOperands &tile) const;
  struct Pair;
  Step load(Emit &emit, const Rows &rows, Value step) const;
  Step loadBefore(Emit &emit, const Rows &rows, Value step, Value end) const;
  ThreadSums multiplyStep(Emit &emit, const Step &step, ValueRange sums) const;
  ThreadSums sumSegment(Emit &emit, const Rows &rows) const;
  ThreadSums merge(Emit &emit, const ThreadSums &own) const;

  LoopShape shape;
  DepthSegments segments;
  bool hasHighRows;
  int64_t ahead;
};

} // namespace

/// The last one in place of those beyond it.
Value DirectLoop::columnOf(Emit &emit, const LoopWeights &tile,
                           Value index) const {
  Value column =
      emit.min(emit.add(tile.firstColumn, index), emit.add(tile.endColumn, -1));
  if (!tile.gap)
    return column;
  Value skipped = emit.select(emit.less(index, emit.i64(blockWidth / 2)),
                              emit.i64(0), tile.gap);
  return emit.add(column, skipped);
}

/// To the L2 cache. LLVM has the instruction from sm_90 on, PTX has it always.
static void prefetchLine(Emit &emit, Value address) {
  LLVM::InlineAsmOp::create(
      emit, TypeRange(), inSpace(emit, address, StateSpace::Global),
      "prefetch.global.L2 [$0];", "l", /*has_side_effects=*/true,
      /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
      LLVM::AsmDialectAttr(), ArrayAttr());
}

/// The first half of each segment: more would not be there in time, and might
/// not fit the cache.
void DirectLoop::prefetch(Emit &emit, const LoopWeights &tile) const {
  static_assert(blockDepth * 2 == 128,
                "a block of bf16 is a line of the cache");
  int64_t ofSegment = llvm::divideCeil(segments.perSegment, 2);
  int64_t ofColumn = segments.count * ofSegment;
  forEachOfBlock(emit, threads, emit.i64(blockWidth * ofColumn), [&](Value i) {
    Value column = columnOf(emit, tile, emit.div(i, ofColumn));
    Value place = emit.rem(i, ofColumn);
    Value block =
        emit.add(emit.mul(emit.div(place, ofSegment), segments.perSegment),
                 emit.rem(place, ofSegment));
    block = emit.min(block, emit.i64(segments.blocks - 1));
    Value element =
        emit.add(emit.mul(column, shape.depth), emit.mul(block, blockDepth));
    for (Value weight : tile.weights)
      prefetchLine(emit, emit.at(weight, shape.weight, element));
  });
}

DirectLoop::Rows DirectLoop::rowsOf(Emit &emit,
                                    const LoopOperands &tile) const {
  Rows rows;
  Value lane = laneIndex(emit), group = emit.div(lane, 4);
  rows.quad = emit.rem(lane, 4);
  Value last = emit.add(tile.endRow, -1);
  for (int64_t i = 0; i < rowChunks(); ++i) {
    Value row = emit.add(emit.add(tile.firstRow, group), 8 * i);
    rows.addresses.push_back(tile.rowAddress(emit.min(row, last)));
  }
  for (Value weight : tile.weights)
    for (int64_t j = 0; j < columnTiles; ++j) {
      Value column = columnOf(emit, tile, emit.add(group, 8 * j));
      rows.addresses.push_back(
          emit.at(weight, shape.weight, emit.mul(column, shape.depth)));
    }
  return rows;
}

/// Beyond K there are zeros.
DirectLoop::Step DirectLoop::load(Emit &emit, const Rows &rows,
                                  Value step) const {
  Value chunk = emit.add(emit.mul(step, stepDepth / chunkDepth), rows.quad);
  bool whole = shape.depth % blockDepth == 0;
  Value inside =
      whole ? Value() : emit.less(chunk, emit.i64(shape.depth / chunkDepth));
  if (!whole)
    chunk = emit.select(inside, chunk, emit.i64(0));
  Step loaded;
  for (Value address : rows.addresses) {
    Chunk v = loadChunk(emit, address, chunk);
    loaded.push_back(whole ? v : emit.select(inside, v, zeroChunk(emit)));
  }
  return loaded;
}

ThreadSums DirectLoop::multiplyStep(Emit &emit, const Step &step,
                                    ValueRange sums) const {
  Chunk low = step[0], high = hasHighRows ? step[1] : zeroChunk(emit);
  ThreadSums next(sums);
  for (int64_t half : {0, 1}) {
    RowWords rows = rowWords(emit, half, low, high);
    for (int64_t i = 0; i < tiles(); ++i) {
      SmallVector<Value> own(next.begin() + 4 * i, next.begin() + 4 * i + 4);
      llvm::copy(multiplyHalf(emit, half, rows, step[rowChunks() + i], own),
                 next.begin() + 4 * i);
    }
  }
  return next;
}

/// Zeros from `end` on.
DirectLoop::Step DirectLoop::loadBefore(Emit &emit, const Rows &rows,
                                        Value step, Value end) const {
  Step zeros(rows.addresses.size(), zeroChunk(emit));
  SmallVector<Type> types(zeros.size(), chunkType(emit));
  return emit.branch(
      emit.less(step, end), types, [&] { return load(emit, rows, step); },
      [&] { return zeros; });
}

/// The warp's segment. Steps are multiplied while those `ahead` of them are on
/// their way: the registers of a step are loaded again once it is multiplied.
ThreadSums DirectLoop::sumSegment(Emit &emit, const Rows &rows) const {
  int64_t perBlock = blockDepth / stepDepth;
  int64_t length = segments.perSegment * perBlock;
  Value first = emit.mul(warpIndex(emit), length);
  Value end =
      emit.min(emit.add(first, length), emit.i64(segments.blocks * perBlock));
  int64_t stepSize = rows.addresses.size(), sumCount = 4 * tiles();
  SmallVector<Value> carried(sumCount, emit.number(emit.getF32Type(), 0.0));
  for (int64_t u = 0; u < ahead; ++u)
    llvm::append_range(carried,
                       loadBefore(emit, rows, emit.add(first, u), end));
  SmallVector<Value> done =
      emit.loop(first, end, ahead, carried, [&](Value i, ValueRange values) {
        ThreadSums sums(values.take_front(sumCount));
        SmallVector<Value> next;
        for (int64_t u = 0; u < ahead; ++u) {
          Step step(values.slice(sumCount + u * stepSize, stepSize));
          sums = multiplyStep(emit, step, sums);
          llvm::append_range(
              next, loadBefore(emit, rows, emit.add(i, u + ahead), end));
        }
        sums.append(next);
        return sums;
      });
  keepRolled(done);
  return ThreadSums(done.begin(), done.begin() + sumCount);
}

/// Two columns of a row, of the tiles of all warps.
struct DirectLoop::Pair {
  Value tile, lane, half;

  explicit Pair(Emit &emit) {
    Value thread = threadIndex(emit);
    half = emit.rem(thread, 2);
    lane = emit.rem(emit.div(thread, 2), warpThreads);
    tile = emit.div(thread, 2 * warpThreads);
  }
};

/// Adds the sums of segments in their order.
ThreadSums DirectLoop::merge(Emit &emit, const ThreadSums &own) const {
  Type f32 = emit.getF32Type();
  auto laneAddress = [&](Value warp, Value tile, Value lane) {
    Value place = emit.add(emit.mul(tile, warpThreads), lane);
    Value byte =
        emit.add(emit.mul(warp, warpBytes()), emit.mul(place, sumsBytes));
    return emit.at(sharedMemory(emit), emit.getI8Type(), byte);
  };
  blockBarrier(emit); // nobody reads other sums any more
  for (int64_t i = 0; i < tiles(); ++i) {
    Value sums = vector::FromElementsOp::create(
        emit, emit.vector(4, f32), ArrayRef<Value>(own).slice(4 * i, 4));
    storeAligned(emit, sums,
                 laneAddress(warpIndex(emit), emit.i64(i), laneIndex(emit)));
  }
  blockBarrier(emit);
  Pair pair(emit);
  ThreadSums merged;
  for (int64_t p = 0; p < shape.products; ++p) {
    Value sum;
    for (int64_t s = 0; s < segments.count; ++s) {
      Value from = laneAddress(emit.i64(s),
                               emit.add(pair.tile, p * columnTiles), pair.lane);
      Value part = loadAligned(emit, emit.vector(2, f32),
                               emit.at(from, f32, emit.mul(pair.half, 2)));
      sum = sum ? emit.addF(sum, part) : part;
    }
    merged.push_back(sum);
  }
  return merged;
}

ThreadSums DirectLoop::multiply(Emit &emit, const LoopOperands &tile) const {
  return merge(emit, sumSegment(emit, rowsOf(emit, tile)));
}

void DirectLoop::forEachSum(Emit &emit, const ThreadSums &sums,
                            Body body) const {
  static_assert(columnTiles * 2 * warpThreads == warps * warpThreads,
                "a pair for each thread");
  Pair pair(emit);
  Value row = emit.add(emit.div(pair.lane, 4), emit.mul(pair.half, 8));
  Value column =
      emit.add(emit.mul(pair.tile, 8), emit.mul(emit.rem(pair.lane, 4), 2));
  body(row, column, sums);
}

std::unique_ptr<ProductLoop> moec::makeDirectLoop(const LoopShape &shape,
                                                  int64_t maxRows) {
  return std::make_unique<DirectLoop>(shape, maxRows);
}
