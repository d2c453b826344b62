//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Products of many rows on a GPU that has tensor copies and products of
/// warpgroups. A block has 128 rows and 256 columns, of one product or of two
/// together. Its last warpgroup fills a ring of stages, of 64 k each: one
/// thread has the weights copied as boxes of their tensor maps, and all copy
/// the rows, which may lie anywhere. The other two warpgroups have 64 rows each
/// and multiply; one whose rows are beyond the tile rests. Of each sum, K is
/// one chain.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/AsyncCopy.h"
#include "codegen/nvidia/ProductLoop.h"
#include "codegen/nvidia/SharedLayout.h"
#include "codegen/nvidia/StageRing.h"
#include "codegen/nvidia/StateSpace.h"
#include "codegen/nvidia/TensorProduct.h"
#include "codegen/nvidia/WarpgroupProduct.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

namespace {

using Layout = SwizzledLayout;
constexpr int64_t readers = 2;          ///< warpgroups that multiply
constexpr int64_t productColumns = 256; ///< of one instruction
constexpr int64_t mostStages = 6;

class WarpgroupLoop : public ProductLoop {
public:
  WarpgroupLoop(const LoopShape &shape, int64_t stages)
      : shape(shape), columns(productColumns / shape.products),
        blocks(llvm::divideCeil(shape.depth, blockDepth)),
        ring(stages, rowsBytes + weightBytes),
        lag(std::min({stages / 2, stages - 2, blocks})) {
    name = "wgmma, a ring of " + std::to_string(stages) +
           " stages by tensor copies";
    tileRows = readers * warpgroupRows;
    tileColumns = columns;
    threads = (readers + 1) * warpgroupThreads;
    lanes = 2;
    sharedBytes = ring.sharedBytes();
    layout = useOf<Layout>(0, stages * ring.stageBytes / Layout::rowBytes);
    mapRows = columns;
    takesParts = true;
  }

  ThreadSums multiply(Emit &emit, const LoopOperands &tile) const override;
  void forEachSum(Emit &emit, const ThreadSums &sums, Body body) const override;

private:
  static constexpr int64_t rowsBytes =
      readers * warpgroupRows * Layout::rowBytes;
  static constexpr int64_t weightBytes = productColumns * Layout::rowBytes;

  /// What a thread of the filling warpgroup copies: chunk `chunk` of rows that
  /// are rowsAtOnce apart.
  struct Source {
    SmallVector<Value> addresses;
    Value chunk, offset; ///< of the first row's chunk in a stage
  };
  static constexpr int64_t rowsAtOnce = warpgroupThreads / Layout::rowChunks;
  Source sourceOf(Emit &emit, const LoopOperands &tile) const;

  void fill(Emit &emit, const LoopOperands &tile, Value active) const;
  void copyRows(Emit &emit, const Source &source, Value stage, Value block,
                Value active) const;
  void copyWeights(Emit &emit, const LoopOperands &tile, Value stage,
                   Value block) const;
  StageRing::Position publish(Emit &emit, const StageRing::Position &at,
                              int64_t newest) const;
  ThreadSums sum(Emit &emit, const LoopOperands &tile) const;
  /// The blocks of K that the tile adds.
  struct Blocks {
    Value first, end;
  };
  Blocks blocksOf(Emit &emit, const LoopOperands &tile) const;

  LoopShape shape;
  int64_t columns; ///< of each product
  int64_t blocks;  ///< of 64 k
  StageRing ring;
  /// Groups of copies that a thread leaves in flight. Readers give a stage back
  /// once the next one is full, so with more than stages - 2 all would wait.
  int64_t lag;
};

} // namespace

/// The warpgroup, in a way that lets ptxas see that warps agree on it.
static Value warpgroupIndex(Emit &emit) {
  Value warp = shuffleFrom(emit, emit.truncate(warpIndex(emit)), emit.i64(0));
  return emit.div(emit.extend(warp), warpgroupWarps);
}

/// On one lane of the warp.
static void onElected(Emit &emit, llvm::function_ref<void()> body) {
  Value elected = NVVM::ElectSyncOp::create(emit, emit.getI1Type(), Value());
  emit.branch(elected, body);
}

//===----------------------------------------------------------------------===//
// Filling stages
//===----------------------------------------------------------------------===//

WarpgroupLoop::Source WarpgroupLoop::sourceOf(Emit &emit,
                                              const LoopOperands &tile) const {
  Source source;
  Value thread = emit.rem(threadIndex(emit), warpgroupThreads);
  Value first = emit.div(thread, Layout::rowChunks);
  source.chunk = emit.rem(thread, Layout::rowChunks);
  source.offset = Layout::emitOffset(emit, first, source.chunk);
  Value last = emit.add(tile.endRow, -1);
  for (int64_t i = 0; i < tileRows; i += rowsAtOnce) {
    Value row = emit.add(emit.add(tile.firstRow, first), i);
    source.addresses.push_back(tile.rowAddress(emit.min(row, last)));
  }
  return source;
}

/// One group of copies: of the rows of warpgroups that multiply. Zeros beyond
/// K.
void WarpgroupLoop::copyRows(Emit &emit, const Source &source, Value stage,
                             Value block, Value active) const {
  Value index = emit.add(emit.mul(block, Layout::rowChunks), source.chunk);
  Value bytes;
  if (shape.depth % blockDepth) {
    Value inside = emit.less(index, emit.i64(shape.depth / chunkDepth));
    index = emit.select(inside, index, emit.i64(0));
    bytes = emit.select(inside, emit.i64(copyBytes), emit.i64(0));
  }
  Value to = emit.at(stage, emit.getI8Type(), source.offset);
  Value element = emit.mul(index, chunkDepth);
  auto copy = [&](int64_t i) {
    // Rows further by a multiple of 8 have their chunks at the same places.
    int64_t further = i * rowsAtOnce * Layout::rowBytes;
    beginCopy(emit, emit.at(source.addresses[i], shape.x, element),
              emit.at(to, emit.getI8Type(), emit.i64(further)), bytes);
  };
  constexpr int64_t each = warpgroupRows / rowsAtOnce;
  for (int64_t i = 0; i < each; ++i)
    copy(i);
  emit.branch(emit.less(emit.i64(1), active), [&] {
    for (int64_t i = each; i < readers * each; ++i)
      copy(i);
  });
  closeCopies(emit);
}

/// Announces the bytes to the stage's barrier, and has them copied.
void WarpgroupLoop::copyWeights(Emit &emit, const LoopOperands &tile,
                                Value stage, Value block) const {
  Value full = ring.full(emit, stage);
  NVVM::MBarrierArriveExpectTxOp::create(
      emit, Type(), full, emit.truncate(emit.i64(weightBytes)),
      NVVM::MemScopeKind::CTA, false, Value());
  SmallVector<Value> coordinates = {
      emit.truncate(emit.mul(block, blockDepth)),
      emit.truncate(emit.add(tile.mapRow, tile.firstColumn))};
  for (auto [i, map] : llvm::enumerate(tile.maps)) {
    Value to =
        emit.at(ring.address(emit, stage), emit.getI8Type(),
                emit.i64(rowsBytes + int64_t(i) * columns * Layout::rowBytes));
    NVVM::CpAsyncBulkTensorGlobalToSharedClusterOp::create(
        emit, inSpace(emit, to, StateSpace::SharedCluster), map, coordinates,
        full, ValueRange(), Value(), Value(), NVVM::TMALoadMode::TILE, false,
        NVVM::CTAGroupKindAttr(), Value());
  }
}

/// Tells that the oldest stage on its way has this warp's rows. Copies of
/// threads are no asynchronous writes: products see them behind a fence.
StageRing::Position WarpgroupLoop::publish(Emit &emit,
                                           const StageRing::Position &at,
                                           int64_t newest) const {
  awaitCopies(emit, newest);
  fenceForAsync(emit);
  warpBarrier(emit);
  onElected(emit, [&] { arrive(emit, ring.full(emit, at.stage)); });
  return ring.next(emit, at);
}

WarpgroupLoop::Blocks WarpgroupLoop::blocksOf(Emit &emit,
                                              const LoopOperands &tile) const {
  if (tile.parts == 1)
    return {emit.i64(0), emit.i64(blocks)};
  int64_t each = llvm::divideCeil(blocks, tile.parts);
  Value first = emit.mul(tile.part, each);
  return {first, emit.min(emit.add(first, each), emit.i64(blocks))};
}

void WarpgroupLoop::fill(Emit &emit, const LoopOperands &tile,
                         Value active) const {
  using Position = StageRing::Position;
  Blocks all = blocksOf(emit, tile);
  Source source = sourceOf(emit, tile);
  Value isFirst =
      emit.equal(warpIndex(emit), emit.i64(readers * warpgroupWarps));
  Position begin = ring.start(emit);
  SmallVector<Value> state = begin.values(); // written next, published next
  llvm::append_range(state, begin.values());
  state = emit.loop(
      all.first, all.end, 1, state,
      [&](Value block, ValueRange in) -> SmallVector<Value> {
        Position write = Position::of(in.take_front(Position::count));
        ring.awaitEmpty(emit, write);
        emit.branch(isFirst, [&] {
          onElected(emit, [&] { copyWeights(emit, tile, write.stage, block); });
        });
        copyRows(emit, source, ring.address(emit, write.stage), block, active);
        SmallVector<Value> waiting(in.drop_front(Position::count));
        SmallVector<Type> types(Position::count, emit.getI64Type());
        SmallVector<Value> published = emit.branch(
            emit.less(block, emit.add(all.first, lag)), types,
            [&] { return waiting; },
            [&] { return publish(emit, Position::of(waiting), lag).values(); });
        SmallVector<Value> out = ring.next(emit, write).values();
        llvm::append_range(out, published);
        return out;
      });
  Position left = Position::of(ValueRange(state).drop_front(Position::count));
  for (int64_t i = lag; i-- > 0;)
    left = publish(emit, left, i);
}

//===----------------------------------------------------------------------===//
// Multiplying
//===----------------------------------------------------------------------===//

/// The sums of a warpgroup's rows. A stage is given back when the products of
/// the next one have begun and its own are complete: a lane speaks for its
/// warp.
ThreadSums WarpgroupLoop::sum(Emit &emit, const LoopOperands &tile) const {
  using Position = StageRing::Position;
  Blocks all = blocksOf(emit, tile);
  Value rows = emit.mul(warpgroupIndex(emit), warpgroupRows * Layout::rowBytes);
  SmallVector<Value> state = {zeroWarpgroupSums(emit, productColumns)};
  llvm::append_range(state, ring.start(emit).values());
  state = emit.loop(
      all.first, all.end, 1, state,
      [&](Value block, ValueRange in) -> SmallVector<Value> {
        Position at = Position::of(in.drop_front(1));
        ring.awaitFull(emit, at);
        Value stage = ring.address(emit, at.stage);
        Value sums = beginWarpgroupProduct(
            emit, emit.at(stage, emit.getI8Type(), rows),
            emit.at(stage, emit.getI8Type(), emit.i64(rowsBytes)),
            productColumns, in[0]);
        awaitWarpgroupProducts(emit, 1);
        Value gives =
            arith::AndIOp::create(emit, emit.less(all.first, block),
                                  emit.equal(laneIndex(emit), emit.i64(0)));
        emit.branch(gives, [&] {
          arrive(emit, ring.empty(emit, ring.previousStage(emit, at.stage)));
        });
        SmallVector<Value> out = {sums};
        llvm::append_range(out, ring.next(emit, at).values());
        return out;
      });
  awaitWarpgroupProducts(emit, 0);
  return listWarpgroupSums(emit, state[0]);
}

ThreadSums WarpgroupLoop::multiply(Emit &emit, const LoopOperands &tile) const {
  Value group = warpgroupIndex(emit);
  Value active =
      emit.ceilDiv(emit.sub(tile.endRow, tile.firstRow), warpgroupRows);
  active = emit.min(active, emit.i64(readers));
  blockBarrier(emit); // nobody reads the last tile's stages any more
  fenceForAsync(emit);
  ring.open(emit, emit.truncate(emit.i64(warpgroupWarps + 1)),
            emit.truncate(emit.mul(active, warpgroupWarps)));
  int64_t count = warpgroupRows * productColumns / warpgroupThreads;
  SmallVector<Type> types(count, emit.getF32Type());
  ThreadSums zeros(count, emit.number(emit.getF32Type(), 0.0));
  ThreadSums sums = emit.branch(
      emit.less(group, active), types, [&] { return sum(emit, tile); },
      [&] {
        emit.branch(emit.equal(group, emit.i64(readers)),
                    [&] { fill(emit, tile, active); });
        return zeros;
      });
  ring.close(emit);
  return sums;
}

void WarpgroupLoop::forEachSum(Emit &emit, const ThreadSums &sums,
                               Body body) const {
  auto pairType = emit.vector(2, emit.getF32Type());
  Value lane = laneIndex(emit), warp = warpIndex(emit);
  Value row = emit.add(emit.mul(warp, warpgroupRows / warpgroupWarps),
                       emit.div(lane, 4));
  Value column = emit.mul(emit.rem(lane, 4), 2);
  int64_t eights = columns / 8;
  emit.branch(emit.less(warp, emit.i64(readers * warpgroupWarps)), [&] {
    for (int64_t half = 0; half < 2; ++half)
      for (int64_t j = 0; j < eights; ++j) {
        SmallVector<Value> own;
        for (int64_t p = 0; p < shape.products; ++p)
          own.push_back(vector::FromElementsOp::create(
              emit, pairType,
              ArrayRef<Value>(sums).slice(4 * (p * eights + j) + 2 * half, 2)));
        body(emit.add(row, 8 * half), emit.add(column, 8 * j), own);
      }
  });
}

std::unique_ptr<ProductLoop> moec::makeWarpgroupLoop(const LoopShape &shape,
                                                     int64_t room) {
  int64_t stages = mostStages;
  while (stages > 1 && WarpgroupLoop(shape, stages).sharedBytes > room)
    --stages;
  // With one, products would wait for every copy.
  return stages > 1 ? std::make_unique<WarpgroupLoop>(shape, stages) : nullptr;
}
