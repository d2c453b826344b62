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

/// visit(rank), an Outcome, for each block of the mask until one faults. A
/// fault if the cluster lacks one of them.
template <class Visit>
Outcome eachBlockOf(Warp &warp, uint32_t blocks, unsigned lane, Visit visit) {
  const size_t count = warp.cluster().blocks().size();
  if (blocks >> count)
    return warp.fault(FaultKind::Undefined,
                      "a multicast to blocks of mask " +
                          std::to_string(blocks) + " in a cluster of " +
                          std::to_string(count),
                      Mask(1) << lane);
  for (uint32_t rank = 0; blocks >> rank; ++rank)
    if ((blocks >> rank & 1) && visit(rank) == Outcome::Fault)
      return Outcome::Fault;
  return Outcome::Next;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_MULTICAST_H
