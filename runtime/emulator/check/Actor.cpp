//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Actor.h"

#include <algorithm>

namespace emulator {
namespace {

/// Strong accesses say how far they reach.
Scope strengthOf(const Access &access) {
  if (access.kind == AccessKind::Load || access.kind == AccessKind::Store) {
    if (access.order == MemoryOrder::Weak)
      return Scope::None;
    if (access.order == MemoryOrder::Volatile ||
        access.order == MemoryOrder::Mmio)
      return Scope::System;
  }
  return access.scope == Scope::None ? Scope::Gpu : access.scope;
}

} // namespace

uint32_t Actor::endEpoch() {
  if (!dirty_)
    return epoch_ - 1;
  dirty_ = false;
  return epoch_++;
}

KnowledgePtr Actor::release(Mask lanes) {
  const uint32_t epoch = endEpoch();
  const Mask live = warp_.live();
  KnowledgePtr released;
  eachGroup(
      lanes, [&](unsigned lane) { return lanes_[lane].get(); },
      [&](Mask same, unsigned first) {
        const KnowledgePtr &known = lanes_[first];
        const Mask own = (same & live) == live ? allLanes : same;
        const ClockPtr seen = clockOf(known, Path::Seen);
        const ClockPtr raised = VectorClock::raise(seen, agent_, own, epoch);
        if (raised == seen) {
          released = join(released, known);
          return;
        }
        auto more = known ? std::make_shared<Knowledge>(*known)
                          : std::make_shared<Knowledge>();
        more->of(Path::Seen) = raised;
        released = join(released, more);
      });
  return released;
}

KnowledgePtr Actor::releaseFenced(Mask lanes, Path fence) {
  KnowledgePtr released;
  eachGroup(
      lanes, [&](unsigned lane) { return lanes_[lane].get(); },
      [&](Mask same, unsigned first) {
        const KnowledgePtr &known = lanes_[first];
        if (!known || (!known->of(fence) && !known->of(Path::Inits)))
          return;
        auto less = std::make_shared<Knowledge>(*known);
        // A fence of all lanes at once passes what each did, which one lane
        // does not know of the others.
        less->of(Path::Seen) = VectorClock::bound(known->of(fence), agent_,
                                                  known->of(Path::Seen), same);
        if (fence == Path::FencedBlock)
          less->of(Path::FencedDevice) = nullptr;
        released = join(released, less);
      });
  return released;
}

void Actor::acquire(Mask lanes, const KnowledgePtr &knowledge) {
  if (!knowledge)
    return;
  eachGroup(
      lanes, [&](unsigned lane) { return lanes_[lane].get(); },
      [&](Mask same, unsigned first) {
        const KnowledgePtr joined = join(lanes_[first], knowledge);
        for (Mask left = same; left; left &= left - 1)
          lanes_[static_cast<unsigned>(__builtin_ctz(left))] = joined;
      });
}

void Actor::meet(Mask lanes) {
  if (!(lanes & (lanes - 1)))
    return;
  const KnowledgePtr all = release(lanes);
  for (Mask left = lanes; left; left &= left - 1)
    lanes_[static_cast<unsigned>(__builtin_ctz(left))] = all;
}

void Actor::fence(Mask lanes, std::initializer_list<Path> passed) {
  const uint32_t epoch = endEpoch();
  eachGroup(
      lanes, [&](unsigned lane) { return lanes_[lane].get(); },
      [&](Mask same, unsigned first) {
        auto more = lanes_[first] ? std::make_shared<Knowledge>(*lanes_[first])
                                  : std::make_shared<Knowledge>();
        const ClockPtr all =
            VectorClock::raise(more->of(Path::Seen), agent_, same, epoch);
        for (Path path : passed)
          more->of(path) = VectorClock::join(more->of(path), all);
        const KnowledgePtr shared = more;
        for (Mask left = same; left; left &= left - 1)
          lanes_[static_cast<unsigned>(__builtin_ctz(left))] = shared;
      });
}

void Actor::defer(unsigned lane, const KnowledgePtr &near,
                  const KnowledgePtr &far) {
  if (!near && !far)
    return;
  deferring_ |= Mask(1) << lane;
  deferred_[lane].near = join(deferred_[lane].near, near);
  deferred_[lane].far = join(deferred_[lane].far, far);
}

void Actor::acquireDeferred(Mask lanes, bool far) {
  for (Mask left = lanes & deferring_; left; left &= left - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(left));
    Deferred &deferred = deferred_[lane];
    acquire(Mask(1) << lane, deferred.near);
    deferred.near = nullptr;
    if (!far)
      continue;
    acquire(Mask(1) << lane, deferred.far);
    deferred.far = nullptr;
    deferring_ &= ~(Mask(1) << lane);
  }
}

Actor::SiteMark &Actor::siteMark(Marks &marks, const Access &access) {
  const Site *site = &warp_.site();
  const auto key = reinterpret_cast<uintptr_t>(site) / sizeof(Site) +
                   static_cast<uintptr_t>(access.kind);
  SiteMark &found = sites_[key % sites_.size()];
  if (found.site == site && found.epoch == epoch_ && found.kind == access.kind)
    return found;
  found = {};
  found.site = site;
  found.epoch = use();
  found.kind = access.kind;
  Source source;
  source.agent = agent_;
  source.epoch = epoch_;
  source.kind = access.kind;
  source.scope = strengthOf(access);
  source.site = site;
  found.mark = marks.add(std::move(source));
  return found;
}

Mark Actor::mark(Marks &marks, const Access &access) {
  return siteMark(marks, access).mark;
}

Mark Actor::markOfAll(Marks &marks, const Access &access) {
  SiteMark &found = siteMark(marks, access);
  if (!found.all || found.lanes != access.lanes) {
    found.lanes = access.lanes;
    found.all = marks.addReaders({0, Marks::sourceOf(found.mark), found.lanes});
  }
  return found.all;
}

bool Actor::uniform() const {
  const KnowledgePtr &first = lanes_[0];
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [&](const KnowledgePtr &each) { return each == first; });
}

} // namespace emulator
