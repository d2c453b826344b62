//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A warp as the checks of synchronization see it: its epoch, and what each of
// its lanes knows.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_ACTOR_H
#define RUNTIME_EMULATOR_CHECK_ACTOR_H

#include "runtime/emulator/check/Acquaintance.h"
#include "runtime/emulator/check/ProductRegisters.h"
#include "runtime/emulator/machine/Grid.h"

#include <deque>

namespace emulator {

class Actor {
public:
  Actor(Warp &warp, const Agent &agent) : warp_(warp), agent_(agent) {}

  Warp &warp() const { return warp_; }
  const Agent &agent() const { return agent_; }
  uint32_t epoch() const { return epoch_; }
  const KnowledgePtr &knowledge(unsigned lane) const {
    return split_ ? (*split_)[lane] : all_;
  }
  /// Whether every lane knows the same.
  bool uniform() const { return !split_; }

  /// What `lanes` hand on: all they know and did. What they do later is of
  /// another epoch.
  KnowledgePtr release(Mask lanes);
  /// The same where only what went through a fence is handed on: relaxed
  /// arrivals and stores. Null if nothing did.
  KnowledgePtr releaseFenced(Mask lanes, Path fence);
  void acquire(Mask lanes, const KnowledgePtr &knowledge);
  /// `lanes` met: each knows what all did.
  void meet(Mask lanes);
  /// What lanes know and did went through a fence.
  void fence(Mask lanes, std::initializer_list<Path> passed);
  /// What is known by one path is from now on known by another.
  void pass(Mask lanes, Path from, Path to);
  /// Relaxed reads: what a fence of the lane will let it know.
  void defer(unsigned lane, const KnowledgePtr &near, const KnowledgePtr &far);
  /// A fence of the block's scope, or of a greater one.
  void acquireDeferred(Mask lanes, bool far);

  /// Says that something of the current epoch is kept somewhere.
  uint32_t use() {
    dirty_ = true;
    return epoch_;
  }
  /// Ends the epoch: what follows is not ordered by what was kept of it.
  uint32_t endEpoch();

  /// Changes whenever a lane learns something.
  uint32_t version() const { return version_; }
  Acquaintance &acquaintance(unsigned ledger) {
    auto &found = acquaintances_[ledger];
    if (!found)
      found = std::make_unique<Acquaintance>();
    return *found;
  }

  /// The operations of the warp that are being performed, innermost last.
  std::vector<OperationPtr> performing;
  std::unique_ptr<ProductRegisters> products; ///< once it issued one

private:
  struct Deferred {
    KnowledgePtr near, far;
  };
  void learn(Mask lanes, const KnowledgePtr &knowledge);
  template <class Visit> void eachKnowledge(Mask lanes, Visit visit) const;

  Warp &warp_;
  const Agent &agent_;
  uint32_t epoch_ = 1;
  bool dirty_ = false; ///< the epoch was used
  KnowledgePtr all_;   ///< while every lane knows the same
  std::unique_ptr<std::array<KnowledgePtr, warpLanes>> split_;
  std::array<Deferred, warpLanes> deferred_;
  Mask deferring_ = 0;
  uint32_t version_ = 1; ///< of what the lanes know
  std::array<std::unique_ptr<Acquaintance>, ledgers> acquaintances_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_ACTOR_H
