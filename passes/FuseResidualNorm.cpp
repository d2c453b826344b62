//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_FUSERESIDUALNORMPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

static void fuseResidualNorm(decoder::RMSNormOp norm, Fuser &fuser) {
  auto add = producer<decoder::AddOp>(norm.getX());
  if (!add)
    return; // a norm of something else
  FusionCandidate candidate;
  candidate.members = {add, norm};
  candidate.outputs = {add.getY(), norm.getY()};
  fuser.fuse(norm, candidate);
}

namespace {
struct FuseResidualNorm : moec::impl::FuseResidualNormPassBase<FuseResidualNorm> {
  using FuseResidualNormPassBase::FuseResidualNormPassBase;

  void runOnOperation() override {
    Fuser fuser("residual-norm", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    for (auto root : fuser.roots<decoder::RMSNormOp>())
      fuseResidualNorm(root, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
