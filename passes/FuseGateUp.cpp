//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_FUSEGATEUPPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// The products that feed a SwiGLU, if both are of one kind and read the same
/// rows.
template <typename Product>
static void fuseProducts(decoder::SwigluOp swiglu, Product gate, Product up,
                         Fuser &fuser) {
  if (gate == up)
    return fuser.refuse(swiglu, "gate and up are the same product");
  if (gate.getX() != up.getX())
    return fuser.refuse(swiglu, "gate and up read different activations");
  FusionCandidate candidate;
  candidate.members = {gate, up, swiglu};
  candidate.outputs = {swiglu.getY()};
  if (auto permute = producer<moe::PermuteOp>(gate.getX()))
    candidate.members.insert(candidate.members.begin(), permute);
  fuser.fuse(swiglu, candidate);
}

static void fuseGateUp(decoder::SwigluOp swiglu, Fuser &fuser) {
  Value gate = swiglu.getGate(), up = swiglu.getUp();
  auto gateLinear = producer<decoder::LinearOp>(gate);
  auto upLinear = producer<decoder::LinearOp>(up);
  if (gateLinear && upLinear)
    return fuseProducts(swiglu, gateLinear, upLinear, fuser);
  auto gateGrouped = producer<moe::GroupedLinearOp>(gate);
  auto upGrouped = producer<moe::GroupedLinearOp>(up);
  if (gateGrouped && upGrouped && (gateGrouped.getBias() || upGrouped.getBias()))
    return fuser.refuse(swiglu, "gate or up has a bias");
  if (gateGrouped && upGrouped)
    return fuseProducts(swiglu, gateGrouped, upGrouped, fuser);
  fuser.refuse(swiglu, "gate and up are not two products of one kind");
}

namespace {
struct FuseGateUp : moec::impl::FuseGateUpPassBase<FuseGateUp> {
  using FuseGateUpPassBase::FuseGateUpPassBase;

  void runOnOperation() override {
    Fuser fuser("gate-up", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    for (auto root : fuser.roots<decoder::SwigluOp>())
      fuseGateUp(root, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
