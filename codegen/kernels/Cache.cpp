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

#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// The batch and the pages
//===----------------------------------------------------------------------===//

BatchFields BatchFields::load(Emit &emit, Value batch) {
  auto field = [&](size_t offset, Type type) {
    return emit.load(type, emit.at(batch, emit.getI8Type(), emit.i64(offset)));
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

Value BatchFields::sequence(Emit &emit, Value t) const {
  return loadIndex(emit, sequences, t);
}

Value BatchFields::pages(Emit &emit, Value t) const {
  Value row = emit.mul(sequence(emit, t), pagesPerSequence);
  return emit.at(pageTable, emit.getI32Type(), row);
}

Value moec::pageIndex(Emit &emit, Value pages, Value n) {
  return loadIndex(emit, pages, n);
}

Row CachePages::keys(Emit &emit, Value page, Value head) const {
  Value index = emit.add(emit.mul(page, heads), head);
  return Row{base, element}.from(emit, emit.mul(index, 2 * half()));
}

Row CachePages::values(Emit &emit, Row keys) const {
  return keys.from(emit, emit.i64(half()));
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

CachePages::Place CachePages::place(Emit &emit, const BatchFields &batch,
                                    Value t) const {
  Value position = batch.position(emit, t);
  return {pageIndex(emit, batch.pages(emit, t),
                    emit.div(position, MOERT_PAGE_TOKENS)),
          emit.rem(position, MOERT_PAGE_TOKENS)};
}

/// To a column of K, whose pitch is a page's tokens.
void CachePages::writeKeys(Emit &emit, Place place, Value head,
                           Row from) const {
  Row column = keys(emit, place.page, head).from(emit, place.slot);
  forEachStrip(emit, headDim, [&](Value i, int64_t lanes) {
    Value v = emit.round(loadStrip(emit, from, i, lanes), column.element);
    for (int64_t lane = 0; lane < lanes; ++lane) {
      Value to = emit.mul(emit.add(i, lane), MOERT_PAGE_TOKENS);
      Value scalar = lanes == 1 ? v : vector::ExtractOp::create(emit, v, lane);
      emit.store(scalar, column.address(emit, to));
    }
  });
}

/// To a row of V.
void CachePages::writeValues(Emit &emit, Place place, Value head,
                             Row from) const {
  Row to = values(emit, keys(emit, place.page, head))
               .from(emit, emit.mul(place.slot, headDim));
  forEachStrip(emit, headDim, [&](Value i, int64_t lanes) {
    storeStrip(emit, loadStrip(emit, from, i, lanes), to, i);
  });
}

void CachePages::append(Emit &emit, const BatchFields &batch, Value t,
                        Entry entry) const {
  Place at = place(emit, batch, t);
  emit.loop(emit.i64(0), emit.i64(heads), 1, [&](Value head) {
    Value offset = emit.mul(head, headDim);
    writeKeys(emit, at, head, entry.keys.from(emit, offset));
    writeValues(emit, at, head, entry.values.from(emit, offset));
  });
}

static void emitAppendKV(exec::KernelOp kernel, const KernelContext &,
                         Emit &emit) {
  auto op = firstOperation<decoder::AppendKVOp>(kernel);
  auto type = cast<decoder::KVCacheType>(op.getCache().getType());
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    CachePages cache(pointerTo(emit, arguments, op.getUpdated()), type);
    Matrix keys = matrixOf(emit, arguments, op.getKeys());
    Matrix values = matrixOf(emit, arguments, op.getValues());
    auto batch =
        BatchFields::load(emit, pointerTo(emit, arguments, op.getBatch()));
    forEachTask(emit, arguments, [&](Value t) {
      cache.append(emit, batch, t, {keys.row(emit, t), values.row(emit, t)});
    });
  });
}

static constexpr StringRef appendKVOperations[] = {
    decoder::AppendKVOp::getOperationName()};
const KernelBuilder moec::appendKVKernel = {appendKVOperations, planAppendKV,
                                            emitAppendKV};
