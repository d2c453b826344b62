//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What was accessed, and by whom: the shadow of some memory, and the marks in
// it.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_LEDGER_H
#define RUNTIME_EMULATOR_CHECK_LEDGER_H

#include "runtime/emulator/check/Shadow.h"
#include "runtime/emulator/check/ShortLock.h"

#include <array>

namespace emulator {

/// Of the shared memory of a cluster, which one host thread has at a time, or
/// of stripes of global memory, for who holds its lock.
class Ledger {
public:
  /// Readers of a place before and after one more read it.
  struct Union {
    Mark readers = 0, mark = 0, result = 0;
    bool followsLanes = false;
  };

  /// Forgets marks that are in no place any more, if there are many: whatever
  /// kept a mark, or its source, finds another generation.
  void collectIfFull();
  uint32_t generation() const { return generation_; }

  Union &united(Mark readers, Mark mark) {
    const uint32_t key = (readers * 0x9E3779B1u) ^ (mark * 0x85EBCA77u);
    return unions_[(key ^ key >> 15) % unions_.size()];
  }

  ShortLock lock;
  Marks marks;
  Shadow shadow;

private:
  uint32_t generation_ = 1;
  std::array<Union, 1 << 12> unions_{};
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_LEDGER_H
