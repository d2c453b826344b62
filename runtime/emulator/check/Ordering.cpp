//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Barriers, fences and strong accesses.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Ordering.h"

namespace emulator {
namespace {

using Action = BarrierEvent::Action;

bool releases(MemoryOrder order) {
  return order == MemoryOrder::Release || order == MemoryOrder::AcquireRelease;
}

bool acquires(MemoryOrder order) {
  return order == MemoryOrder::Acquire || order == MemoryOrder::AcquireRelease;
}

} // namespace

/// Shuffles, votes and bar.warp.sync name the lanes that meet; what else all
/// lanes must run together (products, barriers of blocks) does not by itself
/// order what they did to memory.
void Ordering::converged(Warp &warp, Mask lanes) {
  if (warp.site().convergence == Convergence::Members)
    state_.actor(warp).meet(lanes);
}

void Ordering::fence(Warp &warp, Mask lanes, const FenceEvent &event) {
  Actor &actor = state_.actor(warp);
  switch (event.kind) {
  case FenceEvent::Kind::Memory: {
    const bool far = event.scope != Scope::Block;
    actor.acquireDeferred(lanes, far);
    if (far)
      actor.fence(lanes, {Path::FencedBlock, Path::FencedDevice});
    else
      actor.fence(lanes, {Path::FencedBlock});
    return;
  }
  case FenceEvent::Kind::Proxy:
    if (event.proxy == Proxy::TensorMap && acquires(event.order))
      actor.pass(lanes, Path::MapsReleased, Path::MapsAcquired);
    else if (event.proxy == Proxy::TensorMap)
      actor.fence(lanes, {Path::MapsReleased});
    else if (event.proxy == Proxy::Async && event.space == MemorySpace::Generic)
      actor.fence(lanes, {Path::ProxyShared, Path::ProxyGlobal});
    else if (event.proxy == Proxy::Async)
      actor.fence(lanes,
                  {event.space == MemorySpace::Global ? Path::ProxyGlobal
                                                      : Path::ProxyShared});
    return;
  case FenceEvent::Kind::MbarrierInit:
    actor.fence(lanes, {Path::Inits});
    return;
  case FenceEvent::Kind::Matrix:
    return;
  }
}

void Ordering::arrive(Actor &actor, Mask lanes, BarrierPhases &phases,
                      const BarrierEvent &event) {
  const unsigned slot = event.phase & 1;
  if (phases.phase[slot] != event.phase) {
    phases.phase[slot] = event.phase;
    phases.released[slot] = nullptr;
  }
  const KnowledgePtr released =
      releases(event.order) ? actor.release(lanes)
                            : actor.releaseFenced(lanes, Path::FencedDevice);
  phases.released[slot] = join(phases.released[slot], released);
}

void Ordering::barrier(Warp &warp, Mask lanes, const BarrierEvent &event) {
  Actor &actor = state_.actor(warp);
  if (event.kind == BarrierEvent::Kind::Mbarrier)
    return mbarrier(actor, lanes, event);
  BarrierPhases &phases =
      event.kind == BarrierEvent::Kind::Cluster
          ? state_.barrier
          : state_.blockBarriers[{warp.block().rank(), event.address}];
  if (event.action == Action::Arrive)
    arrive(actor, lanes, phases, event);
  else if (phases.phase[event.phase & 1] == event.phase)
    actor.acquire(lanes, phases.released[event.phase & 1]);
}

/// An event tells the parity before it, so that the end of a phase shows in
/// the next one.
void Ordering::mbarrier(Actor &actor, Mask lanes, const BarrierEvent &event) {
  MbarrierState &barrier = state_.mbarriers[event.address];
  if (event.action == Action::Init) {
    barrier = {};
    barrier.agent = agents_.number();
    barrier.initAgent = &actor.agent();
    barrier.initEpoch = actor.use();
    barrier.initLane = lanes;
    barrier.initSite = &actor.warp().site();
    return;
  }
  if (event.phase != (barrier.phase & 1)) {
    auto completed = std::make_shared<Knowledge>();
    completed->of(Path::Seen) =
        VectorClock::raise(nullptr, barrier.agent, allLanes,
                           static_cast<uint32_t>(++barrier.phase));
    barrier.completed =
        join(join(barrier.completed, barrier.pending), completed);
    barrier.pending = nullptr;
  }
  if (!actor.performing.empty())
    return completeBy(actor, lanes, barrier, event);
  if (event.action != Action::Look)
    barrier.seen[&actor.agent()] = barrier.phase;
  if (event.action == Action::Arrive || event.action == Action::Drop) {
    const KnowledgePtr released =
        releases(event.order) ? actor.release(lanes)
                              : actor.releaseFenced(lanes, Path::FencedDevice);
    barrier.pending = join(barrier.pending, released);
  } else if (event.action == Action::Wait && acquires(event.order)) {
    actor.acquire(lanes, barrier.completed);
  } else if (event.action == Action::Wait) {
    for (Mask left = lanes; left; left &= left - 1)
      actor.defer(static_cast<unsigned>(__builtin_ctz(left)), barrier.completed,
                  barrier.completed);
  }
}

uint64_t Ordering::phasesMissed(Warp &warp, Mask lanes,
                                const BarrierEvent &event) {
  if (event.kind != BarrierEvent::Kind::Mbarrier ||
      event.action != Action::Look)
    return 0;
  const auto found = state_.mbarriers.find(event.address);
  if (found == state_.mbarriers.end())
    return 0;
  const MbarrierState &barrier = found->second;
  const uint64_t done = barrier.phase + (event.phase != (barrier.phase & 1));
  const Actor &actor = state_.actor(warp);
  const auto seen = barrier.seen.find(&actor.agent());
  uint64_t known = seen == barrier.seen.end() ? 0 : seen->second;
  const ClockPtr clock = clockOf(
      actor.knowledge(static_cast<unsigned>(__builtin_ctz(lanes))), Path::Seen);
  while (known < done && clock &&
         clock->reaches(barrier.agent, static_cast<uint32_t>(known + 1)))
    ++known;
  return known < done && (done - known) % 2 == 0 ? done - known : 0;
}

const MbarrierState *Ordering::unorderedInit(Warp &warp, Mask lanes,
                                             const BarrierEvent &event) {
  if (event.kind != BarrierEvent::Kind::Mbarrier ||
      event.action == Action::Init)
    return nullptr;
  const Actor &actor = state_.actor(warp);
  auto found = state_.mbarriers.find(event.address);
  if (found == state_.mbarriers.end())
    return nullptr;
  const MbarrierState &barrier = found->second;
  if (barrier.initAgent == &actor.agent())
    lanes &= ~barrier.initLane;
  if (!lanes)
    return nullptr;
  const auto lane = static_cast<unsigned>(__builtin_ctz(lanes));
  const KnowledgePtr &known = actor.performing.empty()
                                  ? actor.knowledge(lane)
                                  : actor.performing.back()->knowledge(lane);
  for (Path path : {Path::Seen, Path::Inits})
    if (VectorClock::covers(clockOf(known, path), barrier.initAgent->number,
                            barrier.initLane, barrier.initEpoch))
      return nullptr;
  return &barrier;
}

// --- strong accesses ---

void Ordering::readFlag(Actor &actor, unsigned lane, const Flag &flag,
                        const Access &access) {
  const bool near = flag.writer->sameBlock(actor.agent());
  const bool far = near || access.strength() != Scope::Block;
  const KnowledgePtr nearby = near ? flag.near : nullptr;
  const KnowledgePtr remote = far ? flag.far : nullptr;
  if (acquires(access.order))
    actor.acquire(Mask(1) << lane, join(nearby, remote));
  else
    actor.defer(lane, nearby, remote);
}

/// A store begins a new release sequence; an atomic one goes on with what was
/// there.
void Ordering::writeFlag(Actor &actor, unsigned lane, Flags &flags,
                         uint64_t address, const Access &access) {
  const Mask self = Mask(1) << lane;
  KnowledgePtr near, far;
  const bool reaches = access.strength() != Scope::Block;
  if (releases(access.order)) {
    near = actor.release(self);
    far = reaches ? near : nullptr;
  } else {
    near = actor.releaseFenced(self, Path::FencedBlock);
    far = reaches ? actor.releaseFenced(self, Path::FencedDevice) : nullptr;
  }
  auto found = flags.find(address);
  if (!near && !far) {
    if (found != flags.end() && access.kind == AccessKind::Store)
      flags.erase(found);
    return;
  }
  Flag &flag = flags[address];
  const bool same = flag.writer && flag.writer->sameBlock(actor.agent());
  const bool goesOn = access.kind == AccessKind::Atomic;
  flag.near = goesOn && same ? join(flag.near, near) : near;
  flag.far = goesOn ? join(flag.far, far) : far;
  flag.writer = &actor.agent();
}

void Ordering::strong(Actor &actor, const Access &access) {
  for (Mask left = access.lanes; left; left &= left - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(left));
    const uint64_t address = access.address[lane];
    const bool shared = address - sharedWindow < windowBytes;
    Flags &flags = shared ? state_.flags : globalFlags_;
    if (access.kind != AccessKind::Store && !flags.empty()) {
      auto found = flags.find(address);
      if (found != flags.end())
        readFlag(actor, lane, found->second, access);
    }
    if (access.kind != AccessKind::Load)
      writeFlag(actor, lane, flags, address, access);
  }
}

} // namespace emulator
