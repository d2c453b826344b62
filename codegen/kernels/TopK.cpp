//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The choice of experts for each token, and their weights.
///
/// Choices compare integer keys in the order of the numbers, so any input, NaN
/// included, leads to k different experts.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/TopK.h"

#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Region.h"
#include "runtime/abi/Kernel.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <limits>

using namespace mlir;
using namespace moec;

namespace {

/// The work on one token. `logits`, `experts` and `weights` point to its rows.
class TokenRouter {
public:
  /// Scratch, 4-byte elements: keys [E], scores [E], keys of the groups.
  static int64_t scratchBytes(moe::TopKOp op) {
    return 4 * (2 * rowLength(op.getLogits()) + op.getGroups().value_or(0));
  }
  TokenRouter(Emit &emit, moe::TopKOp op, Value scratch)
      : emit(emit), op(op), count(rowLength(op.getLogits())), k(op.getK()),
        f32(emit.getF32Type()), i32(emit.getI32Type()), keys(scratch),
        scores(emit.at(scratch, i32, emit.i64(count))),
        groupKeys(emit.at(scratch, i32, emit.i64(2 * count))) {}

  /// Fills `experts` [k] and `weights` [k]. Returns whether a logit is NaN.
  Value route(Value logits, Value bias, Value experts, Value weights);

private:
  Value number(double v) { return emit.number(f32, v); }
  Value at(Value array, Value i) {
    return emit.load(f32, emit.at(array, f32, i));
  }
  void put(Value v, Value array, Value i) {
    emit.store(v, emit.at(array, v.getType(), i));
  }
  /// value = next(i, value) for i = 0 .. n - 1.
  Value fold(int64_t n, Value init,
             llvm::function_ref<Value(Value, Value)> next);

  Value fillKeys(Value logits);
  void scoreExperts(Value logits, Value bias);
  void keepBestGroups();
  Value groupScore(Value group, int64_t size);
  void choose(Value from, int64_t count, int64_t best,
              llvm::function_ref<void(Value, Value)> chosen);
  Value softmaxSum(Value logits, Value maximum);
  Value maximumLogit(Value logits);
  void weigh(Value logits, Value experts, Value weights);

  Emit &emit;
  moe::TopKOp op;
  int64_t count, k;
  Type f32, i32;
  Value keys, scores, groupKeys;
};

} // namespace

Value TokenRouter::fold(int64_t n, Value init,
                        llvm::function_ref<Value(Value, Value)> next) {
  return emit.loop(emit.i64(0), emit.i64(n), 1, ValueRange{init},
                   [&](Value i, ValueRange v) {
                     return SmallVector<Value>{next(i, v[0])};
                   })[0];
}

static Value number(Emit &emit, double v) {
  return emit.number(emit.getF32Type(), v);
}

Value moec::orderKey(Emit &emit, Value v) {
  Type i32 = emit.getI32Type();
  Value isNaN = arith::CmpFOp::create(emit, arith::CmpFPredicate::UNO, v, v);
  Value lowest = number(emit, -std::numeric_limits<double>::infinity());
  Value plain = emit.addF(emit.select(isNaN, lowest, v), number(emit, 0.0));
  Value bits = arith::BitcastOp::create(emit, i32, plain);
  Value sign = arith::ShRSIOp::create(emit, bits, emit.truncate(emit.i64(31)));
  Value flip = arith::AndIOp::create(
      emit, sign, emit.truncate(emit.i64(std::numeric_limits<int32_t>::max())));
  return arith::XOrIOp::create(emit, bits, flip);
}

Value moec::sigmoid(Emit &emit, Value logit) {
  Value exp = emit.exp(arith::NegFOp::create(emit, logit));
  return emit.divF(number(emit, 1.0), emit.addF(number(emit, 1.0), exp));
}

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

/// Chooses the `best` largest of `count` keys, the lower index of equal ones,
/// and marks them as taken; chosen(j, index) for each, the best first.
void TokenRouter::choose(Value from, int64_t count, int64_t best,
                         llvm::function_ref<void(Value, Value)> chosen) {
  Value taken = emit.truncate(emit.i64(takenExpertKey));
  emit.loop(emit.i64(0), emit.i64(best), 1, [&](Value j) {
    Value index = emit.loop(
        emit.i64(0), emit.i64(count), 1, ValueRange{taken, emit.i64(0)},
        [&](Value i, ValueRange best) {
          Value key = emit.load(i32, emit.at(from, i32, i));
          Value better = emit.less(best[0], key);
          return SmallVector<Value>{emit.select(better, key, best[0]),
                                    emit.select(better, i, best[1])};
        })[1];
    put(taken, from, index);
    chosen(j, index);
  });
}

/// Keys of the logits. Returns whether one is NaN.
Value TokenRouter::fillKeys(Value logits) {
  Value no = arith::ConstantOp::create(emit, emit.getBoolAttr(false));
  return fold(count, no, [&](Value i, Value found) {
    Value logit = at(logits, i);
    put(orderKey(emit, logit), keys, i);
    Value isNaN =
        arith::CmpFOp::create(emit, arith::CmpFPredicate::UNO, logit, logit);
    return arith::OrIOp::create(emit, found, isNaN).getResult();
  });
}

/// Scores of all experts, plus the bias if there is one: then they decide the
/// choice.
void TokenRouter::scoreExperts(Value logits, Value bias) {
  bool softmax = op.getScore() == moe::ScoreFunction::Softmax;
  Value maximum, sum;
  if (softmax) {
    maximum = maximumLogit(logits);
    sum = softmaxSum(logits, maximum);
  }
  emit.loop(emit.i64(0), emit.i64(count), 1, [&](Value i) {
    Value logit = at(logits, i);
    Value score = softmax ? emit.divF(emit.exp(emit.subF(logit, maximum)), sum)
                          : sigmoid(emit, logit);
    if (bias) {
      score = emit.addF(score, at(bias, i));
      put(orderKey(emit, score), keys, i);
    }
    put(score, scores, i);
  });
}

/// The sum of the two best scores of a group (its only one if size is 1).
Value TokenRouter::groupScore(Value group, int64_t size) {
  Value lowest = number(-std::numeric_limits<double>::infinity());
  Value first = emit.mul(group, size);
  SmallVector<Value> best = emit.loop(
      emit.i64(0), emit.i64(size), 1, ValueRange{lowest, lowest},
      [&](Value i, ValueRange best) {
        Value score = at(scores, emit.add(first, i));
        Value beaten = arith::CmpFOp::create(emit, arith::CmpFPredicate::OGT,
                                             score, best[0]);
        Value runnerUp = emit.maxF(score, best[1]);
        return SmallVector<Value>{emit.select(beaten, score, best[0]),
                                  emit.select(beaten, best[0], runnerUp)};
      });
  return size == 1 ? best[0] : emit.addF(best[0], best[1]);
}

/// Takes the experts of all but the best groups out of the choice.
void TokenRouter::keepBestGroups() {
  int64_t groups = *op.getGroups(), size = count / groups;
  emit.loop(emit.i64(0), emit.i64(groups), 1, [&](Value group) {
    put(orderKey(emit, groupScore(group, size)), groupKeys, group);
  });
  choose(groupKeys, groups, *op.getChosenGroups(), [](Value, Value) {});
  Value taken = emit.truncate(emit.i64(takenExpertKey));
  emit.loop(emit.i64(0), emit.i64(count), 1, [&](Value i) {
    Value group = emit.load(i32, emit.at(groupKeys, i32, emit.div(i, size)));
    Value key = emit.load(i32, emit.at(keys, i32, i));
    put(emit.select(emit.equal(group, taken), key, taken), keys, i);
  });
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

Value TokenRouter::maximumLogit(Value logits) {
  return fold(
      count, number(-std::numeric_limits<double>::infinity()),
      [&](Value i, Value best) { return emit.maxF(at(logits, i), best); });
}

Value TokenRouter::softmaxSum(Value logits, Value maximum) {
  return fold(count, number(0.0), [&](Value i, Value sum) {
    return emit.addF(sum, emit.exp(emit.subF(at(logits, i), maximum)));
  });
}

/// Weights of the chosen experts: their scores, divided by the sum over all
/// experts (softmax) or over the chosen ones (renormalize).
void TokenRouter::weigh(Value logits, Value experts, Value weights) {
  bool softmax = op.getScore() == moe::ScoreFunction::Softmax;
  bool renormalize = op.getRenormalize();
  auto chosen = [&](Value j) {
    return at(logits, loadIndex(emit, experts, j));
  };
  Value lowest = number(-std::numeric_limits<double>::infinity());
  Value maximum;
  if (softmax)
    maximum = renormalize ? fold(k, lowest,
                                 [&](Value j, Value best) {
                                   return emit.maxF(chosen(j), best);
                                 })
                          : maximumLogit(logits);
  Value sum = fold(k, number(0.0), [&](Value j, Value sum) {
    Value score = softmax ? emit.exp(emit.subF(chosen(j), maximum))
                          : sigmoid(emit, chosen(j));
    put(score, weights, j);
    return emit.addF(sum, score);
  });
  if (softmax && !renormalize)
    sum = softmaxSum(logits, maximum);
  emit.loop(emit.i64(0), emit.i64(k), 1, [&](Value j) {
    Value weight = at(weights, j);
    if (softmax || renormalize)
      weight = emit.divF(weight, sum);
    if (op.getScale())
      weight = emit.mulF(weight, number(op.getScale()->convertToDouble()));
    put(weight, weights, j);
  });
}

Value TokenRouter::route(Value logits, Value bias, Value experts,
                         Value weights) {
  Value isNaN = fillKeys(logits);
  if (bias || op.getGroups())
    scoreExperts(logits, bias);
  if (op.getGroups())
    keepBestGroups();
  choose(keys, count, k,
         [&](Value j, Value index) { storeIndex(emit, index, experts, j); });
  weigh(logits, experts, weights);
  return isNaN;
}

int64_t moec::routeScratchBytes(moe::TopKOp op) {
  return TokenRouter::scratchBytes(op);
}

Value moec::routeToken(Emit &emit, moe::TopKOp op, const TokenRoute &token) {
  return TokenRouter(emit, op, token.scratch)
      .route(token.logits, token.bias, token.experts, token.weights);
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planTopK(exec::KernelOp kernel,
                                      const KernelContext &) {
  auto op = firstOperation<moe::TopKOp>(kernel);
  if (failed(checkRowMajor(op)))
    return failure();
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain = rowGrain(8 * rowLength(op.getLogits()) * op.getK());
  plan.scratchBytes = routeScratchBytes(op);
  return plan;
}

static void emitTopK(exec::KernelOp kernel, const KernelContext &, Emit &emit) {
  auto op = firstOperation<moe::TopKOp>(kernel);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    Matrix logits = matrixOf(emit, arguments, op.getLogits());
    Matrix experts = matrixOf(emit, arguments, op.getExperts());
    Matrix weights = matrixOf(emit, arguments, op.getWeights());
    Value bias =
        op.getBias() ? pointerTo(emit, arguments, op.getBias()) : Value();
    forEachTask(emit, arguments, [&](Value t) {
      Value isNaN =
          routeToken(emit, op,
                     {logits.row(emit, t).base, bias, experts.row(emit, t).base,
                      weights.row(emit, t).base, arguments.scratch});
      emit.branch(isNaN,
                  [&] { arguments.fail(emit, MOERT_KERNEL_ROUTER_NAN); });
    });
  });
}

static constexpr StringRef topKOperations[] = {moe::TopKOp::getOperationName()};
const KernelBuilder moec::topKKernel = {topKOperations, planTopK, emitTopK};
