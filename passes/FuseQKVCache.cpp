//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

#include "llvm/ADT/SetVector.h"

namespace moec {
#define GEN_PASS_DEF_FUSEQKVCACHEPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

/// The products whose sums are queries, keys and values, if all are products of
/// the same activations.
static SmallVector<decoder::LinearOp> findProducts(ArrayRef<Value> heads) {
  SmallVector<decoder::LinearOp> products;
  for (Value value : heads) {
    auto product = source<decoder::LinearOp>(value);
    if (!product || llvm::is_contained(products, product))
      return {};
    products.push_back(product);
  }
  Value x = outside(products.front().getX());
  for (decoder::LinearOp product : products)
    if (outside(product.getX()) != x)
      return {};
  return products;
}

static void fuseQKVCache(decoder::AppendKVOp append, Fuser &fuser) {
  auto keys = source<decoder::RopeOp>(append.getKeys());
  decoder::RopeOp queries = queriesAfter(append);
  if (!keys || !queries || keys == queries)
    return fuser.refuse(append,
                        "keys and queries are not both rotated on their own");
  SmallVector<decoder::LinearOp> products =
      findProducts({queries.getX(), keys.getX(), append.getValues()});
  if (products.empty())
    return fuser.refuse(
        append, "queries, keys and values are not three products of the "
                "same activations");
  llvm::SetVector<Operation *> units;
  for (decoder::LinearOp product : products)
    units.insert(unitOf(product));
  for (Operation *op :
       {queries.getOperation(), keys.getOperation(), append.getOperation()})
    units.insert(unitOf(op));
  FusionCandidate candidate;
  candidate.members = units.takeVector();
  candidate.outputs = {outside(queries.getY()), outside(append.getUpdated())};
  fuser.fuse(append, candidate);
}

namespace {
struct FuseQKVCache : moec::impl::FuseQKVCachePassBase<FuseQKVCache> {
  using FuseQKVCachePassBase::FuseQKVCachePassBase;

  void runOnOperation() override {
    Fuser fuser("qkv-cache", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    SmallVector<decoder::AppendKVOp> appends;
    getOperation().walk(
        [&](decoder::AppendKVOp append) { appends.push_back(append); });
    for (decoder::AppendKVOp append : appends)
      fuseQKVCache(append, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
