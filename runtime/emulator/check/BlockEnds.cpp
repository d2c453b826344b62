//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What must be over when a block ends: its shared memory is another's then.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/ClusterRaces.h"

#include <algorithm>
#include <set>

namespace emulator {

/// A bulk store reads the block's shared memory. Loads that nobody waits for
/// are left alone: public kernels run ahead of their last tile.
bool ClusterRaces::storesAreOver() {
  for (const auto &[key, groups] : ordering_.state().groups) {
    if (key.second != AsyncKind::Bulk || !reports_.waits)
      continue;
    for (const OperationGroups::Open &open : groups.open) {
      if (!open.reading)
        continue;
      Warp &warp = key.first->warp();
      Warp::Acting acting(warp, *open.operation->site);
      warp.fault(FaultKind::Check,
                 "missing wait: the block ends while the operation may still "
                 "read its shared memory",
                 open.reading);
      return false;
    }
  }
  return true;
}

/// Whether a thread of the block, which lasts until its last thread ends,
/// knows what `lanes` of a source did.
bool ClusterRaces::knownToABlock(unsigned rank, const Source &source,
                                 Mask lanes) {
  const ClusterState &state = ordering_.state();
  for (unsigned index = 0; index < state.warpsPerBlock; ++index) {
    const Actor &actor = *state.actors[rank * state.warpsPerBlock + index];
    const unsigned lanesToAsk = actor.uniform() ? 1 : warpLanes;
    for (unsigned lane = 0; lane < lanesToAsk; ++lane)
      if (ordering_.before(ordering_.observer(actor, lane), source, lanes))
        return true;
  }
  return false;
}

/// What other blocks of a cluster did in a block's shared memory must be
/// ordered before its end.
bool ClusterRaces::othersAreOver(Block &block) {
  const uint64_t origin =
      sharedWindow + (uint64_t(block.rank()) << sharedRankShift);
  const auto &actors = ordering_.state().actors;
  std::set<std::pair<uint32_t, Mask>> seen;
  bool over = true;
  shared_.shadow.eachMarkIn(origin, block.sharedBytes(), [&](Mark mark) {
    while (mark && over) {
      const Marks::Readers head = shared_.marks.readers(mark);
      mark = head.next;
      if (!seen.insert({head.source, head.lanes}).second)
        continue;
      const Source &source = shared_.marks.source(head.source);
      const auto by =
          std::find_if(actors.begin(), actors.end(), [&](const auto &each) {
            return &each->agent() == source.agent;
          });
      if (by == actors.end() || (*by)->warp().block().rank() == block.rank() ||
          knownToABlock(block.rank(), source, head.lanes))
        continue;
      Warp::Acting acting((*by)->warp(), *source.site);
      (*by)->warp().fault(
          FaultKind::Check,
          "data race: uses the shared memory of a block that may have ended: "
          "nothing orders this before the end of its last thread",
          head.lanes);
      over = false;
    }
  });
  return over;
}

/// Called for each block as its cluster ends.
void ClusterRaces::blockEnds(Block &block) {
  if (block.rank() || !storesAreOver())
    return;
  Cluster &cluster = block.cluster();
  if (cluster.blocks().size() == 1 || !reports_.races)
    return;
  for (auto &each : cluster.blocks())
    if (!othersAreOver(*each))
      return;
}

} // namespace emulator
