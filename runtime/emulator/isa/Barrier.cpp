//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.13: barriers.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Grid.h"

#include <iterator>

namespace emulator {
namespace {

enum class Reduce : uint8_t { None, Count, And, Or };

/// What an instruction on a named barrier does.
struct BarrierUse {
  bool arrive = false; ///< without waiting
  bool aligned = true;
  Reduce reduce = Reduce::None;
  Mask invert = 0;
  Slot d = noSlot, id = noSlot, count = noSlot, predicate = noSlot;
};

uint32_t first(Warp &warp, Slot slot, Mask lanes) {
  return warp.lanes<uint32_t>(slot)[__builtin_ctz(lanes)];
}

void complete(Barrier &barrier) {
  ++barrier.phase;
  barrier.arrived = barrier.expected = 0;
  barrier.reductions[barrier.phase & 1] = {};
}

/// Ends the phase if every thread it needs has come; those that exited are not
/// needed where all are.
void completeIfFull(Barrier &barrier, unsigned everyThread) {
  uint32_t needed = barrier.expected ? barrier.expected : everyThread;
  if (barrier.arrived && barrier.arrived >= needed)
    complete(barrier);
}

void tell(Warp &warp, Mask lanes, uint32_t id,
          BarrierEvent::Action action, uint64_t phase) {
  if (!warp.monitor())
    return;
  BarrierEvent event;
  event.action = action;
  event.address = id;
  event.phase = phase;
  event.count = static_cast<uint64_t>(__builtin_popcount(lanes));
  warp.monitor()->barrier(warp, lanes, event);
}

void writeReduction(Warp &warp, const BarrierUse &use, Mask lanes,
                    const Barrier::Reduction &found) {
  switch (use.reduce) {
  case Reduce::None:
    return;
  case Reduce::Count:
    eachLane(warp.lanes<uint32_t>(use.d), lanes,
             [&](unsigned) { return found.held; });
    return;
  case Reduce::And:
    setPredicate(warp.predicate(use.d), lanes,
                 found.held == found.threads ? allLanes : 0);
    return;
  case Reduce::Or:
    setPredicate(warp.predicate(use.d), lanes, found.held ? allLanes : 0);
    return;
  }
}

/// Counts `lanes` in; false if a fault was raised.
bool arriveAt(Warp &warp, Barrier &barrier, const BarrierUse &use, Mask lanes) {
  uint32_t expected = use.count == noSlot ? 0 : first(warp, use.count, lanes);
  uint32_t whole = (warp.block().threads() + warpLanes - 1) & ~(warpLanes - 1);
  if (use.count != noSlot && (expected == 0 || expected % warpLanes)) {
    warp.fault(FaultKind::Undefined,
               "a barrier of " + std::to_string(expected) +
                   " threads: must be a multiple of 32",
               lanes);
    return false;
  }
  if (expected > whole) {
    warp.fault(FaultKind::Undefined,
               "a barrier of " + std::to_string(expected) +
                   " threads in a block of " +
                   std::to_string(warp.block().threads()),
               lanes);
    return false;
  }
  if (barrier.arrived && barrier.expected != expected) {
    auto text = [](uint32_t count) {
      return count ? std::to_string(count) : std::string("all");
    };
    warp.fault(FaultKind::Undefined,
               "threads at one barrier expect " + text(barrier.expected) +
                   " and " + text(expected) + " threads",
               lanes);
    return false;
  }
  // An aligned barrier counts whole warps, also where the last is not full.
  bool wholeWarp = use.aligned && expected;
  barrier.expected = expected;
  barrier.arrived += wholeWarp
                         ? warpLanes
                         : static_cast<uint32_t>(__builtin_popcount(lanes));
  Barrier::Reduction &reduction = barrier.reductions[barrier.phase & 1];
  if (use.reduce != Reduce::None) {
    Mask held = (warp.predicate(use.predicate) ^ use.invert) & lanes;
    reduction.held += static_cast<uint32_t>(__builtin_popcount(held));
    reduction.threads += static_cast<uint32_t>(__builtin_popcount(lanes));
  }
  if (expected && barrier.arrived > expected) {
    warp.fault(FaultKind::Undefined,
               "more threads arrive at the barrier than the " +
                   std::to_string(expected) + " it expects",
               lanes);
    return false;
  }
  return true;
}

/// Lanes that name another barrier than the first do so later. None if a fault
/// was raised.
Mask sameBarrier(Warp &warp, const BarrierUse &use, Mask lanes) {
  const auto *ids = warp.lanes<uint32_t>(use.id);
  uint32_t id = first(warp, use.id, lanes);
  Mask same = lanes & lanesWhere([&](unsigned lane) { return ids[lane] == id; });
  const Mask others = lanes & ~same;
  if (others && use.aligned) {
    warp.fault(FaultKind::Undefined,
               "lanes of a warp name barriers " + std::to_string(id) + " and " +
                   std::to_string(first(warp, use.id, others)) +
                   " in one aligned instruction",
               others);
    return 0;
  }
  if (others)
    warp.stay(others);
  return same;
}

Outcome useBarrier(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &use = i.detailAs<BarrierUse>();
  lanes = sameBarrier(warp, use, lanes);
  if (!lanes)
    return Outcome::Fault;
  uint32_t id = first(warp, use.id, lanes);
  if (id >= namedBarriers)
    return warp.fault(FaultKind::Undefined,
                      "barrier " + std::to_string(id) + " is not in 0 to 15",
                      lanes);
  Barrier &barrier = warp.block().barriers[id];
  uint64_t phase = warp.resumed() ? warp.resumed()->token : barrier.phase;
  if (!warp.resumed()) {
    if (!arriveAt(warp, barrier, use, lanes))
      return Outcome::Fault;
    tell(warp, lanes, id, BarrierEvent::Action::Arrive, phase);
    warp.wrote();
  }
  if (barrier.phase == phase)
    completeIfFull(barrier, warp.block().liveThreads());
  if (use.arrive)
    return Outcome::Next;
  if (barrier.phase == phase)
    return warp.wait({Waiting::For::Barrier, phase, id});
  tell(warp, lanes, id, BarrierEvent::Action::Wait, phase);
  writeReduction(warp, use, lanes, barrier.reductions[phase & 1]);
  return Outcome::Next;
}

Handler selectBarrier(Selection &s) {
  BarrierUse use;
  use.aligned = s.row().convergence == Convergence::Aligned;
  use.arrive = s.word("action") == "arrive";
  use.d = s.slot("d");
  use.id = s.slot("a");
  use.count = s.slot("b");
  use.predicate = s.slot("c");
  use.invert = s.negated("c") ? allLanes : 0;
  std::string_view op = s.word("op");
  if (use.d != noSlot)
    use.reduce = op == "and" ? Reduce::And
                 : op == "or" ? Reduce::Or
                              : Reduce::Count;
  if (use.arrive && use.count == noSlot)
    s.refuse("`.arrive` needs a number of threads");
  s.detail(use);
  return useBarrier;
}

// --- bar.warp.sync ---

Outcome meetOnly(Warp &, const Instruction &, Mask) { return Outcome::Next; }
Handler selectWarpBarrier(Selection &) { return meetOnly; }

// --- barrier.cluster ---

unsigned liveThreads(Cluster &cluster) {
  unsigned count = 0;
  for (auto &block : cluster.blocks())
    count += block->liveThreads();
  return count;
}

void tellCluster(Warp &warp, Mask lanes, const Instruction &i,
                 BarrierEvent::Action action, uint64_t phase) {
  if (!warp.monitor())
    return;
  BarrierEvent event;
  event.kind = BarrierEvent::Kind::Cluster;
  event.action = action;
  event.phase = phase;
  event.order = static_cast<MemoryOrder>(i.target);
  event.scope = Scope::Cluster;
  warp.monitor()->barrier(warp, lanes, event);
}

Outcome arriveAtCluster(Warp &warp, const Instruction &i, Mask lanes) {
  Barrier &barrier = warp.cluster().barrier;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    if (warp.clusterArrivals[lane])
      return warp.fault(FaultKind::Undefined,
                        "a thread arrives twice at the barrier of the cluster "
                        "without a wait between",
                        Mask(1) << lane);
    warp.clusterArrivals[lane] = barrier.phase + 1;
  }
  tellCluster(warp, lanes, i, BarrierEvent::Action::Arrive, barrier.phase);
  barrier.arrived += static_cast<uint32_t>(__builtin_popcount(lanes));
  warp.wrote();
  completeIfFull(barrier, liveThreads(warp.cluster()));
  return Outcome::Next;
}

Outcome waitForCluster(Warp &warp, const Instruction &i, Mask lanes) {
  Barrier &barrier = warp.cluster().barrier;
  uint64_t arrival = warp.clusterArrivals[__builtin_ctz(lanes)];
  Mask none = lanes & lanesWhere([&](unsigned lane) {
                return warp.clusterArrivals[lane] == 0;
              });
  if (none)
    return warp.fault(FaultKind::Undefined,
                      "a thread waits for the barrier of the cluster at which "
                      "it did not arrive",
                      none);
  if (barrier.phase + 1 == arrival)
    completeIfFull(barrier, liveThreads(warp.cluster()));
  if (barrier.phase + 1 == arrival)
    return warp.wait({Waiting::For::Cluster, arrival, 0});
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1)
      warp.clusterArrivals[lane] = 0;
  tellCluster(warp, lanes, i, BarrierEvent::Action::Wait, arrival - 1);
  return Outcome::Next;
}

Handler selectClusterArrive(Selection &s) {
  MemoryOrder order = s.word("sem") == "relaxed" ? MemoryOrder::Relaxed
                                                 : MemoryOrder::Release;
  s.instruction().target = static_cast<uint32_t>(order);
  return arriveAtCluster;
}
Handler selectClusterWait(Selection &s) {
  s.instruction().target = static_cast<uint32_t>(MemoryOrder::Acquire);
  return waitForCluster;
}

const char *const actions = "action = sync arrive; op = and or";
constexpr Convergence aligned = Convergence::Aligned;

const Row rows[] = {
    {"9.7.13.1", "bar{.cta}.action a:u32{, b:u32}", actions, selectBarrier,
     "sm_50", aligned},
    {"9.7.13.1", "bar{.cta}.red.popc.u32 d:u32, a:u32{, b:u32}, !c:pred",
     actions, selectBarrier, "sm_50", aligned},
    {"9.7.13.1", "bar{.cta}.red.op.pred d:pred, a:u32{, b:u32}, !c:pred",
     actions, selectBarrier, "sm_50", aligned},
    {"9.7.13.1", "barrier{.cta}.action.aligned a:u32{, b:u32}", actions,
     selectBarrier, "sm_50", aligned},
    {"9.7.13.1",
     "barrier{.cta}.red.popc.aligned.u32 d:u32, a:u32{, b:u32}, !c:pred",
     actions, selectBarrier, "sm_50", aligned},
    {"9.7.13.1",
     "barrier{.cta}.red.op.aligned.pred d:pred, a:u32{, b:u32}, !c:pred",
     actions, selectBarrier, "sm_50", aligned},
    {"9.7.13.1", "barrier{.cta}.action a:u32{, b:u32}", actions, selectBarrier,
     "sm_70"},
    {"9.7.13.1", "barrier{.cta}.red.popc.u32 d:u32, a:u32{, b:u32}, !c:pred",
     actions, selectBarrier, "sm_70"},
    {"9.7.13.1", "barrier{.cta}.red.op.pred d:pred, a:u32{, b:u32}, !c:pred",
     actions, selectBarrier, "sm_70"},
    {"9.7.13.2", "bar.warp.sync members:b32", "", selectWarpBarrier, "sm_50",
     Convergence::Members, "members"},
    {"9.7.13.4", "barrier.cluster.arrive{.sem}.aligned",
     "sem = release relaxed", selectClusterArrive, "sm_90", aligned},
    {"9.7.13.4", "barrier.cluster.arrive{.sem}", "sem = release relaxed",
     selectClusterArrive, "sm_90"},
    {"9.7.13.4", "barrier.cluster.wait{.acquire}.aligned", "",
     selectClusterWait, "sm_90", aligned},
    {"9.7.13.4", "barrier.cluster.wait{.acquire}", "", selectClusterWait,
     "sm_90"},
};

} // namespace

Section barrierSection() {
  return {"Parallel Synchronization Instructions: barriers", rows,
          std::size(rows)};
}

} // namespace emulator
