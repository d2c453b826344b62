//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/BlockRouting.h"

#include "codegen/nvidia/BlockNorm.h"
#include "codegen/nvidia/BlockPlan.h"
#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/WarpTopK.h"

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/TypeUtilities.h"

#include <algorithm>
#include <numeric>

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
    scratch = areas.take(warpRouteScratchBytes(topK));
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

  TaskCount tasks() const override { return {0, shape.unit}; }
  void emitBlock(Emit &emit, const GpuArguments &arguments, Value) override;

private:
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
  // Rows are aligned to what divides them.
  int64_t lanes =
      accessLanes({x.element, weights.element}, std::gcd(length, group));
  Value first = emit.mul(laneIndex(emit), group);
  auto add = [&](Value at, int64_t lanes, Value sum) {
    Value a = loadWhole(emit, x, at, lanes);
    Value w = loadWhole(emit, weights, at, lanes);
    auto element = [&](Value v, int64_t i) -> Value {
      return lanes == 1 ? v : vector::ExtractOp::create(emit, v, i).getResult();
    };
    for (int64_t i = 0; i < lanes; ++i)
      sum = emit.fma(element(a, i), element(w, i), sum);
    return sum;
  };
  int64_t whole = length / step * step;
  Value sum = emit.loop(emit.i64(0), emit.i64(whole), step,
                        {emit.number(emit.getF32Type(), 0.0)},
                        [&](Value k, ValueRange carried) {
                          Value sum = carried[0], at = emit.add(k, first);
                          for (int64_t i = 0; i < group; i += lanes)
                            sum = add(emit.add(at, i), lanes, sum);
                          return SmallVector<Value>{sum};
                        })[0];
  Value from = emit.add(first, whole);
  Value to = emit.min(emit.add(from, group), emit.i64(length));
  sum = emit.loop(from, to, 1, {sum}, [&](Value k, ValueRange carried) {
    return SmallVector<Value>{add(k, 1, carried[0])};
  })[0];
  return sumOfLanes(emit, sum);
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
  emit.branch(emit.equal(warpIndex(emit), emit.i64(0)), [&] {
    moe::TopKOp topK = ops.topK;
    Value bias = topK.getBias();
    emitWarpRoute(
        emit, arguments, topK,
        {area(emit, areas.logits).base,
         bias ? arguments.pointerTo(bias) : Value(),
         choiceRow(emit, arguments, topK.getExperts(), token, areas.experts),
         choiceRow(emit, arguments, topK.getWeights(), token, areas.weights),
         area(emit, areas.scratch).base});
  });
}

//===----------------------------------------------------------------------===//
// Plan
//===----------------------------------------------------------------------===//

void PlanStage::emitBlock(Emit &emit, const GpuArguments &arguments, Value) {
  Value slots = emit.mul(arguments.rows(emit), type.getChoices());
  PlanArrays plan(emit, arguments.pointerTo(ops.dispatch.getPlan()), type,
                  slots);
  Value chosen = ops.topK.getExperts();
  Value from = isYielded(chosen) ? arguments.pointerTo(chosen) : plan.rowOfSlot;
  BlockPlan(emit, plan, from, type.getExperts(), shape.threads).emitInto(slots);
}

int64_t moec::routingSharedBytes(const Routing &routing) {
  int64_t choice = ChoiceAreas(routing).areas.bytes();
  if (!routing.dispatch)
    return choice;
  moe::PlanType type = moe::DispatchOp(routing.dispatch).getPlan().getType();
  return std::max(choice, BlockPlan::sharedBytes(type.getExperts()));
}

std::unique_ptr<GpuStage> moec::makeChoiceStage(const Routing &routing,
                                                const RoutingShape &shape) {
  return std::make_unique<ChoiceStage>(routing, shape);
}
std::unique_ptr<GpuStage> moec::makePlanStage(const Routing &routing,
                                              const RoutingShape &shape) {
  return std::make_unique<PlanStage>(routing, shape);
}
