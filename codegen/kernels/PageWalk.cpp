//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/kernels/PageWalk.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace moec;

PageWalk::PageWalk(Emit &emit, Value first, Value last)
    : emit(emit), first(first), last(last),
      segmentOfFirst(emit.div(first, segmentPages)),
      segmentOfLast(emit.div(last, segmentPages)) {}

Value PageWalk::pages() const { return emit.add(emit.sub(last, first), 1); }

Value PageWalk::classOf(Emit &emit, Value page) {
  return emit.rem(emit.div(page, segmentPages), classes);
}

Value PageWalk::classCount() const {
  Value segments = emit.add(emit.sub(segmentOfLast, segmentOfFirst), 1);
  return emit.min(segments, emit.i64(classes));
}

/// Those of segments that have gone round come before that of the first one.
Value PageWalk::nthClass(Value i) const {
  Value own = emit.rem(segmentOfFirst, classes);
  Value beyond = emit.sub(emit.add(own, classCount()), emit.i64(classes));
  Value round = emit.max(beyond, emit.i64(0));
  return emit.select(emit.less(i, round), i, emit.add(own, emit.sub(i, round)));
}

Value PageWalk::firstSegment(Value pageClass) const {
  // Added, so that the difference is not negative.
  Value ahead =
      emit.add(emit.sub(pageClass, emit.rem(segmentOfFirst, classes)), classes);
  return emit.add(segmentOfFirst, emit.rem(ahead, classes));
}

Value PageWalk::hasPages(Value segment) const {
  return emit.less(segment, emit.add(segmentOfLast, 1));
}

Value PageWalk::firstPage(Value segment) const {
  return emit.max(emit.mul(segment, segmentPages), first);
}

Value PageWalk::lastPage(Value segment) const {
  Value end = emit.mul(emit.add(segment, 1), segmentPages);
  return emit.min(emit.add(end, -1), last);
}

Value PageWalk::begin() const {
  Value segment = firstSegment(emit.i64(0));
  return emit.select(hasPages(segment), firstPage(segment), first);
}

/// Classes that have pages follow each other but for one gap: those from that
/// of the first page on may go on after the last class with the first one.
Value PageWalk::next(Value page) const {
  Value segment = emit.div(page, segmentPages);
  Value pageClass = emit.rem(segment, classes);
  Value nextClass = firstSegment(emit.add(pageClass, 1));
  Value isClass = arith::AndIOp::create(
      emit, emit.less(pageClass, emit.i64(classes - 1)), hasPages(nextClass));
  Value result = emit.select(isClass, firstPage(nextClass), first);
  Value sameClass = emit.add(segment, classes);
  result = emit.select(hasPages(sameClass), firstPage(sameClass), result);
  return emit.select(emit.less(page, lastPage(segment)), emit.add(page, 1),
                     result);
}
