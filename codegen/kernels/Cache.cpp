//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The format of the paged cache, and the kernel that writes to it.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Cache.h"
#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"
#include "codegen/kernels/Strips.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// The batch and the pages
//===----------------------------------------------------------------------===//

BatchFields BatchFields::load(Emit &emit, Value batch) {
  auto field = [&](size_t offset, Type type) {
    return emit.load(type,
                     emit.at(batch, emit.getI8Type(), emit.i64(offset)));
  };
  Type pointer = emit.pointer();
  return {field(offsetof(moert_batch, positions), pointer),
          field(offsetof(moert_batch, sequences), pointer),
          field(offsetof(moert_batch, page_table), pointer),
          field(offsetof(moert_batch, pages_per_sequence), emit.getI64Type())};
}

Value BatchFields::position(Emit &emit, Value t) const {
  return loadIndex(emit, positions, t);
}

Value BatchFields::pages(Emit &emit, Value t) const {
  Value row = emit.mul(loadIndex(emit, sequences, t), pagesPerSequence);
  return emit.at(pageTable, emit.getI32Type(), row);
}

Value moec::pageIndex(Emit &emit, Value pages, Value n) {
  return loadIndex(emit, pages, n);
}

Value CachePages::keys(Emit &emit, Value page, Value head) const {
  Value index = emit.add(emit.mul(page, heads), head);
  return emit.at(base, element, emit.mul(index, 2 * half()));
}

Value CachePages::values(Emit &emit, Value keys) const {
  return emit.at(keys, element, emit.i64(half()));
}

//===----------------------------------------------------------------------===//
// decoder.append_kv
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planAppendKV(exec::KernelOp kernel,
                                          const KernelContext &) {
  auto op = firstOperation<decoder::AppendKVOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  // Neighbouring positions share cache lines of K: keep them on one thread.
  plan.grain = MOERT_PAGE_TOKENS;
  return plan;
}

/// One row of keys to column `slot` of K, [head_dim][page tokens].
static void writeKeys(Emit &emit, const CachePages &cache, Value from,
                      Value keys, Value slot) {
  Type element = cache.element;
  forEachStrip(emit, cache.headDim, [&](Value i, int64_t lanes) {
    Value v = loadStrip(emit, from, emit.getF32Type(), i, lanes);
    Value rounded = emit.round(v, element);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Value d = emit.add(i, lane);
      Value to = emit.add(emit.mul(d, MOERT_PAGE_TOKENS), slot);
      Value scalar =
          lanes == 1 ? rounded : vector::ExtractOp::create(emit, rounded, lane);
      emit.store(scalar, emit.at(keys, element, to));
    }
  });
}

/// One row of values to row `slot` of V, [page tokens][head_dim].
static void writeValues(Emit &emit, const CachePages &cache, Value from,
                        Value values, Value slot) {
  Value row = emit.at(values, cache.element, emit.mul(slot, cache.headDim));
  forEachStrip(emit, cache.headDim, [&](Value i, int64_t lanes) {
    Value v = loadStrip(emit, from, emit.getF32Type(), i, lanes);
    storeStrip(emit, v, row, cache.element, i);
  });
}

static void emitAppendKV(exec::KernelOp kernel, const KernelContext &,
                         Emit &emit) {
  auto op = firstOperation<decoder::AppendKVOp>(kernel);
  auto type = cast<decoder::KVCacheType>(op.getCache().getType());
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    CachePages cache(pointerTo(emit, arguments, op.getUpdated()), type);
    Value keys = pointerTo(emit, arguments, op.getKeys());
    Value values = pointerTo(emit, arguments, op.getValues());
    auto batch =
        BatchFields::load(emit, pointerTo(emit, arguments, op.getBatch()));
    forEachTask(emit, arguments, [&](Value t) {
      Value position = batch.position(emit, t);
      Value page = pageIndex(emit, batch.pages(emit, t),
                             emit.div(position, MOERT_PAGE_TOKENS));
      Value slot = emit.rem(position, MOERT_PAGE_TOKENS);
      Value k = rowAddress(emit, keys, op.getKeys(), t);
      Value v = rowAddress(emit, values, op.getValues(), t);
      emit.loop(emit.i64(0), emit.i64(cache.heads), 1, [&](Value head) {
        Value to = cache.keys(emit, page, head);
        Value offset = emit.mul(head, cache.headDim);
        Type f32 = emit.getF32Type();
        writeKeys(emit, cache, emit.at(k, f32, offset), to, slot);
        writeValues(emit, cache, emit.at(v, f32, offset),
                    cache.values(emit, to), slot);
      });
    });
  });
}

static constexpr StringRef appendKVOperations[] = {
    decoder::AppendKVOp::getOperationName()};
const KernelBuilder moec::appendKVKernel = {appendKVOperations, planAppendKV,
                                            emitAppendKV};
