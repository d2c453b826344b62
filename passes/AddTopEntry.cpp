//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace moec {
#define GEN_PASS_DEF_ADDTOPENTRYPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// What is kept of a row of logits.
static std::pair<Value, Value> keepTop(OpBuilder &builder, Value logits,
                                       int64_t k, int64_t part) {
  auto type = cast<RankedTensorType>(logits.getType());
  int64_t rows = type.getDimSize(0);
  int64_t parts = llvm::divideCeil(type.getDimSize(1), part);
  auto floats = [&](int64_t columns) {
    return RankedTensorType::get({rows, columns}, builder.getF32Type());
  };
  auto integers = [&](int64_t columns) {
    return RankedTensorType::get({rows, columns}, builder.getI32Type());
  };
  Location location = logits.getLoc();
  auto partTop =
      decoder::PartTopOp::create(builder, location, floats(parts * k),
                                 integers(parts * k), logits, k, part);
  auto merged =
      decoder::MergeTopOp::create(builder, location, floats(k), integers(k),
                                  partTop.getTop(), partTop.getTokens(), k);
  return {merged.getTop(), merged.getTokens()};
}

namespace {

struct AddTopEntry : moec::impl::AddTopEntryPassBase<AddTopEntry> {
  using AddTopEntryPassBase::AddTopEntryPassBase;

  void runOnOperation() override {
    auto step = getOperation().lookupSymbol<func::FuncOp>("step");
    if (!step) {
      getOperation().emitOpError("has no function @step");
      return signalPassFailure();
    }
    if (k < 1 || part < 1) {
      step.emitOpError("cannot give the best ")
          << int64_t(k) << " logits in parts of " << int64_t(part)
          << "; expected positive numbers";
      return signalPassFailure();
    }
    addTop(step);
  }

private:
  void addTop(func::FuncOp step) {
    OpBuilder builder(step.getContext());
    builder.setInsertionPointAfter(step);
    auto top = cast<func::FuncOp>(builder.clone(*step));
    top.setSymName("top");
    Operation *yield = top.getBody().front().getTerminator();
    Value logits = yield->getOperand(0), cache = yield->getOperand(1);
    int64_t vocabulary = cast<RankedTensorType>(logits.getType()).getDimSize(1);
    builder.setInsertionPoint(yield);
    auto [best, tokens] =
        keepTop(builder, logits, std::min<int64_t>(k, vocabulary), part);
    yield->setOperands({best, tokens, cache});
    top.setFunctionType(builder.getFunctionType(top.getArgumentTypes(),
                                                yield->getOperandTypes()));
  }
};

} // namespace
