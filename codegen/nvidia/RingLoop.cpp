//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Products of many rows on tensor cores: rows and weights go through a ring of
/// stages in shared memory, of 64 k each, which asynchronous copies fill ahead
/// of the products. The 8 warps of a block share its tile, see RingShape; each
/// has all of K, one segment after the other, see TensorProduct.h. Rows that a
/// tile lacks are not copied, and warps that have none but those rest.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/AsyncCopy.h"
#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/ProductLoop.h"
#include "codegen/nvidia/SharedLayout.h"
#include "codegen/nvidia/TensorProduct.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moec;

namespace {

constexpr int64_t warps = 8;
static_assert(HalvesLayout::chunkBytes == copyBytes);
using Layout = HalvesLayout;

/// How warps share a tile: warpRows x (8 / warpRows) of them, each with
/// 16 * rowTiles rows and 8 * columnTiles columns of each product.
struct RingShape {
  int64_t warpRows, rowTiles, columnTiles;
  int64_t stages;

  int64_t rows() const { return warpRows * rowTiles * 16; }
  int64_t columns() const { return warps / warpRows * columnTiles * 8; }
};

class RingLoop : public ProductLoop {
public:
  RingLoop(const LoopShape &shape, const RingShape &ring)
      : shape(shape), ring(ring), segments(shape.depth) {
    name = "mma.sync, a ring of " + std::to_string(ring.stages) +
           " stages by cp.async";
    tileRows = ring.rows();
    tileColumns = ring.columns();
    threads = warps * warpThreads;
    lanes = 2;
    sharedBytes = ring.stages * stageBytes();
    layout = useOf<Layout>(0, ring.stages * stageRows());
  }

  ThreadSums multiply(Emit &emit, const LoopOperands &tile) const override;
  void forEachSum(Emit &emit, const ThreadSums &sums, Body body) const override;

private:
  /// What a thread copies to each stage: chunk `chunk` of some rows.
  struct Sources {
    SmallVector<Value> addresses; ///< of the rows' chunks of block 0
    SmallVector<Value> present;   ///< bytes of each chunk; null: all
    Value chunk, offset;          ///< of the first row's chunk in a stage
    Value inside;                 ///< an address that there is in any case
  };
  /// What changes from block to block: bytes of the stage that is read, and of
  /// the one before it, which is filled; the addresses of what it is filled
  /// with. They are carried, for the indices of stages and addresses cost more.
  struct Walk {
    Value read, fill;
    SmallVector<Value> sources;

    SmallVector<Value> values() const;
    explicit Walk(ValueRange values);
    Walk(Value read, Value fill, SmallVector<Value> sources)
        : read(read), fill(fill), sources(std::move(sources)) {}
  };
  /// Where a thread's operands are in a stage: bytes for steps 0 and 1.
  struct Places {
    Value rows[2], columns[2];
    Value ones;    ///< of hiddenOnes
    Value hasRows; ///< whether the tile has any of the warp's rows
  };
  /// A warp's place in the tile.
  struct Warp {
    Value row, column;
  };

  int64_t stageRows() const { return tileRows + shape.products * tileColumns; }
  int64_t stageBytes() const { return stageRows() * Layout::rowBytes; }
  int64_t rowsAtOnce() const { return threads / Layout::rowChunks; }
  int64_t tiles() const {
    return shape.products * ring.rowTiles * ring.columnTiles;
  }
  Warp warpOf(Emit &emit) const;
  Sources sourcesOf(Emit &emit, const LoopOperands &tile) const;
  Places placesOf(Emit &emit, const LoopOperands &tile) const;
  Walk begin(Emit &emit, const Sources &sources) const;
  Walk after(Emit &emit, const Walk &walk) const;
  void fill(Emit &emit, const Sources &sources, const Walk &walk,
            Value block) const;
  ThreadSums multiplyStage(Emit &emit, const Places &places, Value stage,
                           ValueRange sums) const;
  ThreadSums multiplyRows(Emit &emit, const Places &places, Value stage,
                          ValueRange sums) const;
  SmallVector<Value> multiplyBlock(Emit &emit, const Sources &sources,
                                   const Places &places, Value block,
                                   ValueRange carried) const;
  size_t sumCount() const { return 4 * tiles(); }

  LoopShape shape;
  RingShape ring;
  DepthSegments segments;
};

} // namespace

RingLoop::Warp RingLoop::warpOf(Emit &emit) const {
  Value warp = warpIndex(emit);
  int64_t across = warps / ring.warpRows;
  return {emit.mul(emit.div(warp, across), ring.rowTiles * 16),
          emit.mul(emit.rem(warp, across), ring.columnTiles * 8)};
}

//===----------------------------------------------------------------------===//
// Filling stages
//===----------------------------------------------------------------------===//

SmallVector<Value> RingLoop::Walk::values() const {
  SmallVector<Value> all = {read, fill};
  all.append(sources);
  return all;
}
RingLoop::Walk::Walk(ValueRange values)
    : read(values[0]), fill(values[1]), sources(values.drop_front(2)) {}

RingLoop::Sources RingLoop::sourcesOf(Emit &emit,
                                      const LoopOperands &tile) const {
  Sources sources;
  Value thread = threadIndex(emit);
  Value first = emit.div(thread, Layout::rowChunks);
  sources.chunk = emit.rem(thread, Layout::rowChunks);
  sources.offset = Layout::emitOffset(emit, first, sources.chunk);
  auto clamp = [&](Value from, int64_t i, Value end) {
    Value at = emit.add(emit.add(from, first), i);
    return emit.min(at, emit.add(end, -1));
  };
  sources.inside = tile.weights.front();
  auto add = [&](Value row, Value present) {
    sources.addresses.push_back(emit.at(
        row, emit.getI8Type(), emit.mul(sources.chunk, Layout::chunkBytes)));
    sources.present.push_back(present);
  };
  for (int64_t i = 0; i < tileRows; i += rowsAtOnce()) {
    Value row = emit.add(emit.add(tile.firstRow, first), i);
    add(tile.rowAddress(clamp(tile.firstRow, i, tile.endRow)),
        emit.select(emit.less(row, tile.endRow), emit.i64(Layout::chunkBytes),
                    emit.i64(0)));
  }
  for (Value weight : tile.weights)
    for (int64_t i = 0; i < tileColumns; i += rowsAtOnce()) {
      Value column = clamp(tile.firstColumn, i, tile.endColumn);
      add(emit.at(weight, shape.weight, emit.mul(column, shape.depth)), {});
    }
  return sources;
}

/// Copies a block to the walk's stage to fill: one group of copies, empty
/// beyond the last block. Zeros beyond K, and for rows that are not there.
void RingLoop::fill(Emit &emit, const Sources &sources, const Walk &walk,
                    Value block) const {
  emit.branch(emit.less(block, emit.i64(segments.blocks)), [&] {
    Value to = emit.at(sharedMemory(emit), emit.getI8Type(),
                       emit.add(walk.fill, sources.offset));
    Value inside;
    if (shape.depth % blockDepth) {
      Value chunk = emit.add(emit.mul(block, Layout::rowChunks), sources.chunk);
      inside = emit.less(chunk, emit.i64(shape.depth / chunkDepth));
    }
    for (auto [i, from] : llvm::enumerate(walk.sources)) {
      // Rows further by an even number have their chunks at the same places.
      int64_t skipped = int64_t(i) * rowsAtOnce() * Layout::rowBytes;
      Value present = sources.present[i];
      if (inside)
        present = emit.select(inside,
                              present ? present : emit.i64(Layout::chunkBytes),
                              emit.i64(0));
      beginCopy(emit, inside ? emit.select(inside, from, sources.inside) : from,
                emit.at(to, emit.getI8Type(), emit.i64(skipped)), present);
    }
  });
  closeCopies(emit);
}

//===----------------------------------------------------------------------===//
// Multiplying
//===----------------------------------------------------------------------===//

RingLoop::Places RingLoop::placesOf(Emit &emit,
                                    const LoopOperands &tile) const {
  Places places;
  Warp warp = warpOf(emit);
  places.hasRows = emit.less(emit.add(tile.firstRow, warp.row), tile.endRow);
  Value lane = laneIndex(emit), group = emit.div(lane, 4);
  places.ones = hiddenOnes(emit);
  for (int64_t step = 0; step < 2; ++step) {
    Value chunk = emit.add(emit.rem(lane, 4), 4 * step);
    places.rows[step] =
        Layout::emitOffset(emit, emit.add(warp.row, group), chunk);
    places.columns[step] = Layout::emitOffset(
        emit, emit.add(emit.add(warp.column, group), tileRows), chunk);
  }
  return places;
}

/// 64 k of the stage at a byte of shared memory.
ThreadSums RingLoop::multiplyStage(Emit &emit, const Places &places,
                                   Value stage, ValueRange sums) const {
  ThreadSums next(sums);
  Value base = emit.at(sharedMemory(emit), emit.getI8Type(), stage);
  auto chunkAt = [&](Value place, int64_t rows) {
    Value byte = emit.add(place, rows * Layout::rowBytes);
    return loadAligned(emit, chunkType(emit),
                       emit.at(base, emit.getI8Type(), byte));
  };
  for (int64_t step = 0; step < 2; ++step) {
    SmallVector<Chunk> columns, rows;
    for (int64_t p = 0; p < shape.products; ++p)
      for (int64_t j = 0; j < ring.columnTiles; ++j)
        columns.push_back(
            chunkAt(places.columns[step], p * tileColumns + 8 * j));
    for (int64_t i = 0; i < 2 * ring.rowTiles; ++i)
      rows.push_back(chunkAt(places.rows[step], 8 * i));
    for (int64_t i = 0; i < ring.rowTiles; ++i)
      for (int64_t half : {0, 1}) {
        RowWords words =
            rowWordsOnce(emit, half, rows[2 * i], rows[2 * i + 1], places.ones);
        for (auto [j, column] : llvm::enumerate(columns)) {
          auto at = next.begin() + 4 * (int64_t(j) * ring.rowTiles + i);
          SmallVector<Value> own(at, at + 4);
          llvm::copy(multiplyHalf(emit, half, words, column, own), at);
        }
      }
  }
  return next;
}

/// The same, unless the tile has none of the warp's rows. With two warps one
/// above the other that saves little, and takes registers.
ThreadSums RingLoop::multiplyRows(Emit &emit, const Places &places, Value stage,
                                  ValueRange sums) const {
  if (ring.warpRows <= 2)
    return multiplyStage(emit, places, stage, sums);
  SmallVector<Type> types(sumCount(), emit.getF32Type());
  return emit.branch(
      places.hasRows, types,
      [&] { return multiplyStage(emit, places, stage, sums); },
      [&] { return ThreadSums(sums); });
}

/// Fills all stages but the last one.
RingLoop::Walk RingLoop::begin(Emit &emit, const Sources &sources) const {
  Walk walk(emit.i64(0), emit.i64(0), sources.addresses);
  for (int64_t i = 0; i < ring.stages - 1; ++i) {
    fill(emit, sources, walk, emit.i64(i));
    walk.fill = emit.i64((i + 1) * stageBytes());
    for (Value &source : walk.sources)
      source = emit.at(source, emit.getI8Type(), emit.i64(Layout::rowBytes));
  }
  return walk;
}

RingLoop::Walk RingLoop::after(Emit &emit, const Walk &walk) const {
  Walk next(emit.add(walk.read, stageBytes()), walk.read, walk.sources);
  Value wraps = emit.equal(next.read, emit.i64(ring.stages * stageBytes()));
  next.read = emit.select(wraps, emit.i64(0), next.read);
  for (Value &source : next.sources)
    source = emit.at(source, emit.getI8Type(), emit.i64(Layout::rowBytes));
  return next;
}

/// Waits for a block's stage, fills the one that the block before has left, and
/// multiplies. Carried: sums, then the walk.
SmallVector<Value> RingLoop::multiplyBlock(Emit &emit, const Sources &sources,
                                           const Places &places, Value block,
                                           ValueRange carried) const {
  Walk walk(carried.drop_front(sumCount()));
  awaitCopies(emit, ring.stages - 2);
  blockBarrier(emit);
  fill(emit, sources, walk, emit.add(block, ring.stages - 1));
  ThreadSums next =
      multiplyRows(emit, places, walk.read, carried.take_front(sumCount()));
  next.append(after(emit, walk).values());
  return next;
}

ThreadSums RingLoop::multiply(Emit &emit, const LoopOperands &tile) const {
  Sources sources = sourcesOf(emit, tile);
  Places places = placesOf(emit, tile);
  blockBarrier(emit); // nobody reads the last tile's stages any more
  SmallVector<Value> walk = begin(emit, sources).values();
  ThreadSums zeros(sumCount(), emit.number(emit.getF32Type(), 0.0));
  Value end = emit.i64(segments.blocks);
  // Of a segment: its sums, then the walk.
  auto segment = [&](Value first, ValueRange walk) {
    Value last = emit.min(emit.add(first, segments.perSegment), end);
    SmallVector<Value> carried(zeros);
    carried.append(walk.begin(), walk.end());
    carried = emit.loop(
        first, last, 1, carried, [&](Value block, ValueRange carried) {
          return multiplyBlock(emit, sources, places, block, carried);
        });
    keepRolled(carried);
    return carried;
  };
  SmallVector<Value> totals;
  if (segments.count == 1) {
    totals = segment(emit.i64(0), walk);
  } else {
    totals = zeros;
    totals.append(walk);
    totals = emit.loop(emit.i64(0), end, segments.perSegment, totals,
                       [&](Value first, ValueRange before) {
                         SmallVector<Value> next =
                             segment(first, before.drop_front(sumCount()));
                         for (size_t i = 0; i < sumCount(); ++i)
                           next[i] = emit.addF(before[i], next[i]);
                         return next;
                       });
    keepRolled(totals);
  }
  awaitCopies(emit, 0);
  totals.truncate(sumCount());
  return totals;
}

void RingLoop::forEachSum(Emit &emit, const ThreadSums &sums, Body body) const {
  auto pairType = emit.vector(2, emit.getF32Type());
  Warp warp = warpOf(emit);
  Value lane = laneIndex(emit);
  Value row = emit.add(warp.row, emit.div(lane, 4));
  Value column = emit.add(warp.column, emit.mul(emit.rem(lane, 4), 2));
  for (int64_t i = 0; i < ring.rowTiles; ++i)
    for (int64_t half = 0; half < 2; ++half)
      for (int64_t j = 0; j < ring.columnTiles; ++j) {
        SmallVector<Value> own;
        for (int64_t p = 0; p < shape.products; ++p) {
          int64_t tile = (p * ring.columnTiles + j) * ring.rowTiles + i;
          own.push_back(vector::FromElementsOp::create(
              emit, pairType,
              ArrayRef<Value>(sums).slice(4 * tile + 2 * half, 2)));
        }
        body(emit.add(row, 16 * i + 8 * half), emit.add(column, 8 * j), own);
      }
}

std::unique_ptr<ProductLoop> moec::makeRingLoop(const LoopShape &shape,
                                                RingRows rows, int64_t room) {
  // Half as many columns of two products, so that sums fit registers.
  int64_t two = shape.products;
  RingShape ring = {4, 1, 4 / two, 4};
  if (rows == RingRows::UpTo32)
    ring = {2, 1, 4 / two, 4};
  else if (rows == RingRows::UpTo128)
    ring = {4, 2, 8 / two, 4};
  while (ring.stages > 2 && RingLoop(shape, ring).sharedBytes > room)
    --ring.stages;
  return std::make_unique<RingLoop>(shape, ring);
}
