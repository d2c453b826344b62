//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Vector clocks: what has happened before a point of a launch.
//
// An agent is a warp or an mbarrier. It counts its own epochs from 1; a clock
// says of each agent up to which epoch its accesses happened before. Lanes of
// one warp mostly know the same of each other's, so that an entry is one number
// until they do not.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_VECTORCLOCK_H
#define RUNTIME_EMULATOR_CHECK_VECTORCLOCK_H

#include "runtime/emulator/machine/Instruction.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace emulator {

class VectorClock;
/// Clocks never change, so that warps share them; null is the empty clock.
using ClockPtr = std::shared_ptr<const VectorClock>;

class VectorClock {
public:
  /// Whether the accesses of all of `lanes` in `epoch` of `agent` happened
  /// before.
  bool covers(uint32_t agent, Mask lanes, uint32_t epoch) const {
    return covered(agent, lanes, epoch) == lanes;
  }
  /// Those of `lanes` of which that is so.
  Mask covered(uint32_t agent, Mask lanes, uint32_t epoch) const;
  /// The same for some lane of the agent.
  bool reaches(uint32_t agent, uint32_t epoch) const;

  static bool covers(const ClockPtr &clock, uint32_t agent, Mask lanes,
                     uint32_t epoch) {
    return clock && clock->covers(agent, lanes, epoch);
  }
  /// The least clock that knows all that either knows.
  static ClockPtr join(const ClockPtr &a, const ClockPtr &b);
  /// `base`, and `lanes` of `agent` up to `epoch`.
  static ClockPtr raise(const ClockPtr &base, uint32_t agent, Mask lanes,
                        uint32_t epoch);

  /// `clock`, but of what other lanes of `agent` than `own` did only what `by`
  /// knows.
  static ClockPtr bound(const ClockPtr &clock, uint32_t agent,
                        const ClockPtr &by, Mask own);

private:
  using LaneEpochs = std::array<uint32_t, warpLanes>;
  struct Entry {
    uint32_t agent = 0;
    uint32_t floor = 0;                      ///< of every lane
    std::shared_ptr<const LaneEpochs> lanes; ///< null if all are at the floor

    uint32_t of(unsigned lane) const { return lanes ? (*lanes)[lane] : floor; }
  };

  static Entry normal(uint32_t agent, const LaneEpochs &lanes);
  const Entry *find(uint32_t agent) const;
  static bool includes(const Entry &a, const Entry &b);
  static Entry merge(const Entry &a, const Entry &b);
  bool includes(const VectorClock &other) const;

  std::vector<Entry> entries_; ///< by agent
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_VECTORCLOCK_H
