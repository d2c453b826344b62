//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Which bytes of global memory a launch read, and which it wrote: however often
// it does so, a byte counts once.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PROFILE_TOUCHEDBYTES_H
#define RUNTIME_EMULATOR_PROFILE_TOUCHEDBYTES_H

#include <cstdint>
#include <memory>
#include <vector>

namespace emulator {

/// A set of offsets, which takes an eighth of the stretches of 64 KiB in which
/// it has elements.
class TouchedBytes {
public:
  void add(uint64_t offset, uint64_t count);
  uint64_t count() const;

private:
  static constexpr unsigned chunkShift = 16; ///< 64 KiB
  static constexpr unsigned chunkWords = (1u << chunkShift) / 64;
  using Chunk = std::unique_ptr<uint64_t[]>;

  void addWithin(Chunk &chunk, uint64_t first, uint64_t count);

  std::vector<Chunk> chunks_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_PROFILE_TOUCHEDBYTES_H
