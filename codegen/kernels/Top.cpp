//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The choice of the best logits: k passes over the candidates, each for the
/// best of those that come after the one chosen last. A pass has no branch: 256
/// candidates are 16 vectors, which are few beside the product that made them.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Top.h"

#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"
#include "dialects/Decoder/Decoder.h"
#include "runtime/abi/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

#include <limits>
#include <numeric>

using namespace mlir;
using namespace moec;

/// The token of what is not there: after all others.
static constexpr int64_t noToken = std::numeric_limits<int32_t>::max();

namespace {

/// Logits and their tokens: scalars or vectors of f32 and i32.
struct Scored {
  Value logit, token;
};

class TopSelection {
public:
  TopSelection(Emit &emit, const TopChoice &choice)
      : emit(emit), choice(choice), f32(emit.getF32Type()),
        i32(emit.getI32Type()) {}
  void emitInto();

private:
  /// What is chosen when nothing is left: `lanes` of it.
  Scored nothing(int64_t lanes) {
    Value lowest = emit.number(f32, -std::numeric_limits<double>::infinity());
    return {spread(emit, lowest, lanes),
            spread(emit, emit.truncate(emit.i64(noToken)), lanes)};
  }
  Scored load(Value index, int64_t lanes);
  Value compare(arith::CmpFPredicate how, Value a, Value b) {
    return arith::CmpFOp::create(emit, how, a, b);
  }
  Value comesBefore(const Scored &a, const Scored &b);
  Scored better(const Scored &a, const Scored &b);
  Scored betterAfter(const Scored &last, const Scored &best, Value index,
                     int64_t lanes);
  Scored bestOf(const Scored &last, Value from, Value to, const Scored &init,
                int64_t chains);
  Scored best(const Scored &last);
  Scored bestLane(Scored lanes);

  Emit &emit;
  const TopChoice &choice;
  Type f32, i32;
};

} // namespace

Scored TopSelection::load(Value index, int64_t lanes) {
  Value logit = emit.load(stripType(emit, f32, lanes),
                          emit.at(choice.logits, f32, index));
  if (choice.candidates)
    return {logit, emit.load(stripType(emit, i32, lanes),
                             emit.at(choice.candidates, i32, index))};
  Value token = emit.truncate(emit.add(choice.first, index));
  if (lanes == 1)
    return {logit, token};
  SmallVector<int32_t> steps(lanes);
  std::iota(steps.begin(), steps.end(), 0);
  Value offsets = arith::ConstantOp::create(
      emit, DenseElementsAttr::get(emit.vector(lanes, i32),
                                   ArrayRef<int32_t>(steps)));
  return {logit, emit.add(emit.splat(token, lanes), offsets)};
}

/// False if a logit is NaN.
Value TopSelection::comesBefore(const Scored &a, const Scored &b) {
  Value higher = compare(arith::CmpFPredicate::OGT, a.logit, b.logit);
  Value equal = compare(arith::CmpFPredicate::OEQ, a.logit, b.logit);
  Value lower = emit.less(a.token, b.token);
  return arith::OrIOp::create(emit, higher,
                              arith::AndIOp::create(emit, equal, lower));
}

/// `a` if it comes before `b`.
Scored TopSelection::better(const Scored &a, const Scored &b) {
  Value first = comesBefore(a, b);
  return {emit.select(first, a.logit, b.logit),
          emit.select(first, a.token, b.token)};
}

/// The better of `best` and the candidates from `index` on that come after
/// `last`.
Scored TopSelection::betterAfter(const Scored &last, const Scored &best,
                                 Value index, int64_t lanes) {
  Scored next = load(index, lanes);
  Scored before = {spread(emit, last.logit, lanes),
                   spread(emit, last.token, lanes)};
  Value first = arith::AndIOp::create(emit, comesBefore(before, next),
                                      comesBefore(next, best));
  return {emit.select(first, next.logit, best.logit),
          emit.select(first, next.token, best.token)};
}

Scored TopSelection::bestLane(Scored lanes) {
  for (int64_t half = stripLanes / 2; half > 0; half /= 2) {
    SmallVector<int64_t> low(half), high(half);
    std::iota(low.begin(), low.end(), 0);
    std::iota(high.begin(), high.end(), half);
    auto part = [&](Value v, ArrayRef<int64_t> which) -> Value {
      return vector::ShuffleOp::create(emit, v, v, which);
    };
    lanes = better({part(lanes.logit, low), part(lanes.token, low)},
                   {part(lanes.logit, high), part(lanes.token, high)});
  }
  return {vector::ExtractOp::create(emit, lanes.logit, int64_t(0)),
          vector::ExtractOp::create(emit, lanes.token, int64_t(0))};
}

/// The best of `init` and the candidates from <= i < to that come after `last`;
/// in several chains, as each comparison waits for the one before it.
Scored TopSelection::bestOf(const Scored &last, Value from, Value to,
                            const Scored &init, int64_t chains) {
  bool isScalar = !isa<VectorType>(init.logit.getType());
  int64_t lanes = isScalar ? 1 : stripLanes;
  SmallVector<Value> start;
  for (int64_t chain = 0; chain < chains; ++chain)
    start.append({init.logit, init.token});
  SmallVector<Value> found =
      emit.loop(from, to, chains * lanes, start, [&](Value i, ValueRange best) {
        SmallVector<Value> next;
        for (int64_t chain = 0; chain < chains; ++chain) {
          Scored own = betterAfter(last, {best[2 * chain], best[2 * chain + 1]},
                                   emit.add(i, chain * lanes), lanes);
          next.append({own.logit, own.token});
        }
        return next;
      });
  Scored all = {found[0], found[1]};
  for (int64_t chain = 1; chain < chains; ++chain)
    all = better(all, {found[2 * chain], found[2 * chain + 1]});
  return all;
}

/// The best candidate that comes after `last`.
Scored TopSelection::best(const Scored &last) {
  constexpr int64_t chains = 4;
  auto wholes = [&](int64_t size) {
    return emit.mul(emit.div(choice.count, size), size);
  };
  Value wide = wholes(chains * stripLanes), whole = wholes(stripLanes);
  Scored lanes = bestOf(last, emit.i64(0), wide, nothing(stripLanes), chains);
  lanes = bestOf(last, wide, whole, lanes, 1);
  return bestOf(last, whole, choice.count, bestLane(lanes), 1);
}

void TopSelection::emitInto() {
  // Before all others.
  Value highest = emit.number(f32, std::numeric_limits<double>::infinity());
  Value before = emit.truncate(emit.i64(-1));
  emit.loop(emit.i64(0), emit.i64(choice.k), 1, ValueRange{highest, before},
            [&](Value j, ValueRange last) {
              Scored chosen = best({last[0], last[1]});
              emit.store(chosen.logit, emit.at(choice.top, f32, j));
              emit.store(chosen.token, emit.at(choice.tokens, i32, j));
              return SmallVector<Value>{chosen.logit, chosen.token};
            });
}

void moec::emitTopChoice(Emit &emit, const TopChoice &choice) {
  TopSelection(emit, choice).emitInto();
}

Value moec::emitAnyNaN(Emit &emit, Value logits, Value count) {
  Type f32 = emit.getF32Type();
  // Zero until a NaN is met.
  auto pass = [&](Value from, Value to, int64_t lanes, Value init) {
    return emit.loop(
        from, to, lanes, ValueRange{init}, [&](Value i, ValueRange seen) {
          Value v =
              emit.load(stripType(emit, f32, lanes), emit.at(logits, f32, i));
          Value isNaN =
              arith::CmpFOp::create(emit, arith::CmpFPredicate::UNO, v, v);
          return SmallVector<Value>{emit.select(isNaN, v, seen[0])};
        })[0];
  };
  Value whole = emit.mul(emit.div(count, stripLanes), stripLanes);
  Value zero = emit.number(f32, 0.0);
  Value lanes =
      pass(emit.i64(0), whole, stripLanes, emit.splat(zero, stripLanes));
  Value seen = pass(whole, count, 1, emit.sumLanes(lanes));
  return arith::CmpFOp::create(emit, arith::CmpFPredicate::UNO, seen, seen);
}

//===----------------------------------------------------------------------===//
// decoder.part_top
//===----------------------------------------------------------------------===//

static int64_t countParts(decoder::PartTopOp op) {
  return rowLength(op.getTop()) / static_cast<int64_t>(op.getK());
}

static FailureOr<KernelPlan> planPartTop(exec::KernelOp kernel,
                                         const KernelContext &) {
  auto op = firstOperation<decoder::PartTopOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = countParts(op);
  plan.grain = rowGrain(static_cast<int64_t>(op.getPart() * op.getK()));
  return plan;
}

/// Task i is part i % parts of row i / parts.
static void emitPartTop(exec::KernelOp kernel, const KernelContext &,
                        Emit &emit) {
  auto op = firstOperation<decoder::PartTopOp>(kernel);
  int64_t parts = countParts(op), part = op.getPart(), k = op.getK();
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix logits = matrixOf(emit, arguments, op.getLogits());
    Row top = rowOf(emit, arguments, op.getTop());
    Row tokens = rowOf(emit, arguments, op.getTokens());
    forEachTask(emit, arguments, [&](Value task) {
      Value row = emit.div(task, parts);
      Value first = emit.mul(emit.rem(task, parts), part);
      Value place = emit.mul(task, k);
      TopChoice choice;
      choice.logits = logits.row(emit, row).address(emit, first);
      choice.first = first;
      choice.count =
          emit.min(emit.sub(emit.i64(logits.width), first), emit.i64(part));
      choice.k = k;
      choice.top = top.address(emit, place);
      choice.tokens = tokens.address(emit, place);
      emitTopChoice(emit, choice);
      Value isNaN = emitAnyNaN(emit, choice.logits, choice.count);
      emit.branch(isNaN, [&] { arguments.fail(emit, MOERT_KERNEL_LOGIT_NAN); });
    });
  });
}

static constexpr StringRef partTopOperations[] = {
    decoder::PartTopOp::getOperationName()};
const KernelBuilder moec::partTopKernel = {partTopOperations, planPartTop,
                                           emitPartTop};

//===----------------------------------------------------------------------===//
// decoder.merge_top
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planMergeTop(exec::KernelOp kernel,
                                          const KernelContext &) {
  auto op = firstOperation<decoder::MergeTopOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain =
      rowGrain(rowLength(op.getLogits()) * static_cast<int64_t>(op.getK()));
  return plan;
}

static void emitMergeTop(exec::KernelOp kernel, const KernelContext &,
                         Emit &emit) {
  auto op = firstOperation<decoder::MergeTopOp>(kernel);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix logits = matrixOf(emit, arguments, op.getLogits());
    Matrix candidates = matrixOf(emit, arguments, op.getCandidates());
    Matrix top = matrixOf(emit, arguments, op.getTop());
    Matrix tokens = matrixOf(emit, arguments, op.getTokens());
    forEachTask(emit, arguments, [&](Value row) {
      TopChoice choice;
      choice.logits = logits.row(emit, row).base;
      choice.candidates = candidates.row(emit, row).base;
      choice.count = emit.i64(logits.width);
      choice.k = op.getK();
      choice.top = top.row(emit, row).base;
      choice.tokens = tokens.row(emit, row).base;
      emitTopChoice(emit, choice);
    });
  });
}

static constexpr StringRef mergeTopOperations[] = {
    decoder::MergeTopOp::getOperationName()};
const KernelBuilder moec::mergeTopKernel = {mergeTopOperations, planMergeTop,
                                            emitMergeTop};
