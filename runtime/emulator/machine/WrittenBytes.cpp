//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/WrittenBytes.h"

#include <algorithm>

namespace emulator {
namespace {

/// The bits from `offset % 64` on of one word, at most `count`.
uint64_t maskOf(uint64_t offset, uint64_t count) {
  const uint64_t first = offset % WrittenBytes::wordBytes;
  const uint64_t bits = std::min(count, WrittenBytes::wordBytes - first);
  return (bits == 64 ? ~uint64_t(0) : (uint64_t(1) << bits) - 1) << first;
}

} // namespace

void WrittenBytes::add(uint64_t offset, uint64_t count) const {
  while (count) {
    uint64_t &word = bits_[offset / wordBytes];
    const uint64_t mask = maskOf(offset, count);
    if ((__atomic_load_n(&word, __ATOMIC_RELAXED) & mask) != mask)
      __atomic_fetch_or(&word, mask, __ATOMIC_RELAXED);
    const uint64_t step =
        std::min<uint64_t>(count, wordBytes - offset % wordBytes);
    offset += step;
    count -= step;
  }
}

uint64_t WrittenBytes::firstMissing(uint64_t offset, uint64_t count) const {
  while (count) {
    const uint64_t word =
        __atomic_load_n(&bits_[offset / wordBytes], __ATOMIC_RELAXED);
    if (const uint64_t missing = maskOf(offset, count) & ~word)
      return offset / wordBytes * wordBytes +
             static_cast<unsigned>(__builtin_ctzll(missing));
    const uint64_t step =
        std::min<uint64_t>(count, wordBytes - offset % wordBytes);
    offset += step;
    count -= step;
  }
  return offset;
}

} // namespace emulator
