//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/TensorAttention.h"

#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/TensorSteps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

using namespace mlir;
using namespace moec;

static constexpr int64_t pageTokens = MOERT_PAGE_TOKENS;
static constexpr int64_t chunkElements = 8; ///< bf16, of 16 bytes
static constexpr int64_t bankBytes = 128;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

ChunkRows::ChunkRows(int64_t headDim) : chunks(headDim / chunkElements) {
  bool fills = headDim * 2 % bankBytes == 0;
  pitch = (fills ? chunks : chunks + 1) * KeyRows::chunkBytes;
  if (fills)
    exchange.bits = 3;
}

Value ChunkRows::emitOffset(Emit &emit, Value row, Value chunk) const {
  Value place =
      exchange.bits ? exchanged(emit, chunk, emit.rem(row, 8)) : chunk;
  return emit.add(emit.mul(row, pitch), emit.mul(place, KeyRows::chunkBytes));
}

const char *TensorCut::obstacle(decoder::AttentionOp op, const Target &target) {
  // Sums of 16 rows and a head of 128 are 64 registers.
  constexpr int64_t mostHeadDim = 128, productDepth = 16;
  int64_t headDim = op.getCache().getType().getHeadDim();
  if (target.isBatchInvariant)
    return "bits that depend on no other rows";
  if (!op.getCache().getType().getElement().isBF16())
    return "other elements than tensor cores take here";
  if (headDim % productDepth || headDim > mostHeadDim)
    return "heads that are no multiple of 16, or of more than 128";
  if (op.getScale().convertToDouble() <= 0)
    return "a scale that is not positive";
  return nullptr;
}

TensorCut::TensorCut(decoder::AttentionOp op, const Target &target)
    : AttentionSizes(op), chunkRows(headDim) {
  tiles = llvm::divideCeil(group, rows);
  heads = llvm::divideCeil(group, tiles);
  // Two blocks on a multiprocessor hide each other's softmax.
  constexpr int64_t resident = 2, systemShared = 1024;
  for (int64_t pages : {2, 1}) {
    ScratchAreas areas;
    stepPages = pages;
    queries = areas.take(parts * rows * chunkRows.pitch);
    keys = llvm::alignTo(areas.bytes(), bankBytes);
    values = keys + stages * stepPages * keyBytes();
    sharedBytes = values + stages * stepPages * valueBytes();
    if (resident * (sharedBytes + systemShared) <=
        target.gpu.multiprocessorShared)
      return;
  }
}

int64_t TensorCut::keyBytes() const {
  return headDim / KeyRows::depths * KeyRows::rowBytes;
}

int64_t TensorCut::valueBytes() const { return pageTokens * chunkRows.pitch; }

SmallVector<LayoutUse, 4> TensorCut::layouts() const {
  int64_t pages = stages * stepPages;
  return {chunkRows.use(queries, parts * rows),
          LayoutUse{KeyRows::name, keys, pages * keyBytes() / KeyRows::rowBytes,
                    KeyRows::rowBytes, KeyRows::exchange},
          chunkRows.use(values, pages * pageTokens)};
}

/// There is a block for each tile of tokens, and perhaps some without one.
KernelPlan moec::planTensorAttention(exec::KernelOp kernel,
                                     const TensorCut &cut) {
  KernelPlan plan;
  plan.tasksPerRow = cut.headTiles();
  plan.fixedTasks = cut.headTiles() * (cut.tileTokens() - 1);
  plan.blockTasks = cut.tileTokens();
  plan.blockThreads = TensorCut::threads;
  plan.sharedBytes = cut.sharedBytes;
  for (const LayoutUse &use : cut.layouts())
    plan.layouts.push_back(use.attribute(kernel.getContext()));
  return plan;
}

//===----------------------------------------------------------------------===//
// A tile of tokens
//===----------------------------------------------------------------------===//

namespace {

/// A tile of tokens and the heads of a group, by a block.
class TensorBlock {
public:
  TensorBlock(Emit &emit, const TensorCut &cut,
              const AttentionOperands &operands, Value headTile, Value tile)
      : emit(emit), cut(cut), operands(operands), lane(laneIndex(emit)),
        first(emit.mul(tile, cut.tileTokens())),
        last(emit.min(emit.add(first, cut.tileTokens() - 1),
                      emit.add(operands.tokens, -1))),
        kvHead(emit.div(headTile, cut.tiles)),
        firstHead(emit.mul(emit.rem(headTile, cut.tiles), cut.heads)),
        steps(emit, cut) {}

  void run();

private:
  using State = TensorSteps::State;
  /// A row of the block's.
  struct RowPlace {
    Value token, head; ///< head: of the group
    Value is;          ///< whether there is one
  };

  RowPlace rowPlace(Value row);
  Value rowOfLane(int64_t i);
  Value ofWarp(Value v, llvm::function_ref<Value(Value, Value)> combine);
  Value endOfRun(Value from);
  TensorRows visibleRows(Value from, Value end);
  Row elements(const Matrix &matrix, const RowPlace &place);
  void loadQueries();
  State addRun(Value from, Value end, ValueRange state);
  void storeOutputs(ValueRange state);

  Emit &emit;
  const TensorCut &cut;
  const AttentionOperands &operands;
  Value lane, first, last, kvHead, firstHead;
  TensorSteps steps;
};

} // namespace

TensorBlock::RowPlace TensorBlock::rowPlace(Value row) {
  Value token = emit.add(first, emit.div(row, cut.heads));
  Value head = emit.add(firstHead, emit.rem(row, cut.heads));
  Value is = arith::AndIOp::create(emit, emit.less(token, emit.add(last, 1)),
                                   emit.less(head, emit.i64(cut.group)));
  return {emit.min(token, last), emit.min(head, emit.i64(cut.group - 1)), is};
}

/// The lane has two rows of sums.
Value TensorBlock::rowOfLane(int64_t i) {
  Value row = emit.add(emit.mul(warpIndex(emit), TensorCut::warpRows),
                       emit.div(lane, 4));
  return emit.add(row, 8 * i);
}

/// Of the rows of a warp: four lanes have the same ones.
Value TensorBlock::ofWarp(Value v,
                          llvm::function_ref<Value(Value, Value)> combine) {
  return combineLanes(emit, v, warpThreads / 2, 4, combine);
}

/// The first token of the tile behind `from` that is of another sequence.
Value TensorBlock::endOfRun(Value from) {
  auto sequence = [&](Value t) { return operands.batch.sequence(emit, t); };
  Value own = sequence(from), none = emit.add(last, 1), end = none;
  for (int64_t i = 0; i < cut.tileTokens(); i += warpThreads) {
    Value t = emit.min(emit.add(emit.add(first, lane), i), last);
    Value same = arith::OrIOp::create(emit, emit.less(t, from),
                                      emit.equal(sequence(t), own));
    end = emit.min(end, emit.select(same, none, t));
  }
  return combineLanes(emit, end, warpThreads / 2, 1,
                      [&](Value a, Value b) { return emit.min(a, b); });
}

/// What the lane's rows see of the sequence of a run: nothing if their token is
/// not of it.
TensorRows TensorBlock::visibleRows(Value from, Value end) {
  TensorRows rows;
  auto least = [&](Value a, Value b) { return emit.min(a, b); };
  auto most = [&](Value a, Value b) { return emit.max(a, b); };
  for (int64_t i : {0, 1}) {
    RowPlace place = rowPlace(rowOfLane(i));
    Value is =
        arith::AndIOp::create(emit, emit.less(emit.add(from, -1), place.token),
                              emit.less(place.token, end));
    is = arith::AndIOp::create(emit, is, place.is);
    Value seen = emit.add(operands.batch.position(emit, place.token), 1);
    rows.end[i] = emit.select(is, seen, emit.i64(0));
    if (cut.window)
      rows.first[i] =
          emit.max(emit.sub(seen, emit.i64(cut.window)), emit.i64(0));
  }
  rows.leastEnd = ofWarp(least(rows.end[0], rows.end[1]), least);
  rows.mostEnd = ofWarp(most(rows.end[0], rows.end[1]), most);
  if (cut.window)
    rows.mostFirst = ofWarp(most(rows.first[0], rows.first[1]), most);
  return rows;
}

Row TensorBlock::elements(const Matrix &matrix, const RowPlace &place) {
  Value head = emit.add(emit.mul(kvHead, cut.group), place.head);
  return matrix.row(emit, place.token).from(emit, emit.mul(head, cut.headDim));
}

/// Rows beyond the last token or head repeat it. All loads are on their way
/// before the first is waited for.
void TensorBlock::loadQueries() {
  int64_t chunks = cut.chunkRows.chunks, count = TensorCut::rows * chunks;
  auto at = [&](int64_t i) { return emit.add(threadIndex(emit), i); };
  auto ofChunk = [&](Value index) {
    return emit.mul(emit.rem(index, chunks), chunkElements);
  };
  SmallVector<SmallVector<Value>> loaded;
  constexpr int64_t quad = 4;
  for (int64_t i = 0; i < count; i += TensorCut::threads) {
    Row from = elements(operands.queries, rowPlace(emit.div(at(i), chunks)));
    SmallVector<Value> quads;
    for (int64_t j = 0; j < chunkElements; j += quad)
      quads.push_back(loadWhole(emit, from, emit.add(ofChunk(at(i)), j), quad));
    loaded.push_back(quads);
  }
  for (int64_t i = 0; i < count; i += TensorCut::threads)
    steps.storeQueries(emit.div(at(i), chunks), emit.rem(at(i), chunks),
                       loaded[i / TensorCut::threads]);
}

/// The tokens from .. end of one sequence, against the pages that any sees.
TensorBlock::State TensorBlock::addRun(Value from, Value end,
                                       ValueRange state) {
  auto position = [&](Value t) { return operands.batch.position(emit, t); };
  TensorPages pages = {operands.cache, kvHead, operands.batch.pages(emit, from),
                       emit.i64(0), emit.add(position(emit.add(end, -1)), 1)};
  if (cut.window) {
    Value seen = emit.sub(position(from), emit.i64(cut.window - 1));
    pages.first = emit.div(emit.max(seen, emit.i64(0)), pageTokens);
  }
  blockBarrier(emit); // nobody reads pages of the run before
  return steps.walk(pages, visibleRows(from, end), state, [&] {
    emit.branch(emit.equal(from, first), [&] { loadQueries(); });
  });
}

void TensorBlock::storeOutputs(ValueRange state) {
  for (int64_t i : {0, 1}) {
    RowPlace place = rowPlace(rowOfLane(i));
    Value one = emit.number(emit.getF32Type(), 1.0);
    Value share = emit.divF(one, steps.sumOfRow(state, i));
    emit.branch(place.is, [&] {
      Row to = elements(operands.y, place);
      steps.forEachPair(state, i, [&](Value pair, Value d) {
        storeWhole(emit, emit.mulF(pair, emit.splat(share, 2)), to, d);
      });
    });
  }
}

/// values = next(values) while goesOn(values).
static ValueRange
repeat(Emit &emit, ArrayRef<Value> values,
       llvm::function_ref<Value(ValueRange)> goesOn,
       llvm::function_ref<SmallVector<Value>(ValueRange)> next) {
  SmallVector<Type> types(TypeRange{ValueRange(values)});
  SmallVector<Location> places(types.size(), emit.getLoc());
  auto loop = scf::WhileOp::create(emit, types, values);
  OpBuilder::InsertionGuard guard(emit);
  Block *before = emit.createBlock(&loop.getBefore(), {}, types, places);
  scf::ConditionOp::create(emit, goesOn(before->getArguments()),
                           before->getArguments());
  Block *after = emit.createBlock(&loop.getAfter(), {}, types, places);
  scf::YieldOp::create(emit, next(after->getArguments()));
  return loop.getResults();
}

void TensorBlock::run() {
  SmallVector<Value> carried = {first};
  carried.append(steps.initial());
  ValueRange all = repeat(
      emit, carried,
      [&](ValueRange now) { return emit.less(now[0], emit.add(last, 1)); },
      [&](ValueRange now) {
        Value end = endOfRun(now[0]);
        SmallVector<Value> next = {end};
        next.append(addRun(now[0], end, now.drop_front()));
        return next;
      });
  storeOutputs(all.drop_front());
}

void moec::emitTensorAttention(exec::KernelOp kernel, const TensorCut &cut,
                               Emit &emit) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  emitEntry(
      emit, kernel, TensorCut::threads, [&](const GpuArguments &arguments) {
        AttentionOperands operands(emit, arguments, op);
        Value block = blockIndex(emit);
        // The last tokens see most, so their tiles begin first.
        Value tiles = emit.ceilDiv(operands.tokens, cut.tileTokens());
        Value left = emit.sub(tiles, emit.div(block, cut.headTiles()));
        emit.branch(emit.less(emit.i64(0), left), [&] {
          TensorBlock(emit, cut, operands, emit.rem(block, cut.headTiles()),
                      emit.add(left, -1))
              .run();
        });
      });
}
