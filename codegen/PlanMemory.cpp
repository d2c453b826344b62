//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/Passes.h"

#include "runtime/abi/Kernel.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

namespace moec {
#define GEN_PASS_DEF_PLANMEMORYPASS
#define GEN_PASS_DEF_VERIFYMEMORYPLANPASS
#include "codegen/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// Larger buffers are a mistake; and sums of sizes below it do not overflow.
static constexpr int64_t bufferLimit = int64_t(1) << 40;

namespace {

/// A buffer, and when it lives: launches are numbered in program order.
struct Interval {
  exec::AllocOp alloc;
  int64_t bytes = 0;
  int64_t firstUse = std::numeric_limits<int64_t>::max();
  int64_t lastUse = -1;
  int64_t offset = 0;

  bool isUsed() const { return lastUse >= 0; }
  int64_t end() const { return offset + bytes; }
  bool livesWith(const Interval &other) const {
    return firstUse <= other.lastUse && other.firstUse <= lastUse;
  }
};

} // namespace

/// Bytes of a buffer in a step of `maxTokens` tokens, of which each is a row of
/// logits; an error if they are too many.
static FailureOr<int64_t> sizeOf(exec::AllocOp alloc, int64_t maxTokens) {
  exec::ExtentAttr rows = alloc.getRows();
  int64_t scaled = 0, count = 0, bytes = 0;
  bool overflows = llvm::MulOverflow(rows.getScale(), maxTokens, scaled) ||
                   llvm::AddOverflow(scaled, rows.getConstant(), count) ||
                   llvm::MulOverflow(count, alloc.getRowBytes(), bytes);
  if (overflows || bytes < 0 || bytes >= bufferLimit)
    return alloc.emitOpError("takes ")
           << (overflows ? std::string("more than 2^63")
                         : std::to_string(bytes))
           << " bytes at " << maxTokens << " tokens; expected less than "
           << bufferLimit;
  return bytes;
}

/// The buffers of the program in the order of their declaration.
static FailureOr<SmallVector<Interval>> findIntervals(exec::ProgramOp program) {
  llvm::MapVector<Value, Interval> intervals;
  int64_t launchNumber = 0;
  for (Operation &op : program.getBody().front()) {
    if (auto alloc = dyn_cast<exec::AllocOp>(op)) {
      FailureOr<int64_t> bytes = sizeOf(alloc, program.getMaxTokens());
      if (failed(bytes))
        return failure();
      intervals[alloc].alloc = alloc;
      intervals[alloc].bytes = *bytes;
    }
    auto launch = dyn_cast<exec::LaunchOp>(op);
    if (!launch)
      continue;
    for (Value argument : launch.getArguments()) {
      auto found = intervals.find(argument);
      if (found == intervals.end())
        continue;
      Interval &interval = found->second;
      interval.firstUse = std::min(interval.firstUse, launchNumber);
      interval.lastUse = launchNumber;
    }
    ++launchNumber;
  }
  return llvm::to_vector(llvm::make_second_range(intervals));
}

/// The start of the smallest gap that `interval` fits in between the buffers it
/// lives with, or the end of the last of them. `placed` is sorted by offset.
static int64_t findOffset(const Interval &interval,
                          ArrayRef<const Interval *> placed) {
  int64_t best = -1, bestGap = std::numeric_limits<int64_t>::max();
  int64_t free = 0; // where the buffers seen so far end
  for (const Interval *other : placed) {
    if (!other->livesWith(interval))
      continue;
    int64_t gap = other->offset - free;
    if (gap >= interval.bytes && gap < bestGap) {
      best = free;
      bestGap = gap;
    }
    free =
        std::max<int64_t>(free, llvm::alignTo(other->end(), MOERT_ALIGNMENT));
  }
  return best >= 0 ? best : free;
}

/// Sets the offset of each interval; returns the size of the arena.
static int64_t placeIntervals(MutableArrayRef<Interval> intervals) {
  SmallVector<Interval *> bySize;
  for (Interval &interval : intervals)
    bySize.push_back(&interval);
  // Of equal sizes, the one declared first comes first.
  llvm::sort(bySize, [](const Interval *a, const Interval *b) {
    return a->bytes != b->bytes ? a->bytes > b->bytes : a < b;
  });
  SmallVector<const Interval *> placed; // by offset
  int64_t arena = 0;
  for (Interval *interval : bySize) {
    interval->offset = findOffset(*interval, placed);
    placed.insert(llvm::upper_bound(placed, interval,
                                    [](const Interval *a, const Interval *b) {
                                      return a->offset < b->offset;
                                    }),
                  interval);
    arena = std::max<int64_t>(arena,
                              llvm::alignTo(interval->end(), MOERT_ALIGNMENT));
  }
  return arena;
}

namespace {

struct PlanMemory : moec::impl::PlanMemoryPassBase<PlanMemory> {
  void runOnOperation() override {
    FailureOr<SmallVector<Interval>> intervals = findIntervals(getOperation());
    if (failed(intervals))
      return signalPassFailure();
    llvm::erase_if(*intervals, [](const Interval &interval) {
      if (interval.isUsed())
        return false;
      interval.alloc->erase();
      return true;
    });
    int64_t arena = placeIntervals(*intervals);
    for (Interval &interval : *intervals) {
      interval.alloc.setOffset(interval.offset);
      bufferBytes += interval.bytes;
    }
    getOperation().setArenaBytes(arena);
    arenaBytes += arena;
  }
};

struct VerifyMemoryPlan
    : moec::impl::VerifyMemoryPlanPassBase<VerifyMemoryPlan> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    if (failed(verify()))
      signalPassFailure();
  }

private:
  LogicalResult verify() {
    if (!getOperation().getArenaBytes())
      return getOperation().emitOpError("has no planned arena");
    FailureOr<SmallVector<Interval>> intervals = findIntervals(getOperation());
    if (failed(intervals))
      return failure();
    for (Interval &interval : *intervals)
      if (failed(verifyPlace(interval)))
        return failure();
    for (size_t i = 0; i < intervals->size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (failed(verifyDisjoint((*intervals)[i], (*intervals)[j])))
          return failure();
    return success();
  }

  LogicalResult verifyPlace(Interval &interval) {
    exec::AllocOp alloc = interval.alloc;
    if (!alloc.getOffset())
      return alloc.emitOpError("has no planned offset");
    interval.offset = *alloc.getOffset();
    int64_t arena = *getOperation().getArenaBytes();
    if (interval.bytes > arena || interval.offset > arena - interval.bytes)
      return alloc.emitOpError("takes ")
             << interval.bytes << " bytes at " << interval.offset
             << ", but the arena has " << arena;
    return success();
  }

  LogicalResult verifyDisjoint(const Interval &a, const Interval &b) {
    bool overlap = a.offset < b.end() && b.offset < a.end();
    if (!overlap || !a.livesWith(b))
      return success();
    exec::AllocOp alloc = a.alloc;
    InFlightDiagnostic error = alloc.emitOpError("overlaps a buffer at ")
                               << b.offset << " that lives at the same time";
    error.attachNote(b.alloc->getLoc()) << "which is here";
    return error;
  }
};

} // namespace
