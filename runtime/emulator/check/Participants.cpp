//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Participants.h"

namespace emulator {

void Participants::clear() {
  states_.clear();
  last_ = nullptr;
  places_.assign(1, {});
  flags.clear();
}

uint32_t Participants::newAgent(const AgentPlace &place) {
  places_.push_back(place);
  return static_cast<uint32_t>(places_.size() - 1);
}

ClusterState &Participants::state(Cluster &cluster) {
  if (last_ && last_->cluster == &cluster)
    return *last_;
  auto &state = states_[&cluster];
  if (!state) {
    state = std::make_unique<ClusterState>();
    state->cluster = &cluster;
    for (auto &block : cluster.blocks()) {
      state->warpsPerBlock = static_cast<unsigned>(block->warps().size());
      for (auto &warp : block->warps()) {
        const AgentPlace place{block->index(), warp->index(), cluster.index()};
        state->actors.push_back(
            std::make_unique<Actor>(*warp, newAgent(place)));
      }
    }
  }
  last_ = state.get();
  return *state;
}

void Participants::forget(Cluster &cluster) {
  states_.erase(&cluster);
  last_ = nullptr;
}

} // namespace emulator
