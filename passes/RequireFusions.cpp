//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

namespace moec {
#define GEN_PASS_DEF_REQUIREFUSIONSPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// Why a fusion was not made somewhere; null if that was not recorded.
static StringAttr findReason(func::FuncOp step, StringRef fusion) {
  auto entries = step->getAttrOfType<ArrayAttr>(notFusedAttributeName);
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
    func::FuncOp step = getOperation();
    for (StringRef fusion : fusions) {
      StringAttr reason = findReason(step, fusion);
      if (!reason && isMade(step, fusion))
        continue;
      step.emitOpError("does not fuse '")
          << fusion << "', which is required: "
          << (reason ? reason.getValue()
                     : StringRef("it has no operations that this applies to"));
      return signalPassFailure();
    }
  }
};
} // namespace
