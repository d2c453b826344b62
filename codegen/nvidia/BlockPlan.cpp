//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// A warp counts and places the rows of an expert: it looks at 32 slots at a
/// time, and what lanes below a lane have found is the place of its own.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/BlockPlan.h"

#include "codegen/kernels/Region.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace moec;

/// body(slot, whether it is of the expert, of those before it how many are),
/// for 32 slots at a time. Returns init and how many there are.
Value BlockPlan::forEachSlots(
    Value slots, Value expert, Value init,
    llvm::function_ref<void(Value, Value, Value)> body) const {
  Value lane = laneIndex(emit);
  Value one = emit.truncate(emit.i64(1));
  Value bit = arith::ShLIOp::create(emit, one, emit.truncate(lane));
  Value below = arith::SubIOp::create(emit, bit, one);
  return emit.loop(
      emit.i64(0), slots, warpThreads, {init},
      [&](Value first, ValueRange carried) {
        Value slot = emit.add(first, lane);
        Value chosen =
            loadIndex(emit, experts, emit.min(slot, emit.add(slots, -1)));
        Value is = arith::AndIOp::create(emit, emit.less(slot, slots),
                                         emit.equal(chosen, expert));
        Value lanes = ballot(emit, is);
        Value before =
            countOnes(emit, arith::AndIOp::create(emit, lanes, below));
        body(slot, is, emit.add(carried[0], before));
        return SmallVector<Value>{emit.add(carried[0], countOnes(emit, lanes))};
      })[0];
}

/// The rows of all experts before it.
Value BlockPlan::firstRow(Value expert) const {
  return emit.loop(emit.i64(0), expert, 1, {emit.i64(0)},
                   [&](Value e, ValueRange sum) {
                     return SmallVector<Value>{
                         emit.add(sum[0], loadIndex(emit, counts(), e))};
                   })[0];
}

void BlockPlan::emitInto(Value slots) const {
  Value count = emit.i64(expertCount);
  forEachOfWarps(emit, threads, count, [&](Value expert) {
    Value rows =
        forEachSlots(slots, expert, emit.i64(0), [](Value, Value, Value) {});
    emit.branch(emit.equal(laneIndex(emit), emit.i64(0)),
                [&] { storeIndex(emit, rows, counts(), expert); });
  });
  blockBarrier(emit);
  forEachOfBlock(emit, threads, emit.add(count, 1), [&](Value expert) {
    storeIndex(emit, firstRow(expert), plan.offsets, expert);
  });
  forEachOfWarps(emit, threads, count, [&](Value expert) {
    forEachSlots(
        slots, expert, firstRow(expert), [&](Value slot, Value is, Value row) {
          emit.branch(is, [&] { storeIndex(emit, slot, plan.slotOfRow, row); });
        });
  });
  // Nobody reads experts any more, which may be where rows go.
  blockBarrier(emit);
  forEachOfBlock(emit, threads, slots, [&](Value row) {
    storeIndex(emit, row, plan.rowOfSlot, loadIndex(emit, plan.slotOfRow, row));
  });
}
