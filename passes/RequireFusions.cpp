//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionRecord.h"
#include "passes/Passes.h"

#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_REQUIREFUSIONSPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

namespace {
struct RequireFusions : moec::impl::RequireFusionsPassBase<RequireFusions> {
  using RequireFusionsPassBase::RequireFusionsPassBase;

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    getOperation()->walk([&](func::FuncOp op) { functions.push_back(op); });
    for (StringRef fusion : fusions)
      if (failed(check(functions, fusion)))
        return signalPassFailure();
  }

private:
  LogicalResult refuse(Operation *op, StringRef fusion, StringRef reason) {
    auto regime = op->getAttrOfType<StringAttr>(moe::regimeAttributeName);
    std::string version;
    if (regime)
      version = "the version for '" + regime.str() + "' ";
    return op->emitError(version)
           << "does not fuse '" << fusion << "', which is required: " << reason;
  }

  LogicalResult check(ArrayRef<func::FuncOp> functions, StringRef fusion) {
    for (func::FuncOp function : functions)
      if (std::string reason = findReason(function, fusion); !reason.empty())
        return refuse(function, fusion, reason);
    bool made = llvm::any_of(functions, [&](func::FuncOp function) {
      return isMade(function, fusion);
    });
    if (made)
      return success();
    return refuse(getOperation(), fusion,
                  "it has no operations that this applies to");
  }
};
} // namespace
