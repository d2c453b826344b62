//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/Passes.h"

#include "dialects/MoE/MoE.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"

namespace moec {
#define GEN_PASS_DEF_SPLITREGIMESPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// From few tokens to many; the last has no border of its own.
static constexpr llvm::StringLiteral regimeNames[] = {"decode", "skinny",
                                                      "wide"};
static constexpr size_t maxBorders = std::size(regimeNames) - 1;

namespace {

struct SplitRegimes : moec::impl::SplitRegimesPassBase<SplitRegimes> {
  using SplitRegimesPassBase::SplitRegimesPassBase;

  void runOnOperation() override {
    if (!getOperation().lookupSymbol<func::FuncOp>("step")) {
      getOperation().emitOpError("has no function @step");
      return signalPassFailure();
    }
    if (failed(checkBorders()))
      return signalPassFailure();
    auto entries = llvm::to_vector(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp entry : entries)
      split(entry);
  }

private:
  void split(func::FuncOp entry) {
    for (size_t i = 0; i < borders.size() && borders[i] < maxTokens; ++i)
      addVersion(entry, regimeNames[i], borders[i]);
    addVersion(entry, lastRegime(), maxTokens);
    entry.erase();
  }

  LogicalResult checkBorders() {
    if (borders.size() > maxBorders)
      return getOperation().emitOpError("cannot be split at ")
             << borders.size() << " borders; expected at most " << maxBorders;
    int64_t last = 0;
    for (int64_t border : borders) {
      if (border <= last)
        return getOperation().emitOpError("cannot be split at ")
               << border << " tokens after " << last
               << "; expected borders that grow from 1 on";
      last = border;
    }
    return success();
  }

  /// That of steps of `maxTokens`: "wide" unless a border is beyond them.
  StringRef lastRegime() {
    for (size_t i = 0; i < borders.size(); ++i)
      if (maxTokens <= borders[i])
        return regimeNames[i];
    return regimeNames[maxBorders];
  }

  void addVersion(func::FuncOp entry, StringRef regime, int64_t tokens) {
    OpBuilder builder(entry);
    auto version = cast<func::FuncOp>(builder.clone(*entry));
    version.setSymName((entry.getSymName() + "." + regime).str());
    version->setAttr(moe::regimeAttributeName, builder.getStringAttr(regime));
    version->setAttr(moe::maxTokensAttributeName,
                     builder.getI64IntegerAttr(tokens));
    ++numVersions;
  }
};

} // namespace
