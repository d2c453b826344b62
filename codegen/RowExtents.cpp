//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/RowExtents.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec;
using exec::ExtentAttr;

ExtentAttr moec::scaled(ExtentAttr extent, int64_t factor, int64_t constant) {
  return ExtentAttr::get(extent.getContext(), extent.getScale() * factor,
                         extent.getSymbol(),
                         extent.getConstant() * factor + constant);
}

static LogicalResult refuse(Operation *op) {
  return op->emitOpError("has no rule for its number of rows");
}

/// The rows that all operands have per unit of their factor.
FailureOr<ExtentAttr> RowExtents::require(Operation *op,
                                          ArrayRef<Operand> operands) {
  for (const Operand &operand : operands)
    if (!of(operand.value))
      return op->emitOpError(
          "reads a value that no operation of @step computes "
          "row by row");
  auto perUnit = of(operands.front().value);
  for (const Operand &operand : operands.drop_front()) {
    ExtentAttr expected = scaled(perUnit, operand.factor);
    if (of(operand.value) != expected)
      return op->emitOpError("reads ")
             << of(operand.value) << " rows together with " << expected
             << " rows; expected as many";
  }
  return perUnit;
}

/// Operations of the sparse layer, where the rows of a plan's slots are k times
/// those of its tokens.
FailureOr<ExtentAttr> RowExtents::inferRouted(Operation *op) {
  auto choices = [](TypedValue<moe::PlanType> plan) {
    return plan.getType().getChoices();
  };
  auto slots = [&](Value rows,
                   TypedValue<moe::PlanType> plan) -> FailureOr<ExtentAttr> {
    auto tokens = require(op, {{plan}, {rows, choices(plan)}});
    if (failed(tokens))
      return failure();
    return scaled(*tokens, choices(plan));
  };
  return llvm::TypeSwitch<Operation *, FailureOr<ExtentAttr>>(op)
      .Case<moe::RouterOp>(
          [&](auto router) { return require(op, {{router.getX()}}); })
      .Case<moe::TopKOp>(
          [&](auto topK) { return require(op, {{topK.getLogits()}}); })
      .Case<moe::DispatchOp>(
          [&](auto dispatch) { return require(op, {{dispatch.getExperts()}}); })
      .Case<moe::PermuteOp>([&](auto permute) -> FailureOr<ExtentAttr> {
        auto tokens = require(op, {{permute.getPlan()}, {permute.getX()}});
        if (failed(tokens))
          return failure();
        return scaled(*tokens, choices(permute.getPlan()));
      })
      .Case<moe::GroupedLinearOp>(
          [&](auto linear) { return slots(linear.getX(), linear.getPlan()); })
      .Case<moe::CombineOp>([&](auto combine) {
        return require(op, {{combine.getPlan()},
                            {combine.getWeights()},
                            {combine.getRows(), choices(combine.getPlan())}});
      })
      .Case<exec::PackOp>([&](auto pack) -> FailureOr<ExtentAttr> {
        if (auto plan =
                dyn_cast_if_present<TypedValue<moe::PlanType>>(pack.getPlan()))
          return slots(pack.getSource(), plan);
        return require(op, {{pack.getSource()}});
      })
      .Default([&](Operation *) { return refuse(op); });
}

/// Rows are numbered among the tokens of the step, so all of these must be
/// there.
FailureOr<ExtentAttr> RowExtents::inferSelected(decoder::SelectRowsOp select) {
  auto tokens =
      ExtentAttr::get(select.getContext(), 1, exec::Symbol::Tokens, 0);
  if (of(select.getX()) != tokens)
    return select.emitOpError("selects among ")
           << of(select.getX()) << " rows; expected " << tokens;
  return require(select, {{select.getRows()}});
}

FailureOr<ExtentAttr> RowExtents::inferPlain(Operation *op) {
  return llvm::TypeSwitch<Operation *, FailureOr<ExtentAttr>>(op)
      .Case<decoder::EmbedOp>(
          [&](auto embed) { return require(op, {{embed.getTokens()}}); })
      .Case<decoder::SelectRowsOp>(
          [&](auto select) { return inferSelected(select); })
      .Case<decoder::AddOp>([&](auto add) {
        return require(op, {{add.getX()}, {add.getDelta()}});
      })
      .Case<decoder::RMSNormOp, decoder::LinearOp>(
          [&](auto rowwise) { return require(op, {{rowwise.getX()}}); })
      .Case<decoder::SwigluOp>([&](auto swiglu) {
        return require(op, {{swiglu.getGate()}, {swiglu.getUp()}});
      })
      .Case<decoder::PartTopOp>(
          [&](auto top) { return require(op, {{top.getLogits()}}); })
      .Case<decoder::MergeTopOp>([&](auto top) {
        return require(op, {{top.getLogits()}, {top.getCandidates()}});
      })
      .Case<decoder::RopeOp>([&](auto rope) {
        return require(op, {{rope.getBatch()}, {rope.getX()}});
      })
      .Case<decoder::AppendKVOp>([&](auto append) {
        return require(
            op,
            {{append.getBatch()}, {append.getKeys()}, {append.getValues()}});
      })
      .Case<decoder::AttentionOp>([&](auto attention) {
        return require(op, {{attention.getBatch()}, {attention.getQueries()}});
      })
      .Default([&](Operation *) { return refuse(op); });
}

/// Those of the operations inside, which see the operands as arguments.
FailureOr<ExtentAttr> RowExtents::inferGroup(exec::GroupOp group) {
  Block &body = group.getBody().front();
  for (auto [argument, input] :
       llvm::zip(body.getArguments(), group.getInputs()))
    if (auto rows = of(input))
      set(argument, rows);
  FailureOr<ExtentAttr> first = failure();
  for (Operation &op : body.without_terminator()) {
    first = infer(&op);
    if (failed(first))
      return failure();
  }
  for (auto [result, value] :
       llvm::zip(group.getOutputs(), body.getTerminator()->getOperands()))
    set(result, of(value));
  if (group.getNumResults() == 0)
    return first;
  return of(group.getResult(0));
}

FailureOr<ExtentAttr> RowExtents::infer(Operation *op) {
  if (auto group = dyn_cast<exec::GroupOp>(op))
    return inferGroup(group);
  bool routed =
      isa_and_nonnull<moe::MoEDialect, exec::ExecDialect>(op->getDialect());
  FailureOr<ExtentAttr> rows = routed ? inferRouted(op) : inferPlain(op);
  if (failed(rows))
    return failure();
  for (Value result : op->getResults())
    set(result, *rows);
  return rows;
}
