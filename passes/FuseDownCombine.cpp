//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_FUSEDOWNCOMBINEPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// Columns of which a kernel sums up all slots before it combines them.
static constexpr int64_t combinedColumns = 32;

/// The residual add that alone reads a value; null if there is another reader.
static decoder::AddOp findResidual(Value value) {
  if (!value.hasOneUse())
    return {};
  return dyn_cast<decoder::AddOp>(*value.user_begin());
}

static void fuseDownCombine(moe::CombineOp combine, Fuser &fuser) {
  auto product = producer<moe::GroupedLinearOp>(combine.getRows());
  if (!product)
    return fuser.refuse(combine,
                        "the combined rows are not those of a grouped_linear");
  if (product.getPlan() != combine.getPlan())
    return fuser.refuse(combine,
                        "the product and combine follow different plans");
  FusionCandidate candidate;
  candidate.members = {product, combine};
  candidate.outputs = {combine.getY()};
  int64_t slots = fuser.maxTokens() * combine.getPlan().getType().getChoices();
  candidate.kept = combine.getRows();
  candidate.keptBytes = slots * combinedColumns * int64_t(sizeof(float));
  if (decoder::AddOp add = findResidual(combine.getY())) {
    candidate.members.push_back(add);
    candidate.outputs = {add.getY()};
  }
  fuser.fuse(combine, candidate);
}

namespace {
struct FuseDownCombine : moec::impl::FuseDownCombinePassBase<FuseDownCombine> {
  using FuseDownCombinePassBase::FuseDownCombinePassBase;

  void runOnOperation() override {
    Fuser fuser("down-combine", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    for (auto root : fuser.roots<moe::CombineOp>())
      fuseDownCombine(root, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
