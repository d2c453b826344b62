//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The blocks that a `.multicast::cluster` copy names.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_MULTICAST_H
#define RUNTIME_EMULATOR_ISA_MULTICAST_H

#include "runtime/emulator/machine/Grid.h"

#include <string>

namespace emulator {

/// The same offset in the block of that rank.
inline uint64_t sharedAddressIn(uint32_t rank, uint64_t address) {
  return uint64_t(rank) << sharedRankShift | (address & sharedOffsetMask);
}

inline uint32_t rankOfShared(uint64_t address) {
  return static_cast<uint32_t>(address >> sharedRankShift);
}

/// Whether the cluster has every block of the mask. False if a fault was
/// raised.
inline bool blocksExist(Warp &warp, uint32_t blocks, unsigned lane) {
  const size_t count = warp.cluster().blocks().size();
  if (!(blocks >> count))
    return true;
  warp.fault(FaultKind::Undefined,
             "a multicast to blocks of mask " + std::to_string(blocks) +
                 " in a cluster of " + std::to_string(count),
             Mask(1) << lane);
  return false;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_MULTICAST_H
