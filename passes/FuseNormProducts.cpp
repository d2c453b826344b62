//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_FUSENORMPRODUCTSPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// The operation or group that alone reads a value; null if there are several.
static Operation *onlyReader(Value value) {
  if (value.use_empty())
    return nullptr;
  Operation *reader = *value.user_begin();
  for (Operation *user : value.getUsers())
    if (user != reader)
      return nullptr;
  return reader;
}

/// Whether every product of the group is one of the value.
static bool multiplies(exec::GroupOp group, Value value) {
  bool any = false, all = true;
  for (auto product : group.getBody().front().getOps<decoder::LinearOp>()) {
    any = true;
    all &= outside(product.getX()) == value;
  }
  return any && all;
}

static void fuseNormProducts(decoder::RMSNormOp norm, Fuser &fuser) {
  Operation *reader = onlyReader(norm.getY());
  if (isa_and_nonnull<decoder::LinearOp>(reader))
    return; // a product in no group
  auto group = dyn_cast_if_present<exec::GroupOp>(reader);
  if (!group)
    return fuser.refuse(norm,
                        "the normalized rows are not read by one group alone");
  if (!multiplies(group, norm.getY()))
    return fuser.refuse(
        norm, "the group '" + group.getName() +
                  "' does not consist of products of normalized rows");
  FusionCandidate candidate;
  candidate.members = {norm, group};
  candidate.outputs = llvm::to_vector_of<Value>(group.getOutputs());
  candidate.shared = {norm.getY()};
  fuser.fuse(norm, candidate);
}

namespace {
struct FuseNormProducts
    : moec::impl::FuseNormProductsPassBase<FuseNormProducts> {
  using FuseNormProductsPassBase::FuseNormProductsPassBase;

  void runOnOperation() override {
    Fuser fuser("norm-products", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    for (auto norm : fuser.roots<decoder::RMSNormOp>())
      fuseNormProducts(norm, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
