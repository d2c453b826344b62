//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "llvm/ADT/SetVector.h"

namespace moec {
#define GEN_PASS_DEF_FUSEQKVPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// All products of the same activations.
static void fuseQKV(Value x, Fuser &fuser) {
  FusionCandidate candidate;
  for (decoder::LinearOp product : fuser.roots<decoder::LinearOp>())
    if (product.getX() == x) {
      candidate.members.push_back(product);
      candidate.outputs.push_back(product.getY());
    }
  if (candidate.members.size() > 1)
    fuser.fuse(candidate.members.front(), candidate);
}

namespace {
struct FuseQKV : moec::impl::FuseQKVPassBase<FuseQKV> {
  using FuseQKVPassBase::FuseQKVPassBase;

  void runOnOperation() override {
    Fuser fuser("qkv", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    // The products of a group are gone once it is made.
    llvm::SetVector<Value> activations;
    for (auto product : fuser.roots<decoder::LinearOp>())
      activations.insert(product.getX());
    for (Value x : activations)
      fuseQKV(x, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
