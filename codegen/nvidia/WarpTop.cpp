//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Each pass over the candidates finds the best of those that come after the
/// one chosen last; a lane has every 32nd of them.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/WarpTop.h"

#include "runtime/abi/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;
using namespace moec;

namespace {

/// A logit and its token, as i64.
struct Scored {
  Value logit, token;
};

} // namespace

/// Higher, or as high with a lower token. False if a logit is NaN.
static Value comesBefore(Emit &emit, const Scored &a, const Scored &b) {
  auto compare = [&](arith::CmpFPredicate how) -> Value {
    return arith::CmpFOp::create(emit, how, a.logit, b.logit);
  };
  Value lower = emit.less(a.token, b.token);
  Value ties =
      arith::AndIOp::create(emit, compare(arith::CmpFPredicate::OEQ), lower);
  return arith::OrIOp::create(emit, compare(arith::CmpFPredicate::OGT), ties);
}

/// What is chosen when nothing is left.
static Scored nothing(Emit &emit) {
  double lowest = -std::numeric_limits<double>::infinity();
  return {emit.number(emit.getF32Type(), lowest),
          emit.i64(std::numeric_limits<int32_t>::max())};
}

/// The best candidate that comes after `last`, in all lanes.
static Scored bestAfter(Emit &emit, const WarpTopChoice &from,
                        const Scored &last) {
  Scored none = nothing(emit);
  SmallVector<Value> found = emit.loop(
      laneIndex(emit), from.count, warpThreads, {none.logit, none.token},
      [&](Value i, ValueRange carried) {
        Scored best = {carried[0], carried[1]};
        Scored next = {loadStrip(emit, from.logits, i, 1),
                       from.candidates ? loadIndex(emit, from.candidates, i)
                                       : emit.add(from.first, i)};
        Value better = arith::AndIOp::create(
            emit, comesBefore(emit, last, next), comesBefore(emit, next, best));
        return SmallVector<Value>{emit.select(better, next.logit, best.logit),
                                  emit.select(better, next.token, best.token)};
      });
  Scored best = {found[0], found[1]};
  for (int64_t distance = warpThreads / 2; distance; distance /= 2) {
    Scored other = {
        shuffleXor(emit, best.logit, distance),
        emit.extend(shuffleXor(emit, emit.truncate(best.token), distance))};
    Value better = comesBefore(emit, other, best);
    best = {emit.select(better, other.logit, best.logit),
            emit.select(better, other.token, best.token)};
  }
  return best;
}

void moec::emitWarpTop(Emit &emit, const WarpTopChoice &choice) {
  // Before all others.
  Value highest =
      emit.number(emit.getF32Type(), std::numeric_limits<double>::infinity());
  emit.loop(emit.i64(0), emit.i64(choice.k), 1,
            ValueRange{highest, emit.i64(-1)}, [&](Value j, ValueRange last) {
              Scored chosen = bestAfter(emit, choice, {last[0], last[1]});
              emit.branch(emit.equal(laneIndex(emit), emit.i64(0)), [&] {
                emit.store(chosen.logit, choice.top.address(emit, j));
                storeIndex(emit, chosen.token, choice.tokens.base, j);
              });
              return SmallVector<Value>{chosen.logit, chosen.token};
            });
}

void moec::failOnNaN(Emit &emit, const GpuArguments &arguments,
                     const WarpTopChoice &choice) {
  forEachOfLanes(emit, choice.count, [&](Value i) {
    Value v = loadStrip(emit, choice.logits, i, 1);
    Value isNaN = arith::CmpFOp::create(emit, arith::CmpFPredicate::UNO, v, v);
    emit.branch(isNaN, [&] { arguments.fail(emit, MOERT_KERNEL_LOGIT_NAN); });
  });
}
