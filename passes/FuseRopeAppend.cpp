//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "passes/FusionGroup.h"
#include "passes/Passes.h"

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

namespace moec {
#define GEN_PASS_DEF_FUSEROPEAPPENDPASS
#include "passes/Passes.h.inc"
} // namespace moec

using namespace mlir;
using namespace moec;

static void fuseRopeAppend(decoder::AppendKVOp append, Fuser &fuser) {
  auto keys = producer<decoder::RopeOp>(append.getKeys());
  decoder::RopeOp queries = queriesAfter(append);
  if (!keys || !queries || keys == queries)
    return fuser.refuse(append,
                        "keys and queries are not both rotated on their own");
  FusionCandidate candidate;
  candidate.members = {queries, keys, append};
  candidate.outputs = {queries.getY(), append.getUpdated()};
  fuser.fuse(append, candidate);
}

namespace {
struct FuseRopeAppend : moec::impl::FuseRopeAppendPassBase<FuseRopeAppend> {
  using FuseRopeAppendPassBase::FuseRopeAppendPassBase;

  void runOnOperation() override {
    Fuser fuser("rope-append", getOperation(),
                {bytesPerSecond, flopsPerSecond, launchSeconds, onChipBytes});
    for (auto root : fuser.roots<decoder::AppendKVOp>())
      fuseRopeAppend(root, fuser);
    numGroups += fuser.groups();
  }
};
} // namespace
