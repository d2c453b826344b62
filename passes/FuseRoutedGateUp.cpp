//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_FUSEROUTEDGATEUPPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// Whether a group holds an operation of a kind.
template <typename Op> static bool holds(exec::GroupOp group) {
  return !group.getBody().front().getOps<Op>().empty();
}

/// The group that gathers rows by a plan and gates them; null if there is none.
static exec::GroupOp findGateUp(Value plan) {
  for (Operation *user : plan.getUsers())
    if (auto group = dyn_cast<exec::GroupOp>(user))
      if (holds<moe::PermuteOp>(group) && holds<decoder::SwigluOp>(group))
        return group;
  return {};
}

static void fuseRoutedGateUp(moe::DispatchOp dispatch, Fuser &fuser) {
  auto routing = dyn_cast<exec::GroupOp>(unitOf(dispatch));
  if (!routing || !holds<moe::TopKOp>(routing))
    return fuser.refuse(dispatch, "the choice of experts is not one group");
  exec::GroupOp gateUp = findGateUp(outside(dispatch.getPlan()));
  if (!gateUp)
    return fuser.refuse(dispatch,
                        "gate and up are no group that reads rows by the plan");
  FusionCandidate candidate;
  candidate.members = {routing, gateUp};
  candidate.outputs = llvm::to_vector_of<Value>(gateUp.getOutputs());
  // All that the routing makes: weights and plan are read later, too.
  for (Value result : routing.getOutputs()) {
    candidate.shared.push_back(result);
    candidate.outputs.push_back(result);
  }
  fuser.fuse(dispatch, candidate);
}

namespace {
struct FuseRoutedGateUp
    : moec::impl::FuseRoutedGateUpPassBase<FuseRoutedGateUp> {
  using FuseRoutedGateUpPassBase::FuseRoutedGateUpPassBase;

  void runOnOperation() override {
    Fuser fuser("routed-gate-up", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    SmallVector<moe::DispatchOp> dispatches;
    getOperation().walk(
        [&](moe::DispatchOp dispatch) { dispatches.push_back(dispatch); });
    for (moe::DispatchOp dispatch : dispatches)
      fuseRoutedGateUp(dispatch, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
