//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The warps of a launch, as clocks and shadow memory name them.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_AGENTS_H
#define RUNTIME_EMULATOR_CHECK_AGENTS_H

#include "runtime/emulator/machine/Launch.h"

#include <cstdint>
#include <deque>
#include <mutex>

namespace emulator {

/// A warp and where it is found. Outlives the warp.
struct Agent {
  uint32_t number = 0; ///< in clocks, from 1
  uint32_t warp = 0;   ///< in its block
  Dim3 block;
  uint64_t cluster = 0;

  bool sameBlock(const Agent &other) const {
    return block.x == other.block.x && block.y == other.block.y &&
           block.z == other.block.z;
  }
};

/// Those of one launch, for any host thread.
class Agents {
public:
  const Agent &add(Dim3 block, uint32_t warp, uint64_t cluster) {
    std::lock_guard<std::mutex> lock(mutex_);
    agents_.push_back({++last_, warp, block, cluster});
    return agents_.back();
  }
  /// A number that no warp has: of an mbarrier, whose phases are its epochs.
  uint32_t number() {
    std::lock_guard<std::mutex> lock(mutex_);
    return ++last_;
  }

private:
  std::mutex mutex_;
  uint32_t last_ = 0;
  std::deque<Agent> agents_; ///< where they stay
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_AGENTS_H
