//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_FUSEROUTERPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// From the plan back to the norm, if all that lies between is a router.
static void fuseRouter(moe::DispatchOp dispatch, Fuser &fuser) {
  auto topK = producer<moe::TopKOp>(dispatch.getExperts());
  if (!topK)
    return fuser.refuse(dispatch,
                        "the dispatched experts are not those of a top_k");
  auto router = producer<moe::RouterOp>(topK.getLogits());
  if (!router)
    return fuser.refuse(dispatch,
                        "the logits of top_k are not those of a router");
  FusionCandidate candidate;
  candidate.members = {router, topK, dispatch};
  candidate.outputs = {topK.getWeights(), dispatch.getPlan()};
  if (auto norm = producer<decoder::RMSNormOp>(router.getX())) {
    candidate.members.insert(candidate.members.begin(), norm);
    candidate.outputs.push_back(norm.getY());
  }
  fuser.fuse(dispatch, candidate);
}

namespace {
struct FuseRouter : moec::impl::FuseRouterPassBase<FuseRouter> {
  using FuseRouterPassBase::FuseRouterPassBase;

  void runOnOperation() override {
    Fuser fuser("router", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    for (auto root : fuser.roots<moe::DispatchOp>())
      fuseRouter(root, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
