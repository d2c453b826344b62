//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Actor.h"

#include <algorithm>

namespace emulator {
uint32_t Actor::endEpoch() {
  if (!dirty_)
    return epoch_ - 1;
  dirty_ = false;
  return epoch_++;
}

/// Calls visit(set, knowledge) for the sets of lanes that know the same.
template <class Visit>
void Actor::eachKnowledge(Mask lanes, Visit visit) const {
  if (!split_)
    return visit(lanes, all_);
  // The visitor may change what lanes know.
  const auto each = *split_;
  while (lanes) {
    const KnowledgePtr &first =
        each[static_cast<unsigned>(__builtin_ctz(lanes))];
    Mask same = 0;
    for (Mask left = lanes; left; left &= left - 1)
      if (each[static_cast<unsigned>(__builtin_ctz(left))] == first)
        same |= left & -left;
    lanes &= ~same;
    visit(same, first);
  }
}

KnowledgePtr Actor::release(Mask lanes) {
  const uint32_t epoch = endEpoch();
  const Mask live = warp_.live();
  KnowledgePtr released;
  eachKnowledge(lanes, [&](Mask same, const KnowledgePtr &known) {
    const Mask own = (same & live) == live ? allLanes : same;
    const ClockPtr seen = clockOf(known, Path::Seen);
    const ClockPtr raised = VectorClock::raise(seen, agent_.number, own, epoch);
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
  eachKnowledge(lanes, [&](Mask same, const KnowledgePtr &known) {
    if (!known || (!known->of(fence) && !known->of(Path::Inits)))
      return;
    auto less = std::make_shared<Knowledge>(*known);
    // A fence of all lanes at once passes what each did, which one lane
    // does not know of the others.
    less->of(Path::Seen) = VectorClock::bound(known->of(fence), agent_.number,
                                              known->of(Path::Seen), same);
    if (fence == Path::FencedBlock)
      less->of(Path::FencedDevice) = nullptr;
    released = join(released, less);
  });
  return released;
}

/// Lanes that have exited know whatever the others do.
void Actor::learn(Mask lanes, const KnowledgePtr &knowledge) {
  const Mask live = warp_.live();
  ++version_;
  if ((lanes & live) == live) {
    all_ = knowledge;
    split_ = nullptr;
    return;
  }
  if (!split_) {
    if (all_ == knowledge)
      return;
    split_ = std::make_unique<std::array<KnowledgePtr, warpLanes>>();
    split_->fill(all_);
  }
  bool same = true;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    if (lanes >> lane & 1)
      (*split_)[lane] = knowledge;
    same &= !(live >> lane & 1) || (*split_)[lane] == knowledge;
  }
  if (!same)
    return;
  all_ = knowledge;
  split_ = nullptr;
}

void Actor::acquire(Mask lanes, const KnowledgePtr &knowledge) {
  if (!knowledge)
    return;
  const KnowledgePtr kept = knowledge;
  eachKnowledge(lanes, [&](Mask same, KnowledgePtr known) {
    learn(same, join(known, kept));
  });
}

void Actor::meet(Mask lanes) {
  if (lanes & (lanes - 1))
    learn(lanes, release(lanes));
}

void Actor::fence(Mask lanes, std::initializer_list<Path> passed) {
  const uint32_t epoch = endEpoch();
  eachKnowledge(lanes, [&](Mask same, KnowledgePtr known) {
    auto more = known ? std::make_shared<Knowledge>(*known)
                      : std::make_shared<Knowledge>();
    const ClockPtr all =
        VectorClock::raise(more->of(Path::Seen), agent_.number, same, epoch);
    for (Path path : passed)
      more->of(path) = VectorClock::join(more->of(path), all);
    learn(same, more);
  });
}

void Actor::pass(Mask lanes, Path from, Path to) {
  eachKnowledge(lanes, [&](Mask same, KnowledgePtr known) {
    if (!known || !known->of(from))
      return;
    auto more = std::make_shared<Knowledge>(*known);
    more->of(to) = VectorClock::join(more->of(to), more->of(from));
    learn(same, more);
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

} // namespace emulator
