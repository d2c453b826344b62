//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Attention of few tokens: blocks share the classes of pages of all tokens and
/// heads, and leave a state for each in scratch memory; blocks of a second
/// stage merge those of a token and head, in the classes' order. Whoever has
/// its token's only class writes the outputs at once, and none waits for it.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/TokenAttention.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>
#include <optional>

using namespace mlir;
using namespace moec;

namespace {

/// States in scratch memory: [token][head tile][class that has pages].
struct ScratchStates {
  const AttentionCut &cut;

  Row of(Emit &emit, const GpuArguments &arguments, Value headTile,
         Value i) const {
    Value index = emit.add(emit.mul(headTile, PageWalk::classes), i);
    return Row{arguments.scratch(emit), emit.getF32Type()}.from(
        emit, emit.mul(index, cut.stateElements()));
  }
};

/// Classes of pages that a token sees.
Value countClasses(Emit &emit, const AttentionCut &cut, Value position) {
  VisibleRange range(emit, cut, position);
  return PageWalk(emit, range.firstPage(emit), range.lastPage(emit))
      .classCount();
}

/// Units of work are a class of a token and head tile each: first the first
/// classes of all, then the second ones, so that those without pages come last.
class ClassStage : public GpuStage {
public:
  ClassStage(decoder::AttentionOp op, const AttentionCut &cut)
      : op(op), cut(cut) {}

  TaskCount tasks() const override { return {0, cut.dealtBlocks}; }
  void prepare(Emit &emit, const GpuArguments &arguments) override;
  void emitBlock(Emit &emit, const GpuArguments &arguments,
                 Value block) override;

private:
  void computeUnit(Emit &emit, const GpuArguments &arguments, Value headTile,
                   Value i);

  decoder::AttentionOp op;
  AttentionCut cut;
  std::optional<AttentionOperands> operands;
  Value mostClasses; ///< of any token
};

/// A block for each token and head tile.
class MergeStage : public GpuStage {
public:
  MergeStage(decoder::AttentionOp op, const AttentionCut &cut)
      : op(op), cut(cut) {}

  TaskCount tasks() const override { return {cut.headTiles(), 0}; }
  Value hasWork(Emit &emit, const GpuArguments &arguments,
                Value block) override;
  void emitBlock(Emit &emit, const GpuArguments &arguments,
                 Value block) override;

private:
  /// Of each row and class, f32 [rows][classes]: by how much what was before
  /// shrinks, the weight of the class's outputs, and its sum.
  Row factors(Emit &emit, int64_t which) const {
    int64_t bytes = cut.rows * PageWalk::classes * int64_t(sizeof(float));
    return {sharedMemory(emit, which * bytes), emit.getF32Type()};
  }
  Value countOf(Emit &emit, const GpuArguments &arguments, Value block);
  void computeFactors(Emit &emit, Row states, Value count);
  SmallVector<Value> mergeStrip(Emit &emit, Row states, Value count, Value at,
                                int64_t lanes);

  decoder::AttentionOp op;
  AttentionCut cut;
};

} // namespace

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

void ClassStage::prepare(Emit &emit, const GpuArguments &arguments) {
  operands.emplace(emit, arguments, op);
  Value most =
      emit.loop(laneIndex(emit), operands->tokens, warpThreads,
                ValueRange{emit.i64(0)}, [&](Value t, ValueRange carried) {
                  Value position = operands->batch.position(emit, t);
                  Value count = countClasses(emit, cut, position);
                  return SmallVector<Value>{emit.max(count, carried[0])};
                })[0];
  mostClasses = combineLanes(emit, most, warpThreads / 2, 1,
                             [&](Value a, Value b) { return emit.max(a, b); });
}

void ClassStage::computeUnit(Emit &emit, const GpuArguments &arguments,
                             Value headTile, Value i) {
  HeadTile heads(emit, cut, emit.rem(headTile, cut.headTiles()));
  TokenBlock block(emit, cut, *operands, heads,
                   emit.div(headTile, cut.headTiles()));
  Value count = block.classCount();
  emit.branch(emit.less(i, count), [&] {
    TokenBlock::State state = block.walkClass(i, [&] { block.loadQueries(); });
    emit.branch(
        emit.equal(count, emit.i64(1)),
        [&] { block.storeOutputs(block.merge(block.initial(), state)); },
        [&] {
          ScratchStates states = {cut};
          block.storeState(state, states.of(emit, arguments, headTile, i));
        });
  });
}

void ClassStage::emitBlock(Emit &emit, const GpuArguments &arguments,
                           Value block) {
  Value headTiles = emit.mul(operands->tokens, cut.headTiles());
  emit.loop(block, emit.mul(headTiles, mostClasses), cut.dealtBlocks,
            [&](Value unit) {
              computeUnit(emit, arguments, emit.rem(unit, headTiles),
                          emit.div(unit, headTiles));
            });
}

//===----------------------------------------------------------------------===//
// Merging
//===----------------------------------------------------------------------===//

Value MergeStage::countOf(Emit &emit, const GpuArguments &arguments,
                          Value block) {
  auto batch = BatchFields::load(emit, arguments.pointerTo(op.getBatch()));
  Value token = emit.div(block, cut.headTiles());
  return countClasses(emit, cut, batch.position(emit, token));
}

Value MergeStage::hasWork(Emit &emit, const GpuArguments &arguments,
                          Value block) {
  return emit.less(emit.i64(1), countOf(emit, arguments, block));
}

/// A warp a row, a lane a class. Maxima are never NaN, so they may be compared
/// in any order.
void MergeStage::computeFactors(Emit &emit, Row states, Value count) {
  Value lane = laneIndex(emit);
  Value lowest =
      emit.number(emit.getF32Type(), -std::numeric_limits<double>::infinity());
  forEachOfWarps(emit, cut.threads(), emit.i64(cut.rows), [&](Value row) {
    Value state =
        emit.mul(emit.min(lane, emit.add(count, -1)), cut.stateElements());
    Value at = emit.add(emit.add(state, cut.rows * cut.headDim), row);
    Value own = loadStrip(emit, states, at, 1);
    Value sum = loadStrip(emit, states, emit.add(at, cut.rows), 1);
    Value maximum = own; // of this class and those before it
    auto fromBefore = [&](Value v, int64_t distance, Value otherwise) {
      Value from = emit.max(emit.add(lane, -distance), emit.i64(0));
      return emit.select(emit.less(lane, emit.i64(distance)), otherwise,
                         shuffleFrom(emit, v, from));
    };
    for (int64_t distance = 1; distance < warpThreads; distance *= 2)
      maximum = emit.maxF(maximum, fromBefore(maximum, distance, maximum));
    Value before = fromBefore(maximum, 1, lowest);
    Value place = emit.add(emit.mul(row, PageWalk::classes), lane);
    storeStrip(emit, emit.exp(emit.subF(before, maximum)), factors(emit, 0),
               place);
    storeStrip(emit, emit.exp(emit.subF(own, maximum)), factors(emit, 1),
               place);
    storeStrip(emit, sum, factors(emit, 2), place);
  });
  blockBarrier(emit);
}

/// The outputs of a strip, and the sum of its row. Loads are written out, so
/// that many are on their way.
SmallVector<Value> MergeStage::mergeStrip(Emit &emit, Row states, Value count,
                                          Value at, int64_t lanes) {
  constexpr int64_t together = 8;
  Type f32 = emit.getF32Type();
  Value row = emit.div(at, cut.headDim), last = emit.add(count, -1);
  SmallVector<Value> zeros = {spread(emit, emit.number(f32, 0.0), lanes),
                              emit.number(f32, 0.0)};
  return emit.loop(
      emit.i64(0), count, together, zeros, [&](Value first, ValueRange now) {
        SmallVector<Value> next(now), own;
        for (int64_t j = 0; j < together; ++j) {
          Value i = emit.min(emit.add(first, j), last);
          Value start = emit.mul(i, cut.stateElements());
          own.push_back(loadWhole(emit, states, emit.add(start, at), lanes));
        }
        for (int64_t j = 0; j < together; ++j) {
          Value i = emit.add(first, j);
          Value place = emit.add(emit.mul(row, PageWalk::classes), i);
          auto factor = [&](int64_t which) {
            return loadStrip(emit, factors(emit, which), place, 1);
          };
          Value is = emit.less(i, count), shrink = factor(0),
                weight = factor(1);
          Value outputs =
              emit.fma(next[0], spread(emit, shrink, lanes),
                       emit.mulF(own[j], spread(emit, weight, lanes)));
          Value sum = emit.fma(next[1], shrink, emit.mulF(factor(2), weight));
          next = {emit.select(is, outputs, next[0]),
                  emit.select(is, sum, next[1])};
        }
        return next;
      });
}

void MergeStage::emitBlock(Emit &emit, const GpuArguments &arguments,
                           Value block) {
  Value count = countOf(emit, arguments, block);
  ScratchStates scratch = {cut};
  Row states = scratch.of(emit, arguments, block, emit.i64(0));
  computeFactors(emit, states, count);
  HeadTile heads(emit, cut, emit.rem(block, cut.headTiles()));
  Row to = matrixOf(arguments, op.getY())
               .row(emit, emit.div(block, cut.headTiles()))
               .from(emit, firstElement(emit, cut, heads));
  int64_t lanes = accessLanes({emit.getF32Type()}, cut.headDim);
  Value rows =
      emit.min(emit.i64(cut.rows), emit.sub(emit.i64(cut.group), heads.first));
  emit.loop(emit.mul(threadIndex(emit), lanes), emit.mul(rows, cut.headDim),
            cut.threads() * lanes, [&](Value at) {
              SmallVector<Value> all =
                  mergeStrip(emit, states, count, at, lanes);
              Value sum = spread(emit, all[1], lanes);
              storeWhole(emit, emit.divF(all[0], sum), to, at);
            });
}

GpuStages moec::attentionStages(decoder::AttentionOp op,
                                const AttentionCut &cut) {
  GpuStages stages;
  stages.push_back(std::make_unique<ClassStage>(op, cut));
  stages.push_back(std::make_unique<MergeStage>(op, cut));
  return stages;
}
