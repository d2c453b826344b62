//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Matrices in shared memory as wgmma finds them: PTX ISA 9.7.15.5.1.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_MATRIXDESCRIPTOR_H
#define RUNTIME_EMULATOR_MACHINE_MATRIXDESCRIPTOR_H

#include "runtime/emulator/machine/TensorBox.h"

#include <cstdint>

namespace emulator {

/// Bytes that lie together: 8 rows of 16 bytes are a core matrix.
constexpr unsigned chunkBytes = 16;
/// Bytes along k that one wgmma reads of each row of A, or column of B.
constexpr unsigned depthBytes = 32;

/// A matrix descriptor. `x` is the index along M of A, or N of B.
class MatrixDescriptor {
public:
  explicit MatrixDescriptor(uint64_t bits)
      : start_((bits & 0x3FFF) << 4), leading_((bits >> 16 & 0x3FFF) << 4),
        stride_((bits >> 32 & 0x3FFF) << 4), baseOffset_(bits >> 49 & 7),
        swizzle_(bits >> 62) {}

  /// Bytes in which the swizzle permutes chunks; 0 without one.
  unsigned span() const {
    static constexpr unsigned spans[] = {0, 128, 64, 32};
    return spans[swizzle_];
  }
  unsigned baseOffset() const { return baseOffset_; }

  /// K-major: where bytes 16c to 16c + 15 along k of row x lie.
  uint32_t rowChunk(unsigned x, unsigned c) const {
    const unsigned row = span() ? span() : chunkBytes;
    return swizzled(start_ + x / 8 * stride_ + x % 8 * row +
                        c * (span() ? chunkBytes : leading_),
                    span());
  }
  /// MN-major, elements of 2 bytes: where elements 8c to 8c + 7 along x of
  /// row k lie.
  uint32_t columnChunk(unsigned c, unsigned k) const {
    const unsigned row = span() ? span() : chunkBytes,
                   chunks = row / chunkBytes;
    const uint32_t along = span() ? leading_ : stride_;
    const uint32_t across = span() ? stride_ : leading_;
    return swizzled(start_ + c % chunks * chunkBytes + c / chunks * along +
                        k % 8 * row + k / 8 * across,
                    span());
  }

private:
  uint32_t start_, leading_, stride_;
  unsigned baseOffset_, swizzle_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_MATRIXDESCRIPTOR_H
