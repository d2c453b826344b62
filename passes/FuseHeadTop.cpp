//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"

namespace moec {
#define GEN_PASS_DEF_FUSEHEADTOPPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

static void fuseHeadTop(decoder::PartTopOp top, Fuser &fuser) {
  auto product = producer<decoder::LinearOp>(top.getLogits());
  if (!product)
    return fuser.refuse(top,
                        "the logits of part_top are not those of a linear");
  FusionCandidate candidate;
  candidate.members = {product, top};
  candidate.outputs = {top.getTop(), top.getTokens()};
  // Sums of one part at a time, in f32, of as many rows as there are tokens.
  candidate.onChipBytes =
      fuser.maxTokens() * static_cast<int64_t>(top.getPart()) * 4;
  fuser.fuse(top, candidate);
}

namespace {
struct FuseHeadTop : moec::impl::FuseHeadTopPassBase<FuseHeadTop> {
  using FuseHeadTopPassBase::FuseHeadTopPassBase;

  void runOnOperation() override {
    Fuser fuser("head-top", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    for (auto root : fuser.roots<decoder::PartTopOp>())
      fuseHeadTop(root, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
