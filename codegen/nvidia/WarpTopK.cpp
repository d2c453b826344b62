//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// A lane has every 32nd expert, then one of the chosen. Sums go over experts,
/// or choices, in ascending order, as on the CPU: what they add up is computed
/// by all lanes at once.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/WarpTopK.h"

#include "codegen/kernels/Region.h"
#include "runtime/abi/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace moec;

namespace {

class WarpRouter {
public:
  WarpRouter(Emit &emit, moe::TopKOp op, const TokenRoute &token)
      : emit(emit), op(op), token(token), count(rowLength(op.getLogits())),
        k(op.getK()), f32(emit.getF32Type()), lane(laneIndex(emit)),
        lowest(emit.number(f32, -std::numeric_limits<double>::infinity())),
        taken(emit.truncate(emit.i64(takenExpertKey))) {}

  /// Returns whether a logit is NaN.
  Value route();

private:
  using Values = SmallVector<Value>; ///< of the lane's experts, or others
  /// The best key, and its expert as i64.
  struct Best {
    Value key, expert;
  };
  struct Chosen {
    Value expert, logit; ///< of the lane's choice
  };

  int64_t slots() const { return llvm::divideCeil(count, warpThreads); }
  Value expert(int64_t slot) { return emit.add(lane, slot * warpThreads); }
  Value isExpert(int64_t slot) {
    return emit.less(expert(slot), emit.i64(count));
  }
  Values loadAll(Value array);
  Value anyNaN(const Values &logits);
  Values keysOf(const Values &numbers);
  Value maximumOf(const Values &logits);
  Value softmaxSum(const Values &logits, Value maximum);
  Values scores(const Values &logits);
  Best bestOf(ValueRange keys);
  Value ofExpert(const Values &logits, Value expert);
  Chosen choose(const Values &logits, Values keys);
  Value foldChoices(Value v, Value init,
                    llvm::function_ref<Value(Value, Value)> next);
  Value weigh(const Values &logits, Value logit);

  Emit &emit;
  moe::TopKOp op;
  const TokenRoute &token;
  int64_t count, k;
  Type f32;
  Value lane, lowest, taken;
};

} // namespace

//===----------------------------------------------------------------------===//
// All experts
//===----------------------------------------------------------------------===//

/// Lanes beyond the last expert repeat it.
WarpRouter::Values WarpRouter::loadAll(Value array) {
  Values values;
  for (int64_t slot = 0; slot < slots(); ++slot) {
    Value at = emit.min(expert(slot), emit.i64(count - 1));
    values.push_back(emit.load(f32, emit.at(array, f32, at)));
  }
  return values;
}

Value WarpRouter::anyNaN(const Values &logits) {
  Value numbers = arith::ConstantOp::create(emit, emit.getBoolAttr(true));
  Value no = arith::ConstantOp::create(emit, emit.getBoolAttr(false));
  for (Value v : logits) {
    Value isNumber =
        arith::CmpFOp::create(emit, arith::CmpFPredicate::ORD, v, v);
    numbers = arith::AndIOp::create(emit, numbers, isNumber);
  }
  Value yes = arith::ConstantOp::create(emit, emit.getBoolAttr(true));
  return emit.select(allOfWarp(emit, numbers), no, yes);
}

WarpRouter::Values WarpRouter::keysOf(const Values &numbers) {
  Values keys;
  for (auto [slot, v] : llvm::enumerate(numbers))
    keys.push_back(emit.select(isExpert(slot), orderKey(emit, v), taken));
  return keys;
}

/// The largest that is a number.
Value WarpRouter::maximumOf(const Values &logits) {
  Value best = lowest;
  for (Value v : logits)
    best = emit.maxF(v, best);
  return maximumOfLanes(emit, best);
}

Value WarpRouter::softmaxSum(const Values &logits, Value maximum) {
  Value sum = emit.number(f32, 0.0);
  for (auto [slot, logit] : llvm::enumerate(logits)) {
    Value v = emit.exp(emit.subF(logit, maximum));
    int64_t left = count - slot * warpThreads;
    sum = emit.loop(emit.i64(0), emit.i64(std::min(left, warpThreads)), 1,
                    {sum}, [&](Value i, ValueRange carried) {
                      return Values{
                          emit.addF(carried[0], shuffleFrom(emit, v, i))};
                    })[0];
  }
  return sum;
}

/// What experts are chosen by if there is a bias.
WarpRouter::Values WarpRouter::scores(const Values &logits) {
  bool softmax = op.getScore() == moe::ScoreFunction::Softmax;
  Value maximum, sum;
  if (softmax) {
    maximum = maximumOf(logits);
    sum = softmaxSum(logits, maximum);
  }
  Values scores, biases = loadAll(token.bias);
  for (auto [logit, bias] : llvm::zip(logits, biases)) {
    Value score = softmax ? emit.divF(emit.exp(emit.subF(logit, maximum)), sum)
                          : sigmoid(emit, logit);
    scores.push_back(emit.addF(score, bias));
  }
  return scores;
}

//===----------------------------------------------------------------------===//
// The choice
//===----------------------------------------------------------------------===//

/// The expert of the largest key, the lower one of equals; 0 if all are taken.
WarpRouter::Best WarpRouter::bestOf(ValueRange keys) {
  Best best = {taken, emit.i64(0)};
  for (auto [slot, key] : llvm::enumerate(keys)) {
    Value better = emit.less(best.key, key);
    best = {emit.select(better, key, best.key),
            emit.select(better, expert(slot), best.expert)};
  }
  for (int64_t distance = warpThreads / 2; distance; distance /= 2) {
    Value index = emit.truncate(best.expert);
    Best other = {shuffleXor(emit, best.key, distance),
                  emit.extend(shuffleXor(emit, index, distance))};
    Value ties = arith::AndIOp::create(emit, emit.equal(other.key, best.key),
                                       emit.less(other.expert, best.expert));
    Value better =
        arith::OrIOp::create(emit, emit.less(best.key, other.key), ties);
    best = {emit.select(better, other.key, best.key),
            emit.select(better, other.expert, best.expert)};
  }
  return best;
}

/// The logit of an expert, in all lanes.
Value WarpRouter::ofExpert(const Values &logits, Value expert) {
  Value from = emit.rem(expert, warpThreads);
  Value slotOf = emit.div(expert, warpThreads), found;
  for (auto [slot, logit] : llvm::enumerate(logits)) {
    Value v = shuffleFrom(emit, logit, from);
    found =
        found ? emit.select(emit.equal(slotOf, emit.i64(slot)), v, found) : v;
  }
  return found;
}

/// Lane j gets the j-th choice.
WarpRouter::Chosen WarpRouter::choose(const Values &logits, Values keys) {
  Values init = std::move(keys);
  init.append({emit.i64(0), lowest});
  Values result = emit.loop(
      emit.i64(0), emit.i64(k), 1, init, [&](Value j, ValueRange carried) {
        ValueRange left = carried.drop_back(2);
        Value chosen = bestOf(left).expert;
        Value logit = ofExpert(logits, chosen), mine = emit.equal(lane, j);
        Values next;
        for (auto [slot, key] : llvm::enumerate(left))
          next.push_back(
              emit.select(emit.equal(expert(slot), chosen), taken, key));
        next.push_back(emit.select(mine, chosen, carried[left.size()]));
        next.push_back(emit.select(mine, logit, carried[left.size() + 1]));
        return next;
      });
  return {result[slots()], result[slots() + 1]};
}

/// value = next(the value v of a choice, value), in the order of choices.
Value WarpRouter::foldChoices(Value v, Value init,
                              llvm::function_ref<Value(Value, Value)> next) {
  return emit.loop(emit.i64(0), emit.i64(k), 1, {init},
                   [&](Value j, ValueRange carried) {
                     return Values{next(shuffleFrom(emit, v, j), carried[0])};
                   })[0];
}

/// The weight of the lane's choice.
Value WarpRouter::weigh(const Values &logits, Value logit) {
  bool softmax = op.getScore() == moe::ScoreFunction::Softmax;
  bool renormalize = op.getRenormalize();
  Value maximum, score;
  if (softmax) {
    maximum = renormalize ? foldChoices(logit, lowest,
                                        [&](Value v, Value best) {
                                          return emit.maxF(v, best);
                                        })
                          : maximumOf(logits);
    score = emit.exp(emit.subF(logit, maximum));
  } else {
    score = sigmoid(emit, logit);
  }
  Value sum;
  if (renormalize)
    sum = foldChoices(score, emit.number(f32, 0.0),
                      [&](Value v, Value sum) { return emit.addF(sum, v); });
  else if (softmax)
    sum = softmaxSum(logits, maximum);
  Value weight = sum ? emit.divF(score, sum) : score;
  if (op.getScale())
    weight =
        emit.mulF(weight, emit.number(f32, op.getScale()->convertToDouble()));
  return weight;
}

Value WarpRouter::route() {
  Values logits = loadAll(token.logits);
  Value isNaN = anyNaN(logits);
  Chosen chosen = choose(logits, keysOf(token.bias ? scores(logits) : logits));
  Value weight = weigh(logits, chosen.logit);
  emit.branch(emit.less(lane, emit.i64(k)), [&] {
    storeIndex(emit, chosen.expert, token.experts, lane);
    emit.store(weight, emit.at(token.weights, f32, lane));
  });
  return isNaN;
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

/// Groups of experts are chosen by one lane, as are more than a warp's.
static bool isForOneLane(moe::TopKOp op) {
  return op.getGroups() || op.getK() > static_cast<uint64_t>(warpThreads);
}

int64_t moec::warpRouteScratchBytes(moe::TopKOp op) {
  return isForOneLane(op) ? routeScratchBytes(op) : 0;
}

void moec::emitWarpRoute(Emit &emit, const GpuArguments &arguments,
                         moe::TopKOp op, const TokenRoute &token) {
  auto report = [&](Value isNaN) {
    emit.branch(isNaN, [&] { arguments.fail(emit, MOERT_KERNEL_ROUTER_NAN); });
  };
  Value isFirst = emit.equal(laneIndex(emit), emit.i64(0));
  if (isForOneLane(op))
    return emit.branch(isFirst, [&] { report(routeToken(emit, op, token)); });
  Value isNaN = WarpRouter(emit, op, token).route();
  emit.branch(isFirst, [&] { report(isNaN); });
}
