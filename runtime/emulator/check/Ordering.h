//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Which accesses happen before which: the causality order of the PTX manual's
// memory consistency model (chapter 8), as far as one run shows it.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_ORDERING_H
#define RUNTIME_EMULATOR_CHECK_ORDERING_H

#include "runtime/emulator/check/ClusterState.h"
#include "runtime/emulator/check/Monitor.h"

namespace emulator {

/// Who makes an access that others are compared with: a lane, or an operation
/// at the time when it was issued.
struct Observer {
  uint32_t agent = 0;
  unsigned lane = 0;
  Mask own = 0;                  ///< lanes whose earlier accesses are its own
  uint32_t epoch = ~uint32_t(0); ///< until which they are
  const Knowledge *known = nullptr;
  const Operation *operation = nullptr;
};

/// Of one cluster.
class Ordering {
public:
  /// Flags of global memory are used by one host thread at a time.
  Ordering(Agents &agents, Flags &globalFlags)
      : agents_(agents), globalFlags_(globalFlags) {}

  void enter(Block &block) { state_.enter(block, agents_); }
  ClusterState &state() { return state_; }
  Actor &actor(Warp &warp) { return state_.actor(warp); }

  // --- what orders ---

  void converged(Warp &warp, Mask lanes);
  void fence(Warp &warp, Mask lanes, const FenceEvent &event);
  void barrier(Warp &warp, Mask lanes, const BarrierEvent &event);
  void async(Warp &warp, Mask lanes, const AsyncEvent &event);
  /// A strong access, before it takes effect.
  void strong(Actor &actor, const Access &access);

  // --- what is ordered ---

  Observer observer(const Actor &actor, unsigned lane) const;
  /// An operation of that actor acting for a lane.
  Observer observer(const Operation &operation, unsigned lane) const;
  /// Whether what `lanes` of a source did happened before, by a path.
  bool before(const Observer &observer, const Source &source, Mask lanes,
              Path path = Path::Seen) const;
  /// Whether both are strong, and of scopes that reach each other.
  bool strongTogether(const Source &a, const Source &b) const;
  /// The initialisation of the mbarrier that an event uses, if nothing orders
  /// it before the event; else null.
  /// How far an mbarrier is beyond the next phase that the first of `lanes` can
  /// wait for, if it looks for the parity of that phase in vain; else 0.
  uint64_t phasesMissed(Warp &warp, Mask lanes, const BarrierEvent &event);
  const MbarrierState *unorderedInit(Warp &warp, Mask lanes,
                                     const BarrierEvent &event);

private:
  void arrive(Actor &actor, Mask lanes, BarrierPhases &phases,
              const BarrierEvent &event);
  void mbarrier(Actor &actor, Mask lanes, const BarrierEvent &event);
  void completeBy(Actor &actor, Mask lanes, const MbarrierState &barrier,
                  const BarrierEvent &event);
  void issue(Actor &actor, Mask lanes, const AsyncEvent &event);
  void perform(Actor &actor, const AsyncEvent &event);
  void performEnd(Actor &actor, Mask lanes, const AsyncEvent &event);
  void commit(Actor &actor, Mask lanes, AsyncKind kind);
  void wait(Actor &actor, Mask lanes, const AsyncEvent &event);
  void waitForProducts(Actor &actor, unsigned keep);
  void readFlag(Actor &actor, unsigned lane, const Flag &flag,
                const Access &access);
  void writeFlag(Actor &actor, unsigned lane, Flags &flags, uint64_t address,
                 const Access &access);

  ClusterState state_;
  Agents &agents_;
  Flags &globalFlags_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_ORDERING_H
