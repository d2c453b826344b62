//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The warps, barriers and operations of the clusters that run, as the checks
// of synchronization know them.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_PARTICIPANTS_H
#define RUNTIME_EMULATOR_CHECK_PARTICIPANTS_H

#include "runtime/emulator/check/Actor.h"

#include <map>
#include <unordered_map>

namespace emulator {

/// Where an agent is found; agents outlive their warps in shadow memory.
struct AgentPlace {
  Dim3 block;
  uint32_t warp = 0;
  uint64_t cluster = 0;
  bool sameBlock(const AgentPlace &other) const {
    return block.x == other.block.x && block.y == other.block.y &&
           block.z == other.block.z;
  }
};

/// What the arrivals of the latest phases of a barrier hand on.
struct BarrierPhases {
  uint64_t phase[2] = {~uint64_t(0), ~uint64_t(0)};
  KnowledgePtr released[2];
};

/// An mbarrier and the thread that initialised it.
struct MbarrierState {
  uint32_t agent = 0;
  uint64_t phase = 0; ///< that is not complete, from 0
  KnowledgePtr pending, completed;
  uint32_t initAgent = 0, initEpoch = 0;
  Mask initLane = 0;
  const Site *initSite = nullptr;
  /// Phases that were complete when a warp, by its agent, saw the object last.
  std::unordered_map<uint32_t, uint64_t> seen;
};

/// A place that strong accesses synchronize at: what reading it lets know.
struct Flag {
  KnowledgePtr near; ///< in the block that wrote it last
  KnowledgePtr far;
  uint32_t writer = 0; ///< agent
};
using Flags = std::unordered_map<uint64_t, Flag>;

/// The operations of one kind of a warp that were not waited for.
struct OperationGroups {
  struct Open {
    OperationPtr operation;
    Mask lanes = 0;   ///< that did not wait for its writes
    Mask reading = 0; ///< that did not wait for its reads
    uint32_t group[warpLanes];
  };
  std::deque<Open> open;
  uint32_t committed[warpLanes] = {};
};

/// The products of four warps, by the order in which each issued them.
struct ProductGroups {
  struct Member {
    std::deque<OperationPtr> parts; ///< from product `first`
    uint64_t first = 0, waited = 0;
    std::deque<uint64_t> groups; ///< products before the end of each
    uint64_t issued() const { return first + parts.size(); }
    uint64_t unfinished() const { return issued() - waited; } ///< by its waits
  };
  std::array<Member, warpgroupWarps> members;
};

/// What is known of a cluster while it runs.
struct ClusterState {
  Cluster *cluster = nullptr;
  std::vector<std::unique_ptr<Actor>> actors; ///< block by block
  unsigned warpsPerBlock = 0;
  std::map<std::pair<uint32_t, uint64_t>, BarrierPhases> blockBarriers;
  BarrierPhases barrier;
  std::map<uint64_t, MbarrierState> mbarriers; ///< by generic address
  std::unordered_map<uint64_t, OperationPtr> operations;
  std::map<std::pair<const Actor *, AsyncKind>, OperationGroups> groups;
  std::map<std::pair<uint32_t, unsigned>, ProductGroups> products;
  Flags flags; ///< in shared memory

  /// The products of the warp's warpgroup.
  ProductGroups &productsOf(Warp &warp) {
    return products[{warp.block().rank(), warp.index() / warpgroupWarps}];
  }
  Actor &actor(Warp &warp) {
    return *actors[warp.block().rank() * warpsPerBlock + warp.index()];
  }
};

class Participants {
public:
  void clear();
  ClusterState &state(Cluster &cluster);
  Actor &actor(Warp &warp) { return state(warp.cluster()).actor(warp); }
  void forget(Cluster &cluster);
  const AgentPlace &place(uint32_t agent) const { return places_[agent]; }
  uint32_t newAgent(const AgentPlace &place);
  template <class Visit> void eachState(Visit visit) {
    for (auto &[cluster, state] : states_)
      visit(*state);
  }
  /// Of global memory.
  Flags flags;

private:
  std::unordered_map<Cluster *, std::unique_ptr<ClusterState>> states_;
  ClusterState *last_ = nullptr;
  std::deque<AgentPlace> places_{1};
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_PARTICIPANTS_H
