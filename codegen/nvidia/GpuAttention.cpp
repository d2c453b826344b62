//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/GpuAttention.h"

#include "codegen/nvidia/AsyncCopy.h"
#include "codegen/nvidia/GpuKernels.h"
#include "codegen/nvidia/GpuStrips.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

static constexpr int64_t pageTokens = MOERT_PAGE_TOKENS;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

AttentionCut::AttentionCut(decoder::AttentionOp op, const Target &target)
    : window(op.getWindow().value_or(0)),
      scale(op.getScale().convertToDouble()) {
  decoder::KVCacheType cache = op.getCache().getType();
  kvHeads = cache.getHeads();
  headDim = cache.getHeadDim();
  group = rowLength(op.getQueries()) / (kvHeads * headDim);
  pageBytes =
      headDim * pageTokens * cache.getElement().getIntOrFloatBitWidth() / 8;
  // A row has its outputs twice in registers: those of a class, and the total.
  // Of a token, a lane keeps what it sees.
  constexpr int64_t mostRows = 8, mostOutputs = 32, mostTokens = 4;
  int64_t columns = warpShape(1).columns();
  int64_t most = std::clamp<int64_t>(mostOutputs / columns, 1, mostRows);
  tiles = llvm::divideCeil(group, most);
  rows = llvm::divideCeil(group, tiles);
  warpTokens = std::min(most / rows, mostTokens);
  for (bool copies : {true, false})
    for (int64_t warps : {8, 4, 2, 1}) {
      this->warps = warps;
      this->copies = copies;
      if (sharedBytes() <= target.gpu.sharedBytes)
        return;
    }
}

int64_t AttentionCut::sharedBytes() const {
  return std::max(TokenAreas(*this).bytes, TileAreas(*this).bytes);
}

SmallVector<LayoutUse, 4> AttentionCut::layouts() const {
  TokenAreas token(*this);
  TileAreas tile(*this);
  SmallVector<LayoutUse, 4> uses = {
      warpShape(rows).weightLayout(token.weights, warps),
      warpShape(warpTokens * rows).weightLayout(tile.weights, warps)};
  // Keys and values of a page are rows as in the cache.
  if (copies) {
    uses.push_back({"pages", token.pages, 2 * warps, pageBytes, {}});
    uses.push_back({"pages", tile.pages, 4, pageBytes, {}});
  }
  return uses;
}

TokenAreas::TokenAreas(const AttentionCut &cut) {
  ScratchAreas areas;
  int64_t row = cut.rows * sizeof(float);
  queries = areas.take(row * cut.headDim);
  weights = areas.take(cut.warps * cut.warpShape(cut.rows).weightBytes());
  outputs = areas.take(cut.warps * row * cut.headDim);
  maxima = areas.take(cut.warps * row);
  sums = areas.take(cut.warps * row);
  factors = areas.take(2 * cut.warps * row);
  total = areas.take(row * cut.headDim);
  totalMaxima = areas.take(row);
  totalSums = areas.take(row);
  pages = areas.take(cut.copies ? 2 * cut.warps * cut.pageBytes : 0);
  bytes = areas.bytes();
}

TileAreas::TileAreas(const AttentionCut &cut) {
  ScratchAreas areas;
  int64_t rows = cut.warpTokens * cut.rows;
  queries = areas.take(cut.warps * rows * cut.headDim * sizeof(float));
  weights = areas.take(cut.warps * cut.warpShape(rows).weightBytes());
  pages = areas.take(cut.copies ? 4 * cut.pageBytes : 0); // two pages
  bytes = areas.bytes();
}

//===----------------------------------------------------------------------===//
// What tokens see
//===----------------------------------------------------------------------===//

VisibleRange::VisibleRange(Emit &emit, const AttentionCut &cut, Value position)
    : first(emit.i64(0)), end(emit.add(position, 1)) {
  if (cut.window)
    first = emit.max(first, emit.sub(end, emit.i64(cut.window)));
}

Value VisibleRange::firstPage(Emit &emit) const {
  return emit.div(first, pageTokens);
}
Value VisibleRange::lastPage(Emit &emit) const {
  return emit.div(emit.add(end, -1), pageTokens);
}

AttentionWarp::Page VisibleRange::of(Emit &emit, Value page) const {
  Value start = emit.mul(page, pageTokens);
  AttentionWarp::Page range;
  range.from = emit.max(emit.sub(first, start), emit.i64(0));
  range.to = emit.min(emit.sub(end, start), emit.i64(pageTokens));
  return range;
}

/// Bytes from 0 to those of a copy.
static Value ofCopy(Emit &emit, Value bytes) {
  return emit.min(emit.max(bytes, emit.i64(0)), emit.i64(copyBytes));
}

Value moec::keyBytes(Emit &emit, const AttentionCut &cut, Value to,
                     Value offset) {
  int64_t row = cut.pageBytes / cut.headDim, element = row / pageTokens;
  return ofCopy(emit, emit.sub(emit.mul(to, element), emit.rem(offset, row)));
}

Value moec::valueBytes(Emit &emit, const AttentionCut &cut, Value to,
                       Value offset) {
  return ofCopy(emit,
                emit.sub(emit.mul(to, cut.pageBytes / pageTokens), offset));
}

Value moec::firstElement(Emit &emit, const AttentionCut &cut,
                         const HeadTile &heads) {
  Value head = emit.add(emit.mul(heads.kvHead, cut.group), heads.first);
  return emit.mul(head, cut.headDim);
}

//===----------------------------------------------------------------------===//
// The builder
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planGpuAttention(exec::KernelOp kernel,
                                              const KernelContext &context) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  AttentionCut cut(op, context.target);
  KernelPlan plan;
  plan.tasksPerRow = cut.kvHeads * cut.tiles;
  plan.blockThreads = cut.threads();
  plan.sharedBytes = cut.sharedBytes();
  for (const LayoutUse &use : cut.layouts())
    plan.layouts.push_back(use.attribute(kernel.getContext()));
  return plan;
}

/// Whether a tile of tokens is of one sequence, and at least half of it there.
static Value isTile(Emit &emit, const AttentionCut &cut,
                    const AttentionOperands &operands, Value first,
                    Value last) {
  auto sequence = [&](Value t) {
    return loadIndex(emit, operands.batch.sequences, t);
  };
  Value own = sequence(first);
  Value count = emit.add(emit.sub(last, first), 1);
  Value is = emit.less(emit.i64(cut.tileTokens() - 1), emit.mul(count, 2));
  for (int64_t i = 0; i < cut.tileTokens(); i += warpThreads) {
    Value t = emit.min(emit.add(emit.add(first, laneIndex(emit)), i), last);
    is = emit.select(is, emit.equal(sequence(t), own), is);
  }
  return allOfWarp(emit, is);
}

/// The block's token, or the tile of tokens that begins with it.
static void attend(Emit &emit, const AttentionCut &cut,
                   const AttentionOperands &operands, const HeadTile &heads,
                   Value token) {
  auto alone = [&] { attendToken(emit, cut, operands, heads, token); };
  if (cut.tileTokens() == 1)
    return alone();
  Value first = emit.mul(emit.div(token, cut.tileTokens()), cut.tileTokens());
  Value last = emit.min(emit.add(first, cut.tileTokens() - 1),
                        emit.add(operands.tokens, -1));
  emit.branch(
      isTile(emit, cut, operands, first, last),
      [&] {
        emit.branch(emit.equal(token, first), [&] {
          attendTile(emit, cut, operands, heads, first, last);
        });
      },
      alone);
}

static void emitGpuAttention(exec::KernelOp kernel,
                             const KernelContext &context, Emit &emit) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  AttentionCut cut(op, context.target);
  emitEntry(emit, kernel, cut.threads(), [&](const GpuArguments &arguments) {
    AttentionOperands operands = {
        matrixOf(arguments, op.getQueries()), matrixOf(arguments, op.getY()),
        CachePages(arguments.pointerTo(op.getCache()), op.getCache().getType()),
        BatchFields::load(emit, arguments.pointerTo(op.getBatch())),
        arguments.rows(emit)};
    Value block = blockIndex(emit), tile = emit.rem(block, cut.tiles);
    Value head = emit.div(block, cut.tiles);
    HeadTile heads = {emit.rem(head, cut.kvHeads), emit.mul(tile, cut.rows)};
    attend(emit, cut, operands, heads, emit.div(head, cut.kvHeads));
  });
}

static constexpr StringRef operations[] = {
    decoder::AttentionOp::getOperationName()};
const KernelBuilder moec::gpuAttentionKernel = {operations, planGpuAttention,
                                                emitGpuAttention};
