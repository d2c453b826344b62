//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Which bytes of a stretch of memory were ever written: one bit for each.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_WRITTENBYTES_H
#define RUNTIME_EMULATOR_MACHINE_WRITTENBYTES_H

#include <cstdint>

namespace emulator {

/// A view of the bits, which others hold. Offsets and counts are in bytes of
/// the memory described. Bits may be set from several threads at once.
class WrittenBytes {
public:
  static constexpr unsigned wordBytes = 64; ///< that a word of bits describes
  /// Words of bits that describe `bytes`.
  static uint64_t words(uint64_t bytes) { return bytes / wordBytes + 1; }

  WrittenBytes() = default;
  explicit WrittenBytes(uint64_t *bits) : bits_(bits) {}
  /// False for memory of which nothing is known: it counts as written.
  explicit operator bool() const { return bits_; }

  void add(uint64_t offset, uint64_t count) const;
  /// A quick look at a few bytes: true if all were written, and described by
  /// one word.
  bool holds(uint64_t offset, uint64_t count) const {
    const uint64_t first = offset % wordBytes;
    if (first + count > wordBytes || count == wordBytes)
      return false;
    const uint64_t mask = (uint64_t(1) << count) - 1;
    const uint64_t word =
        __atomic_load_n(&bits_[offset / wordBytes], __ATOMIC_RELAXED);
    return (word >> first & mask) == mask;
  }
  /// The first of the bytes that was not written; `offset + count` if all were.
  uint64_t firstMissing(uint64_t offset, uint64_t count) const;

private:
  uint64_t *bits_ = nullptr;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_WRITTENBYTES_H
