//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// mbarrier objects in shared memory, as instructions and engines reach them.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_MBARRIERACCESS_H
#define RUNTIME_EMULATOR_ISA_MBARRIERACCESS_H

#include "runtime/emulator/isa/AddressOperand.h"
#include "runtime/emulator/machine/Mbarrier.h"

namespace emulator {

/// The mbarriers that lanes name.
class MbarrierAccess {
public:
  /// Finds the objects. False if a fault was raised.
  bool locate(Warp &warp, const AddressOperand &address, MemorySpace space,
              Mask lanes, AccessKind kind = AccessKind::Atomic);
  /// Generic address of a lane's object.
  uint64_t address(unsigned lane) const { return access_.address[lane]; }
  Mbarrier load(unsigned lane) const;
  void store(unsigned lane, const Mbarrier &barrier);
  /// Makes the object no mbarrier.
  void clear(unsigned lane);

private:
  Access access_;
  Pointers objects_;
};

/// Raises the fault of a wrong use: `wrong` is the reason.
Outcome mbarrierFault(Warp &warp, const char *wrong, unsigned lane,
                      uint64_t address);

/// The reason if a word is no mbarrier.
constexpr const char *notAnMbarrier =
    "the address holds no mbarrier: it was not initialised, or written over";

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_MBARRIERACCESS_H
