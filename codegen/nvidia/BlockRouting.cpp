//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/BlockRouting.h"

#include "codegen/kernels/Plan.h"
#include "codegen/kernels/TopK.h"
#include "codegen/nvidia/BlockNorm.h"
#include "runtime/abi/Kernel.h"

#include "mlir/IR/TypeUtilities.h"

#include <algorithm>

using namespace mlir;
using namespace moec;

namespace {

/// Shared memory of the stage that chooses.
struct ChoiceAreas {
  ScratchAreas areas;
  int64_t row, logits, scratch = 0, experts = 0, weights = 0;

  explicit ChoiceAreas(const Routing &routing) {
    moe::RouterOp router = routing.router;
    row = areas.take(4 * rowLength(router.getX()));
    logits = areas.take(4 * rowLength(router.getLogits()));
    moe::TopKOp topK = routing.topK;
    if (!topK)
      return;
    scratch = areas.take(routeScratchBytes(topK));
    experts = areas.take(4 * topK.getK());
    weights = areas.take(4 * topK.getK());
  }
};

class ChoiceStage : public GpuStage {
public:
  ChoiceStage(const Routing &routing, const RoutingShape &shape)
      : ops(routing), shape(shape), areas(routing) {}

  TaskCount tasks() const override { return {shape.unit, 0}; }
  void emitBlock(Emit &emit, const GpuArguments &arguments,
                 Value token) override;

private:
  void loadRow(Emit &emit, const GpuArguments &arguments, Value token);
  void score(Emit &emit, const GpuArguments &arguments, Value expert,
             Row logits);
  Value dot(Emit &emit, Row weights);
  Value choiceRow(Emit &emit, const GpuArguments &arguments, Value choice,
                  Value token, int64_t area);
  Row area(Emit &emit, int64_t offset) {
    return {sharedMemory(emit, offset), emit.getF32Type()};
  }

  Routing ops;
  RoutingShape shape;
  ChoiceAreas areas;
};

class PlanStage : public GpuStage {
public:
  PlanStage(const Routing &routing, const RoutingShape &shape)
      : ops(routing), shape(shape), type(ops.dispatch.getPlan().getType()) {}

  static int64_t sharedBytes(const Routing &routing,
                             const RoutingShape &shape) {
    moe::PlanType type = moe::DispatchOp(routing.dispatch).getPlan().getType();
    return 4 * (type.getExperts() + shape.maxTokens * type.getChoices());
  }
  TaskCount tasks() const override { return {0, shape.unit}; }
  void emitBlock(Emit &emit, const GpuArguments &arguments, Value) override;

private:
  Value counts(Emit &emit) { return sharedMemory(emit); }
  Value experts(Emit &emit) {
    return sharedMemory(emit, 4 * type.getExperts());
  }
  void place(Emit &emit, const PlanArrays &plan, Value expert, Value slots);

  Routing ops;
  RoutingShape shape;
  moe::PlanType type;
};

} // namespace

//===----------------------------------------------------------------------===//
// Choice
//===----------------------------------------------------------------------===//

/// The token's row, normed if there is a norm, as f32 in shared memory.
void ChoiceStage::loadRow(Emit &emit, const GpuArguments &arguments,
                          Value token) {
  if (ops.norm)
    return BlockNorm(ops.norm, shape.threads, areas.row)
        .emitRow(emit, arguments, token);
  Value x = ops.router.getX();
  Row all = {arguments.pointerTo(x), getElementTypeOrSelf(x.getType())};
  Row from = all.from(emit, emit.mul(token, rowLength(x)));
  Row to = area(emit, areas.row);
  forEachOfBlock(emit, shape.threads, emit.i64(rowLength(x)), [&](Value i) {
    storeStrip(emit, loadStrip(emit, from, i, 1), to, i);
  });
  blockBarrier(emit);
}

/// The product of the row and a row of weights, in all lanes.
Value ChoiceStage::dot(Emit &emit, Row weights) {
  constexpr int64_t group = 8, step = group * warpThreads;
  Row x = area(emit, areas.row);
  int64_t length = rowLength(ops.router.getX());
  Value first = emit.mul(laneIndex(emit), group);
  Value sum = emit.number(emit.getF32Type(), 0.0);
  auto add = [&](Value at, Value sum) {
    return emit.fma(loadStrip(emit, x, at, 1), loadStrip(emit, weights, at, 1),
                    sum);
  };
  int64_t whole = length / step * step;
  sum = emit.loop(emit.i64(0), emit.i64(whole), step, {sum},
                  [&](Value k, ValueRange carried) {
                    Value sum = carried[0];
                    for (int64_t i = 0; i < group; ++i)
                      sum = add(emit.add(emit.add(k, first), i), sum);
                    return SmallVector<Value>{sum};
                  })[0];
  Value from = emit.add(first, whole);
  Value to = emit.min(emit.add(from, group), emit.i64(length));
  sum = emit.loop(from, to, 1, {sum}, [&](Value k, ValueRange carried) {
    return SmallVector<Value>{add(k, carried[0])};
  })[0];
  for (int64_t distance = warpThreads / 2; distance; distance /= 2)
    sum = emit.addF(sum, shuffleXor(emit, sum, distance));
  return sum;
}

void ChoiceStage::score(Emit &emit, const GpuArguments &arguments, Value expert,
                        Row logits) {
  moe::RouterOp router = ops.router;
  Value w = router.getWeight();
  Row weights = {arguments.pointerTo(w), getElementTypeOrSelf(w.getType())};
  Value sum = dot(emit, weights.from(emit, emit.mul(expert, rowLength(w))));
  if (Value bias = router.getBias()) {
    Row row = {arguments.pointerTo(bias), getElementTypeOrSelf(bias.getType())};
    sum = emit.addF(sum, loadStrip(emit, row, expert, 1));
  }
  emit.branch(emit.equal(laneIndex(emit), emit.i64(0)),
              [&] { storeStrip(emit, sum, logits, expert); });
}

/// Where a token's choices go: to a result; experts else to where the plan will
/// have their rows.
Value ChoiceStage::choiceRow(Emit &emit, const GpuArguments &arguments,
                             Value choice, Value token, int64_t scratch) {
  Value at = emit.mul(token, ops.topK.getK());
  Type element = getElementTypeOrSelf(choice.getType());
  if (isYielded(choice))
    return emit.at(arguments.pointerTo(choice), element, at);
  if (choice != ops.topK.getExperts())
    return sharedMemory(emit, scratch);
  moe::PlanType type = ops.dispatch.getPlan().getType();
  PlanArrays plan(emit, arguments.pointerTo(ops.dispatch.getPlan()), type,
                  emit.mul(arguments.rows(emit), ops.topK.getK()));
  return emit.at(plan.rowOfSlot, element, at);
}

void ChoiceStage::emitBlock(Emit &emit, const GpuArguments &arguments,
                            Value token) {
  loadRow(emit, arguments, token);
  Value count = emit.i64(rowLength(ops.router.getLogits()));
  Row logits = area(emit, areas.logits);
  if (!ops.topK)
    logits = Row{arguments.pointerTo(ops.router.getLogits()), emit.getF32Type()}
                 .from(emit, emit.mul(token, count));
  forEachOfWarps(emit, shape.threads, count,
                 [&](Value expert) { score(emit, arguments, expert, logits); });
  if (!ops.topK)
    return;
  blockBarrier(emit);
  emit.branch(emit.equal(threadIndex(emit), emit.i64(0)), [&] {
    moe::TopKOp topK = ops.topK;
    Value bias = topK.getBias();
    TokenRoute route = {
        area(emit, areas.logits).base,
        bias ? arguments.pointerTo(bias) : Value(),
        choiceRow(emit, arguments, topK.getExperts(), token, areas.experts),
        choiceRow(emit, arguments, topK.getWeights(), token, areas.weights),
        area(emit, areas.scratch).base};
    Value isNaN = routeToken(emit, topK, route);
    emit.branch(isNaN, [&] { arguments.fail(emit, MOERT_KERNEL_ROUTER_NAN); });
  });
}

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

/// The rows of an expert, from the numbers of those before it on.
void PlanStage::place(Emit &emit, const PlanArrays &plan, Value expert,
                      Value slots) {
  Value first = emit.loop(emit.i64(0), expert, 1, ValueRange{emit.i64(0)},
                          [&](Value e, ValueRange sum) {
                            return SmallVector<Value>{emit.add(
                                sum[0], loadIndex(emit, counts(emit), e))};
                          })[0];
  storeIndex(emit, first, plan.offsets, expert);
  emit.branch(emit.equal(expert, emit.i64(type.getExperts() - 1)), [&] {
    storeIndex(emit, slots, plan.offsets, emit.add(expert, 1));
  });
  emit.loop(emit.i64(0), slots, 1, ValueRange{first},
            [&](Value slot, ValueRange next) {
              Value is =
                  emit.equal(loadIndex(emit, experts(emit), slot), expert);
              emit.branch(is, [&] {
                storeIndex(emit, slot, plan.slotOfRow, next[0]);
                storeIndex(emit, next[0], plan.rowOfSlot, slot);
              });
              return SmallVector<Value>{
                  emit.select(is, emit.add(next[0], 1), next[0])};
            });
}

void PlanStage::emitBlock(Emit &emit, const GpuArguments &arguments, Value) {
  Value slots = emit.mul(arguments.rows(emit), type.getChoices());
  PlanArrays plan(emit, arguments.pointerTo(ops.dispatch.getPlan()), type,
                  slots);
  Value chosen = ops.topK.getExperts();
  Value from = isYielded(chosen) ? arguments.pointerTo(chosen) : plan.rowOfSlot;
  forEachOfBlock(emit, shape.threads, slots, [&](Value slot) {
    storeIndex(emit, loadIndex(emit, from, slot), experts(emit), slot);
  });
  blockBarrier(emit);
  Value count = emit.i64(type.getExperts());
  forEachOfBlock(emit, shape.threads, count, [&](Value expert) {
    Value zero = emit.i64(0);
    Value rows = emit.loop(
        zero, slots, 1, ValueRange{zero}, [&](Value slot, ValueRange sum) {
          Value is = emit.equal(loadIndex(emit, experts(emit), slot), expert);
          return SmallVector<Value>{
              emit.select(is, emit.add(sum[0], 1), sum[0])};
        })[0];
    storeIndex(emit, rows, counts(emit), expert);
  });
  blockBarrier(emit);
  forEachOfBlock(emit, shape.threads, count,
                 [&](Value expert) { place(emit, plan, expert, slots); });
}

int64_t moec::routingSharedBytes(const Routing &routing,
                                 const RoutingShape &shape) {
  int64_t choice = ChoiceAreas(routing).areas.bytes();
  return routing.dispatch
             ? std::max(choice, PlanStage::sharedBytes(routing, shape))
             : choice;
}

std::unique_ptr<GpuStage> moec::makeChoiceStage(const Routing &routing,
                                                const RoutingShape &shape) {
  return std::make_unique<ChoiceStage>(routing, shape);
}
std::unique_ptr<GpuStage> moec::makePlanStage(const Routing &routing,
                                              const RoutingShape &shape) {
  return std::make_unique<PlanStage>(routing, shape);
}
