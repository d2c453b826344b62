//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels that route: from the tokens of a step, or their logits, to the plan
/// of the experts' rows.
///
/// All of such a kernel but moe.dispatch works on one token alone. Tasks are
/// tokens, in blocks that share a transposed weight; the range of tasks that
/// finishes last (KernelArguments::finish) sorts the slots of all tokens. So a
/// launch needs no barrier, and which thread sorts changes no result. Sorting
/// takes 2 us for 512 tokens; a single task for everything, 1 ms (8 experts,
/// 4096 wide), for which all other threads would wait. Nor can each task sort
/// what it needs: its token's rows depend on all tokens' choices.
///
/// Until it is sorted, the plan keeps the expert of each slot where the row of
/// the slot will be, unless the kernel yields the experts themselves.
///
//===----------------------------------------------------------------------===//

#include "codegen/kernels/Router.h"
#include "codegen/kernels/Kernels.h"
#include "codegen/kernels/Norm.h"
#include "codegen/kernels/Plan.h"
#include "codegen/kernels/RouterProduct.h"
#include "codegen/kernels/TopK.h"
#include "runtime/abi/Kernel.h"

#include "mlir/IR/TypeUtilities.h"

#include <optional>

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// The region
//===----------------------------------------------------------------------===//

Routing Routing::of(Block &region) {
  Routing routing;
  for (Operation &op : region) {
    if (auto norm = dyn_cast<decoder::RMSNormOp>(op))
      routing.norm = norm;
    else if (auto router = dyn_cast<moe::RouterOp>(op))
      routing.router = router;
    else if (auto topK = dyn_cast<moe::TopKOp>(op))
      routing.topK = topK;
    else if (auto dispatch = dyn_cast<moe::DispatchOp>(op))
      routing.dispatch = dispatch;
  }
  return routing;
}

bool Routing::has(Operation *op) const {
  return op == norm || op == router || op == topK || op == dispatch;
}

int64_t Routing::block() const {
  return router ? RouterProduct::blockTokens : 1;
}

int64_t Routing::flops() {
  if (!router)
    return 0;
  return 2 * rowLength(router.getLogits()) * rowLength(router.getX());
}

static LogicalResult checkReads(Operation *reader, Value operand,
                                Value result) {
  if (operand != result)
    return reader->emitOpError("shares a kernel with ")
           << result.getDefiningOp()->getName()
           << " and does not read its result";
  return success();
}

LogicalResult Routing::check() {
  for (Operation *op : {norm.getOperation(), router.getOperation(),
                        topK.getOperation(), dispatch.getOperation()})
    if (op && failed(checkRowMajorTypes(op)))
      return failure();
  if (norm && failed(checkReads(router, router.getX(), norm.getY())))
    return failure();
  if (router) {
    if (isYielded(router.getLogits()))
      return router.emitOpError("has logits that its kernel yields; a kernel "
                                "that also chooses experts keeps them");
    if (failed(checkReads(topK, topK.getLogits(), router.getLogits())))
      return failure();
  }
  if (dispatch && !isYielded(dispatch.getPlan()))
    return dispatch.emitOpError("has a plan that its kernel does not yield");
  return dispatch
             ? checkReads(dispatch, dispatch.getExperts(), topK.getExperts())
             : success();
}

//===----------------------------------------------------------------------===//
// The code
//===----------------------------------------------------------------------===//

class RoutingStage::Code {
public:
  Code(const Routing &routing, const Target &target) : ops(routing) {
    if (ops.router)
      product.emplace(ops.router, target, areas);
    choiceOffset = areas.take(routeScratchBytes(ops.topK));
    expertsOffset = areas.take(4 * choices());
    weightsOffset = areas.take(4 * choices());
    if (ops.dispatch)
      sortOffset = areas.take(4 * rowLengthOfLogits());
  }

  int64_t scratchBytes() const { return areas.bytes(); }
  void emitTokens(Emit &emit, const KernelArguments &launch);

private:
  /// The first token of a block, and how many there are.
  struct Tokens {
    Value first, count;
  };

  int64_t choices() { return ops.topK.getK(); }
  int64_t rowLengthOfLogits() { return rowLength(ops.topK.getLogits()); }
  void bind(Emit &emit, KernelArguments arguments);
  void routeBlock(Emit &emit, Tokens tokens);
  void loadTokens(Emit &emit, Tokens tokens);
  void norm(Emit &emit, Value token, Row copy);
  void route(Emit &emit, Value token, Value logits);
  Value choiceRow(Emit &emit, Value choice, Value token, int64_t scratch);
  void sort(Emit &emit);

  Routing ops;
  ScratchAreas areas;
  std::optional<RouterProduct> product;
  int64_t choiceOffset, expertsOffset, weightsOffset, sortOffset = 0;

  // Of the function that is being emitted.
  KernelArguments arguments;
  RouterProduct::Operands operands;
  std::optional<PlanArrays> plan;
  Value slots; ///< T k
};

void RoutingStage::Code::bind(Emit &emit, KernelArguments launch) {
  arguments = launch;
  slots = emit.mul(arguments.rows(emit), choices());
  if (product)
    operands = product->bind(emit, arguments);
  if (ops.dispatch)
    plan.emplace(emit, pointerTo(emit, arguments, ops.dispatch.getPlan()),
                 ops.dispatch.getPlan().getType(), slots);
}

/// Norms one token into `copy`, as the router reads it: rounded, then widened.
void RoutingStage::Code::norm(Emit &emit, Value token, Row copy) {
  Matrix x = matrixOf(emit, arguments, ops.norm.getX());
  Row weight = rowOf(emit, arguments, ops.norm.getWeight());
  Type element = getElementTypeOrSelf(ops.norm.getY().getType());
  std::optional<Row> y;
  if (isYielded(ops.norm.getY()))
    y = matrixOf(emit, arguments, ops.norm.getY()).row(emit, token);
  forEachNormedStrip(emit, ops.norm, x.row(emit, token), weight,
                     [&](Value i, int64_t, Value v) {
                       Value rounded = emit.round(v, element);
                       if (y)
                         emit.store(rounded, y->address(emit, i));
                       storeStrip(emit, emit.widen(rounded), copy, i);
                     });
}

/// Fills the product's x.
void RoutingStage::Code::loadTokens(Emit &emit, Tokens tokens) {
  emit.loop(emit.i64(0), tokens.count, 1, [&](Value t) {
    Row copy = operands.x.row(emit, t);
    Value token = emit.add(tokens.first, t);
    if (ops.norm)
      return norm(emit, token, copy);
    Matrix x = matrixOf(emit, arguments, ops.router.getX());
    Row from = x.row(emit, token);
    forEachStrip(emit, x.width, [&](Value i, int64_t lanes) {
      storeStrip(emit, loadStrip(emit, from, i, lanes), copy, i);
    });
  });
}

/// Where the experts or weights of a token go: where the kernel yields them, or
/// to scratch memory.
Value RoutingStage::Code::choiceRow(Emit &emit, Value choice, Value token,
                                    int64_t scratch) {
  if (isYielded(choice))
    return matrixOf(emit, arguments, choice).row(emit, token).base;
  Type element = getElementTypeOrSelf(choice.getType());
  if (choice == ops.topK.getExperts() && plan)
    return emit.at(plan->rowOfSlot, element, emit.mul(token, choices()));
  return scratchArea(emit, arguments, scratch, element).base;
}

void RoutingStage::Code::route(Emit &emit, Value token, Value logits) {
  Value bias = ops.topK.getBias();
  TokenRoute route = {
      logits, bias ? pointerTo(emit, arguments, bias) : Value(),
      choiceRow(emit, ops.topK.getExperts(), token, expertsOffset),
      choiceRow(emit, ops.topK.getWeights(), token, weightsOffset),
      scratchArea(emit, arguments, choiceOffset, emit.getI8Type()).base};
  Value isNaN = routeToken(emit, ops.topK, route);
  emit.branch(isNaN, [&] { arguments.fail(emit, MOERT_KERNEL_ROUTER_NAN); });
}

void RoutingStage::Code::sort(Emit &emit) {
  Value experts = ops.topK.getExperts();
  SlotSort sort = {
      isYielded(experts) ? pointerTo(emit, arguments, experts)
                         : plan->rowOfSlot,
      slots, scratchArea(emit, arguments, sortOffset, emit.getI32Type()).base,
      rowLengthOfLogits()};
  sort.emitInto(emit, *plan);
}

void RoutingStage::Code::routeBlock(Emit &emit, Tokens tokens) {
  if (!product) {
    Matrix logits = matrixOf(emit, arguments, ops.topK.getLogits());
    return route(emit, tokens.first, logits.row(emit, tokens.first).base);
  }
  loadTokens(emit, tokens);
  product->emitBlock(emit, operands, tokens.count);
  emit.loop(emit.i64(0), tokens.count, 1, [&](Value t) {
    route(emit, emit.add(tokens.first, t), operands.logits.row(emit, t).base);
  });
}

void RoutingStage::Code::emitTokens(Emit &emit, const KernelArguments &launch) {
  bind(emit, launch);
  int64_t block = ops.block();
  emit.loop(arguments.begin, arguments.end, block, [&](Value first) {
    Value left = emit.sub(arguments.end, first);
    routeBlock(emit, {first, emit.min(left, emit.i64(block))});
  });
  emit.branch(emit.less(arguments.begin, arguments.end), [&] {
    Value last = arguments.finish(emit, arguments.rows(emit));
    if (!ops.dispatch)
      return;
    emit.branch(last, [&] {
      sort(emit);
      arguments.addFinished(emit, emit.i64(1));
    });
  });
}

RoutingStage::RoutingStage(const Routing &routing, const Target &target)
    : code(std::make_unique<Code>(routing, target)) {}
RoutingStage::~RoutingStage() = default;

int64_t RoutingStage::scratchBytes() const { return code->scratchBytes(); }
void RoutingStage::emitTokens(Emit &emit, const KernelArguments &arguments) {
  code->emitTokens(emit, arguments);
}

//===----------------------------------------------------------------------===//
// The builders
//===----------------------------------------------------------------------===//

static FailureOr<KernelPlan> planRouting(exec::KernelOp kernel,
                                         const KernelContext &context) {
  Routing ops = Routing::of(kernel.getBody().front());
  if (failed(ops.check()))
    return failure();
  int64_t experts = rowLength(ops.topK.getLogits());
  KernelPlan plan;
  plan.tasksPerRow = 1;
  plan.grain =
      ops.router ? ops.block() : rowGrain(8 * experts * ops.topK.getK());
  plan.flopsPerRow = ops.flops();
  plan.scratchBytes = RoutingStage(ops, context.target).scratchBytes();
  return plan;
}

static void emitRouting(exec::KernelOp kernel, const KernelContext &context,
                        Emit &emit) {
  RoutingStage stage(Routing::of(kernel.getBody().front()), context.target);
  emitKernel(emit, kernel.getSymName(), [&](KernelArguments arguments) {
    stage.emitTokens(emit, arguments);
  });
}

static constexpr StringRef normName = decoder::RMSNormOp::getOperationName(),
                           routerName = moe::RouterOp::getOperationName(),
                           topKName = moe::TopKOp::getOperationName(),
                           dispatchName = moe::DispatchOp::getOperationName();

ArrayRef<KernelBuilder> moec::routingKernels() {
  static constexpr StringRef full[] = {normName, routerName, topKName,
                                       dispatchName};
  static const ArrayRef<StringRef> all(full);
  auto builder = [](ArrayRef<StringRef> operations) {
    KernelBuilder builder = {operations, planRouting, emitRouting};
    builder.packsActivations = true;
    return builder;
  };
  static const KernelBuilder builders[] = {
      builder(all),                           // with dispatch
      builder(all.drop_front()),              // without a norm
      builder(all.drop_front(2)),             // of logits
      builder(all.drop_back()),               // without dispatch
      builder(all.drop_front().drop_back())}; // neither
  return builders;
}
