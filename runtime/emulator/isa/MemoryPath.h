//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The short ways of loads and stores to host memory, for accesses that lie
// well and that nobody watches.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_MEMORYPATH_H
#define RUNTIME_EMULATOR_ISA_MEMORYPATH_H

#include "runtime/emulator/isa/Table.h"
#include "runtime/emulator/machine/Memory.h"
#include "runtime/emulator/machine/Warp.h"

#include <cstring>

namespace emulator {

/// Addresses of the lanes, from a base of 32 or 64 bits.
[[gnu::always_inline]] inline void addressesOf(Warp &warp, Slot base, bool wide,
                                               int64_t offset,
                                               uint64_t (&out)[warpLanes]) {
  auto add = static_cast<uint64_t>(offset);
  if (wide) {
    const auto *from = warp.lanes<uint64_t>(base);
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      out[lane] = from[lane] + add;
  } else {
    const auto *from = warp.lanes<uint32_t>(base);
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      out[lane] = static_cast<uint32_t>(from[lane] + add);
  }
}

/// Whether `bytes` at the address of each of `lanes` lie in [base, base + size)
/// and are aligned. Bytes are a power of two.
[[gnu::always_inline]] inline bool
allInside(const uint64_t (&address)[warpLanes], Mask lanes, uint64_t base,
          uint64_t size, uint32_t bytes) {
  if (size < bytes)
    return false;
  uint64_t last = size - bytes, bad = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    uint64_t wrong =
        (address[lane] - base > last) | ((address[lane] & (bytes - 1)) != 0);
    bad |= lanes >> lane & 1 ? wrong : 0;
  }
  return !bad;
}

/// Host memory that all lanes of an access lie in: `host + address` is where
/// an address lies. Null if the long way must be taken.
[[gnu::always_inline]] inline std::byte *
shortPath(Warp &warp, MemorySpace space, const uint64_t (&address)[warpLanes],
          Mask lanes, uint32_t bytes) {
  if (warp.monitor())
    return nullptr;
  uint64_t first = address[__builtin_ctz(lanes)];
  if (space == MemorySpace::Shared || space == MemorySpace::SharedCluster ||
      (space == MemorySpace::Generic && first - sharedWindow < windowBytes)) {
    const Warp::SharedWindow &window = warp.sharedMemory();
    uint64_t base = window.base + sharedReserved;
    if (space == MemorySpace::Generic)
      base += sharedWindow;
    if (!allInside(address, lanes, base, window.bytes - sharedReserved, bytes))
      return nullptr;
    return window.memory + sharedReserved - base;
  }
  if (space == MemorySpace::Local || space == MemorySpace::Param ||
      first < deviceBase)
    return nullptr;
  const Region *region = warp.regionOf(first);
  if (!region || !allInside(address, lanes, region->base, region->bytes, bytes))
    return nullptr;
  return region->host - region->base;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_MEMORYPATH_H
