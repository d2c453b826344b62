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

#include "runtime/emulator/check/Marks.h"
#include "runtime/emulator/check/ProductRegisters.h"
#include "runtime/emulator/machine/Grid.h"

#include <deque>

namespace emulator {

class Actor {
public:
  Actor(Warp &warp, uint32_t agent) : warp_(warp), agent_(agent) {}

  Warp &warp() const { return warp_; }
  uint32_t agent() const { return agent_; }
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

  /// The mark of lane 0 for accesses of the current instruction; that of every
  /// lane if they are collective.
  Mark mark(Marks &marks, const Access &access, bool &collective);
  /// The mark of a place that several of the access's lanes read.
  Mark markTogether(Marks &marks, const Access &access, Mask lanes);
  void forgetMarks() { sites_ = {}; }

  /// What a lane is about to compare with: a source that was found to be
  /// ordered before every lane of the warp in an epoch stays so.
  bool knownBefore(uint32_t source) const {
    return before_[source % before_.size()].first == source;
  }
  /// Whether that was found in `epoch` or before.
  bool knownBefore(uint32_t source, uint32_t epoch) const {
    const auto &[known, since] = before_[source % before_.size()];
    return known == source && since <= epoch;
  }
  void setKnownBefore(uint32_t source, uint32_t epoch) {
    before_[source % before_.size()] = {source, epoch};
  }
  /// A source of another warp that was found not to be, for as long as no lane
  /// learns anything.
  bool knownUnordered(uint32_t source) const {
    const auto &[known, version] = unordered_[source % unordered_.size()];
    return known == source && version == version_;
  }
  void setKnownUnordered(uint32_t source) {
    unordered_[source % unordered_.size()] = {source, version_};
  }
  void forgetKnown() {
    before_ = {};
    unordered_ = {};
  }

  /// The operations of the warp that are being performed, innermost last.
  std::vector<OperationPtr> performing;
  std::unique_ptr<ProductRegisters> products; ///< once it issued one

private:
  struct SiteMark {
    const Site *site = nullptr;
    uint32_t epoch = 0;
    AccessKind kind = AccessKind::Load;
    bool collective = false;
    Mark mark = 0;
    /// Marks of places that several lanes read, by these.
    std::array<std::pair<Mask, Mark>, 8> together{};
  };
  struct Deferred {
    KnowledgePtr near, far;
  };
  void learn(Mask lanes, const KnowledgePtr &knowledge);
  template <class Visit> void eachKnowledge(Mask lanes, Visit visit) const;
  SiteMark &siteMark(Marks &marks, const Access &access);

  Warp &warp_;
  const uint32_t agent_;
  uint32_t epoch_ = 1;
  bool dirty_ = false; ///< the epoch was used
  KnowledgePtr all_;   ///< while every lane knows the same
  std::unique_ptr<std::array<KnowledgePtr, warpLanes>> split_;
  std::array<Deferred, warpLanes> deferred_;
  Mask deferring_ = 0;
  std::array<SiteMark, 64> sites_{};
  std::array<std::pair<uint32_t, uint32_t>, 256> before_{};
  std::array<std::pair<uint32_t, uint32_t>, 256> unordered_{};
  uint32_t version_ = 1; ///< of what the lanes know
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_ACTOR_H
