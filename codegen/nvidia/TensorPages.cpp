//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/TensorPages.h"

#include "codegen/nvidia/AsyncCopy.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace moec;

static constexpr int64_t pageTokens = MOERT_PAGE_TOKENS;

Value moec::sharedPart(Emit &emit, int64_t at, Value index, int64_t bytes) {
  return emit.at(sharedMemory(emit, at), emit.getI8Type(),
                 emit.mul(index, bytes));
}

Value moec::exchanged(Emit &emit, Value a, Value b) {
  return arith::XOrIOp::create(emit, a, b);
}

SmallVector<Value> TensorPages::placesOf(Emit &emit, const TensorCut &cut,
                                         Value step) const {
  Value last = emit.div(emit.add(end, -1), pageTokens);
  SmallVector<Value> places;
  for (int64_t p = 0; p < cut.stepPages; ++p) {
    Value page = emit.add(first, emit.add(emit.mul(step, cut.stepPages), p));
    places.push_back(pageIndex(emit, table, emit.min(page, last)));
  }
  return places;
}

/// body(offset) for the chunks of a page that this thread copies, of `chunks`
/// chunks: from `thread` on, in steps of the block.
static void forEachChunk(Emit &emit, Value thread, int64_t chunks,
                         llvm::function_ref<void(int64_t)> body) {
  for (int64_t first = 0; first < chunks; first += TensorCut::threads) {
    int64_t left = chunks - first;
    if (left >= TensorCut::threads)
      body(first);
    else
      emit.branch(emit.less(thread, emit.i64(left)), [&] { body(first); });
  }
}

/// The keys of the page's first `to` positions, and zeros.
static void beginKeys(Emit &emit, const TensorCut &cut, Row from, Value base,
                      Value to) {
  Value thread = threadIndex(emit);
  constexpr int64_t positions = 8; // of a chunk
  Value chunk = emit.rem(thread, KeyRows::rowChunks);
  Value offset =
      KeyRows::emitOffset(emit, emit.div(thread, KeyRows::rowChunks), chunk);
  Value before = emit.mul(emit.rem(chunk, pageTokens / positions), positions);
  Value present = bytesOfCopy(emit, emit.mul(emit.sub(to, before), 2));
  Value source = emit.mul(thread, copyBytes);
  forEachChunk(emit, thread, cut.keyBytes() / copyBytes, [&](int64_t first) {
    beginCopy(
        emit,
        emit.at(from.base, emit.getI8Type(),
                emit.add(source, first * copyBytes)),
        emit.at(base, emit.getI8Type(), emit.add(offset, first * copyBytes)),
        present);
  });
}

static void beginValues(Emit &emit, const TensorCut &cut, Row from, Value base,
                        Value to) {
  Value thread = threadIndex(emit);
  const ChunkRows &rows = cut.chunkRows;
  bool isEven = TensorCut::threads % rows.chunks == 0;
  Value source = emit.mul(thread, copyBytes);
  forEachChunk(emit, thread, pageTokens * rows.chunks, [&](int64_t first) {
    Value index = emit.add(thread, isEven ? 0 : first);
    Value chunk = emit.rem(index, rows.chunks);
    Value row = emit.add(emit.div(index, rows.chunks),
                         isEven ? first / rows.chunks : 0);
    Value offset = rows.emitOffset(emit, row, chunk);
    Value present =
        emit.select(emit.less(row, to), emit.i64(copyBytes), emit.i64(0));
    beginCopy(emit,
              emit.at(from.base, emit.getI8Type(),
                      emit.add(source, first * copyBytes)),
              emit.at(base, emit.getI8Type(), offset), present);
  });
}

void TensorPages::begin(Emit &emit, const TensorCut &cut, ValueRange places,
                        Value step) const {
  Value slot = emit.mul(emit.rem(step, TensorCut::stages), cut.stepPages);
  for (int64_t p = 0; p < cut.stepPages; ++p) {
    Value page = emit.add(first, emit.add(emit.mul(step, cut.stepPages), p));
    Value to = emit.sub(end, emit.mul(page, pageTokens));
    Row keys = cache.keys(emit, places[p], kvHead);
    Value place = emit.add(slot, p);
    beginKeys(emit, cut, keys,
              sharedPart(emit, cut.keys, place, cut.keyBytes()), to);
    beginValues(emit, cut, cache.values(emit, keys),
                sharedPart(emit, cut.values, place, cut.valueBytes()), to);
  }
  closeCopies(emit);
}
