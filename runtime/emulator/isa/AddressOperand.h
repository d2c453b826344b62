//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// An address operand `[a]`, for rows that have several of them, or that keep
// more than the instruction has room for.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_ADDRESSOPERAND_H
#define RUNTIME_EMULATOR_ISA_ADDRESSOPERAND_H

#include "runtime/emulator/isa/Table.h"
#include "runtime/emulator/machine/Access.h"
#include "runtime/emulator/machine/Warp.h"

#include <string_view>

namespace emulator {

struct AddressOperand {
  Slot base;
  bool wide = true; ///< the base has 64 bits a lane, not 32
  int64_t offset = 0;

  uint64_t at(const Warp &warp, unsigned lane) const {
    const uint64_t value = wide ? warp.lanes<uint64_t>(base)[lane]
                                : warp.lanes<uint32_t>(base)[lane];
    return value + static_cast<uint64_t>(offset);
  }
  /// Writes the addresses of `lanes` into an access.
  void fill(const Warp &warp, Mask lanes, Access &access) const {
    access.lanes = lanes;
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      if (lanes >> lane & 1)
        access.address[lane] = at(warp, lane);
  }
};

inline AddressOperand addressOperand(const Selection &s,
                                     std::string_view name) {
  return {s.slot(name), s.width(name) == 64, s.offset(name)};
}

/// The space that a class of `shared`, `shared::cta` and `shared::cluster`
/// names; Generic where it is left out.
inline MemorySpace sharedSpace(std::string_view word) {
  if (word.empty())
    return MemorySpace::Generic;
  return word == "shared::cluster" ? MemorySpace::SharedCluster
                                   : MemorySpace::Shared;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_ADDRESSOPERAND_H
