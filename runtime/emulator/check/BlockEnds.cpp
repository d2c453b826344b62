//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What must be over when a block ends: its shared memory is another's then.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Races.h"

#include <algorithm>
#include <set>

namespace emulator {

/// A bulk store reads the block's shared memory. Loads that nobody waits for
/// are left alone: public kernels run ahead of their last tile.
bool RaceCheck::storesAreOver(ClusterState &state) {
  for (const auto &[key, groups] : state.groups) {
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
bool RaceCheck::knownToABlock(ClusterState &state, unsigned rank,
                              const Source &source, Mask lanes) {
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
bool RaceCheck::othersAreOver(ClusterState &state, Block &block,
                              const Shadow &shadow) {
  const uint64_t origin =
      sharedWindow + (uint64_t(block.rank()) << sharedRankShift);
  std::set<std::pair<uint32_t, Mask>> seen;
  bool over = true;
  shadow.eachMarkIn(origin, block.sharedBytes(), [&](Mark mark) {
    while (mark && over) {
      const Marks::Readers head = marks_.readers(mark);
      mark = head.next;
      if (!seen.insert({head.source, head.lanes}).second)
        continue;
      const Source &source = marks_.source(head.source);
      const auto by = std::find_if(
          state.actors.begin(), state.actors.end(),
          [&](const auto &each) { return each->agent() == source.agent; });
      if (by == state.actors.end() ||
          (*by)->warp().block().rank() == block.rank() ||
          knownToABlock(state, block.rank(), source, head.lanes))
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
void RaceCheck::blockEnds(Block &block) {
  Cluster &cluster = block.cluster();
  ClusterState &state = ordering_.participants().state(cluster);
  const auto shadow = shared_.find(&cluster);
  bool over = storesAreOver(state);
  if (shadow != shared_.end() && cluster.blocks().size() > 1 && reports_.races)
    for (auto &each : cluster.blocks())
      over = over && othersAreOver(state, *each, *shadow->second);
  ordering_.participants().forget(cluster);
  shared_.erase(&cluster);
  lastCluster_ = nullptr;
  lastWarp_ = nullptr;
}

} // namespace emulator
