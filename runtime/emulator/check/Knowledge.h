//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a thread knows of the accesses of others: which happened before, and
// which of these went through a fence on the way. All of it is handed on
// wherever one thread synchronizes with another.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_KNOWLEDGE_H
#define RUNTIME_EMULATOR_CHECK_KNOWLEDGE_H

#include "runtime/emulator/check/VectorClock.h"

namespace emulator {

/// What an access went through before the thread knew of it.
enum class Path : uint8_t {
  Seen,         ///< it happened before
  FencedBlock,  ///< a fence of at least the block's scope
  FencedDevice, ///< a fence of the cluster's, the device's or the system's
  ProxyShared,  ///< fence.proxy.async for shared memory
  ProxyGlobal,  ///< fence.proxy.async for global memory
  MapsReleased, ///< fence.proxy.tensormap...release
  MapsAcquired, ///< that, and fence.proxy.tensormap...acquire
  Inits,        ///< fence.mbarrier_init
};
constexpr unsigned paths = 8;

struct Knowledge {
  std::array<ClockPtr, paths> clocks;

  const ClockPtr &of(Path path) const {
    return clocks[static_cast<unsigned>(path)];
  }
  ClockPtr &of(Path path) { return clocks[static_cast<unsigned>(path)]; }
};

/// Never changed once it is shared; null knows nothing.
using KnowledgePtr = std::shared_ptr<const Knowledge>;

KnowledgePtr join(const KnowledgePtr &a, const KnowledgePtr &b);
/// What is known by `path`; null if nothing is.
inline ClockPtr clockOf(const KnowledgePtr &knowledge, Path path) {
  return knowledge ? knowledge->of(path) : nullptr;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_KNOWLEDGE_H
