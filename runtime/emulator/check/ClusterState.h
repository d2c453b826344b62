//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The warps, barriers and operations of a cluster, as the checks of
// synchronization know them.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_CLUSTERSTATE_H
#define RUNTIME_EMULATOR_CHECK_CLUSTERSTATE_H

#include "runtime/emulator/check/Actor.h"
#include "runtime/emulator/check/Flags.h"

#include <map>
#include <unordered_map>

namespace emulator {

/// What the arrivals of the latest phases of a barrier hand on.
struct BarrierPhases {
  uint64_t phase[2] = {~uint64_t(0), ~uint64_t(0)};
  KnowledgePtr released[2];
};

/// An mbarrier and the thread that initialised it.
struct MbarrierState {
  uint32_t agent = 0; ///< its number in clocks
  uint64_t phase = 0; ///< that is not complete, from 0
  KnowledgePtr pending, completed;
  const Agent *initAgent = nullptr;
  uint32_t initEpoch = 0;
  Mask initLane = 0;
  const Site *initSite = nullptr;
  /// Phases that were complete when a warp saw the object last.
  std::unordered_map<const Agent *, uint64_t> seen;
};

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
  void enter(Block &block, Agents &agents);

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

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_CLUSTERSTATE_H
