//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_FUSEOUTPUTRESIDUALPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// The product of an add; either operand may be it, as addition commutes.
static decoder::LinearOp findProduct(decoder::AddOp add) {
  for (Value operand : {add.getDelta(), add.getX()})
    if (auto product = producer<decoder::LinearOp>(operand))
      return product;
  return {};
}

static void fuseOutputResidual(decoder::AddOp add, Fuser &fuser) {
  decoder::LinearOp product = findProduct(add);
  if (!product)
    return; // an add of something else
  if (add.getX() == add.getDelta())
    return fuser.refuse(add, "an add reads the product twice");
  FusionCandidate candidate;
  candidate.members = {product, add};
  candidate.outputs = {add.getY()};
  fuser.fuse(add, candidate);
}

namespace {
struct FuseOutputResidual : moec::impl::FuseOutputResidualPassBase<FuseOutputResidual> {
  using FuseOutputResidualPassBase::FuseOutputResidualPassBase;

  void runOnOperation() override {
    Fuser fuser("output-residual", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    for (auto root : fuser.roots<decoder::AddOp>())
      fuseOutputResidual(root, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
