//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How memory is dealt to the ledgers of checks.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_STRIPES_H
#define RUNTIME_EMULATOR_CHECK_STRIPES_H

#include "runtime/emulator/machine/Memory.h"

#include <cstdint>

namespace emulator {

inline bool isSharedAddress(uint64_t address) {
  return address - sharedWindow < windowBytes;
}

/// Global memory is dealt to so many ledgers, stripe by stripe, that host
/// threads seldom wait for each other.
constexpr unsigned globalLedgers = 8;
constexpr unsigned stripeShift = 14;
constexpr uint64_t stripeBytes = uint64_t(1) << stripeShift;

/// The first is that of a cluster's shared memory.
constexpr unsigned ledgers = 1 + globalLedgers;

inline unsigned ledgerOf(uint64_t address) {
  return isSharedAddress(address)
             ? 0
             : 1 + (address >> stripeShift) % globalLedgers;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_STRIPES_H
