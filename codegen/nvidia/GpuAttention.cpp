//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/GpuAttention.h"

#include "codegen/nvidia/AsyncCopy.h"
#include "codegen/nvidia/GpuKernels.h"
#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/TensorAttention.h"

#include <algorithm>
#include <string>

using namespace mlir;
using namespace moec;

static constexpr int64_t pageTokens = MOERT_PAGE_TOKENS;
/// Of a multiprocessor, that share the classes of pages: their copies hide each
/// other's arithmetic.
static constexpr int64_t blocksAtOnce = 2;

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

AttentionCut::AttentionCut(exec::KernelOp kernel, const KernelContext &context)
    : AttentionSizes(firstOperation<decoder::AttentionOp>(kernel)),
      mostTokens(context.mostTokens(kernel)) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  Type element = op.getCache().getType().getElement();
  pageBytes = headDim * pageTokens * element.getIntOrFloatBitWidth() / 8;
  // A row has its outputs twice in registers: those of a class, and the total.
  // Of a token, a lane keeps what it sees.
  constexpr int64_t mostRows = 8, mostOutputs = 32, mostOfWarp = 4;
  int64_t columns = warpShape(1).columns();
  int64_t most = std::clamp<int64_t>(mostOutputs / columns, 1, mostRows);
  tiles = llvm::divideCeil(group, most);
  rows = llvm::divideCeil(group, tiles);
  warpTokens = std::min(most / rows, mostOfWarp);
  const GpuFeatures &gpu = context.target.gpu;
  if (mostTokens <= mostDealt)
    dealtBlocks = std::min(blocksAtOnce * gpu.multiprocessors,
                           mostTokens * headTiles() * PageWalk::classes);
  for (bool copies : {true, false})
    for (int64_t warps : {4, 2, 1}) {
      this->warps = warps;
      this->copies = copies;
      if (sharedBytes() <= gpu.sharedBytes)
        return;
    }
}

int64_t AttentionCut::stateElements() const {
  constexpr int64_t whole = copyBytes / sizeof(float);
  return llvm::alignTo(rows * (headDim + 2), whole);
}

/// Enough for the most tokens: with fewer, a token has more threads.
int64_t AttentionCut::scratchBytes() const {
  if (!dealtBlocks)
    return 0;
  int64_t states = mostTokens * headTiles() * PageWalk::classes;
  int64_t blocks = dealtBlocks + mostTokens * headTiles();
  return llvm::divideCeil(states * stateElements() * int64_t(sizeof(float)),
                          blocks * threads());
}

int64_t AttentionCut::sharedBytes() const {
  int64_t ofToken = TokenAreas(*this).bytes;
  return dealtBlocks ? ofToken + ticketBytes
                     : std::max(ofToken, TileAreas(*this).bytes);
}

SmallVector<LayoutUse, 4> AttentionCut::layouts() const {
  TokenAreas token(*this);
  TileAreas tile(*this);
  // Keys and values of a page are rows as in the cache.
  SmallVector<LayoutUse, 4> uses = {
      warpShape(rows).weightLayout(token.weights, warps)};
  if (copies)
    uses.push_back({"pages", token.pages, 2 * warps, pageBytes, {}});
  if (dealtBlocks)
    return uses;
  uses.push_back(
      warpShape(warpTokens * rows).weightLayout(tile.weights, warps));
  if (copies)
    uses.push_back({"pages", tile.pages, 4, pageBytes, {}});
  return uses;
}

TokenAreas::TokenAreas(const AttentionCut &cut) {
  ScratchAreas areas;
  WarpShape shape = cut.warpShape(cut.rows);
  int64_t ofWarps = cut.warps * shape.weightRows() * sizeof(float);
  maxima = areas.take(ofWarps);
  sums = areas.take(ofWarps);
  corrections = areas.take(ofWarps);
  queries = areas.take(cut.rows * cut.headDim * sizeof(float));
  weights = areas.take(cut.warps * shape.weightBytes());
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

Value moec::keyBytes(Emit &emit, const AttentionCut &cut, Value to,
                     Value offset) {
  int64_t row = cut.pageBytes / cut.headDim, element = row / pageTokens;
  return bytesOfCopy(emit,
                     emit.sub(emit.mul(to, element), emit.rem(offset, row)));
}

Value moec::valueBytes(Emit &emit, const AttentionCut &cut, Value to,
                       Value offset) {
  return bytesOfCopy(
      emit, emit.sub(emit.mul(to, cut.pageBytes / pageTokens), offset));
}

HeadTile::HeadTile(Emit &emit, const AttentionCut &cut, Value index)
    : kvHead(emit.div(index, cut.tiles)),
      first(emit.mul(emit.rem(index, cut.tiles), cut.rows)) {}

AttentionOperands::AttentionOperands(Emit &emit, const GpuArguments &arguments,
                                     decoder::AttentionOp op)
    : queries(matrixOf(arguments, op.getQueries())),
      y(matrixOf(arguments, op.getY())),
      cache(arguments.pointerTo(op.getCache()), op.getCache().getType()),
      batch(BatchFields::load(emit, arguments.pointerTo(op.getBatch()))),
      tokens(arguments.rows(emit)) {}

Value moec::firstElement(Emit &emit, const AttentionCut &cut,
                         const HeadTile &heads) {
  Value head = emit.add(emit.mul(heads.kvHead, cut.group), heads.first);
  return emit.mul(head, cut.headDim);
}

//===----------------------------------------------------------------------===//
// The builder
//===----------------------------------------------------------------------===//

static std::string moreThanDealt() {
  return "more than " + std::to_string(AttentionCut::mostDealt) + " tokens";
}

/// Why tensor cores cannot compute the kernel; empty if they can.
static std::string whyExact(exec::KernelOp kernel,
                            const KernelContext &context) {
  int64_t tokens = context.mostTokens(kernel);
  if (tokens <= AttentionCut::mostDealt)
    return "up to " + std::to_string(tokens) + " tokens";
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  if (const char *obstacle = TensorCut::obstacle(op, context.target))
    return moreThanDealt() + ", and " + obstacle;
  return {};
}

static FailureOr<KernelPlan> planGpuAttention(exec::KernelOp kernel,
                                              const KernelContext &context) {
  auto op = firstOperation<decoder::AttentionOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  std::string reason = whyExact(kernel, context);
  if (reason.empty()) {
    KernelPlan plan =
        planTensorAttention(kernel, TensorCut(op, context.target));
    plan.method = "mma.sync, online softmax over steps of pages (" +
                  moreThanDealt() + ")";
    return plan;
  }
  AttentionCut cut(kernel, context);
  KernelPlan plan;
  plan.tasksPerRow = cut.headTiles();
  plan.fixedTasks = cut.dealtBlocks;
  plan.isOrdered = cut.dealtBlocks > 0;
  plan.scratchBytes = cut.scratchBytes();
  plan.method = "f32, " +
                std::string(cut.dealtBlocks ? "classes of pages over blocks"
                                            : "tiles of tokens") +
                " (" + reason + ")";
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
  auto sequence = [&](Value t) { return operands.batch.sequence(emit, t); };
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
  if (whyExact(kernel, context).empty())
    return emitTensorAttention(kernel, TensorCut(op, context.target), emit);
  AttentionCut cut(kernel, context);
  if (cut.dealtBlocks) {
    StagedKernel staged;
    staged.kernel = kernel;
    staged.threads = cut.threads();
    staged.unit = 1;
    staged.ticketOffset = TokenAreas(cut).bytes;
    staged.stages = attentionStages(op, cut);
    return staged.emitInto(emit);
  }
  emitEntry(emit, kernel, cut.threads(), [&](const GpuArguments &arguments) {
    AttentionOperands operands(emit, arguments, op);
    Value block = blockIndex(emit);
    HeadTile heads(emit, cut, emit.rem(block, cut.headTiles()));
    attend(emit, cut, operands, heads, emit.div(block, cut.headTiles()));
  });
}

/// Few tokens are shared among blocks.
static bool dependsOnTokens(Block &) { return true; }

static constexpr StringRef operations[] = {
    decoder::AttentionOp::getOperationName()};
const KernelBuilder moec::gpuAttentionKernel = {operations,
                                                planGpuAttention,
                                                emitGpuAttention,
                                                nullptr,
                                                /*packsActivations=*/false,
                                                dependsOnTokens};
