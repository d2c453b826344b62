//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_REQUIREFUSIONSPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// Why a fusion was not made somewhere; null if that was not recorded.
static StringAttr findReason(func::FuncOp step, StringRef fusion) {
  auto entries = step->getAttrOfType<ArrayAttr>(moe::notFusedAttributeName);
  if (!entries)
    return {};
  for (auto entry : entries.getAsRange<DictionaryAttr>())
    if (entry.getAs<StringAttr>("fusion") == fusion)
      return entry.getAs<StringAttr>("reason");
  return {};
}

static bool isMade(func::FuncOp step, StringRef fusion) {
  auto made = step->getAttrOfType<ArrayAttr>(fusedAttributeName);
  return made && llvm::is_contained(
                     made, StringAttr::get(step.getContext(), fusion));
}

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
    return op->emitOpError("does not fuse '")
           << fusion << "', which is required: " << reason;
  }

  LogicalResult check(ArrayRef<func::FuncOp> functions, StringRef fusion) {
    for (func::FuncOp function : functions)
      if (StringAttr reason = findReason(function, fusion))
        return refuse(function, fusion, reason);
    bool made = llvm::any_of(functions, [&](func::FuncOp function) {
      return isMade(function, fusion);
    });
    if (made)
      return success();
    return refuse(functions.empty() ? getOperation() : functions.front(),
                  fusion, "it has no operations that this applies to");
  }
};
} // namespace
