//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/profile/TouchedBytes.h"

#include <algorithm>

namespace emulator {

void TouchedBytes::add(uint64_t offset, uint64_t count) {
  constexpr uint64_t chunkBytes = uint64_t(1) << chunkShift;
  while (count) {
    const uint64_t number = offset >> chunkShift, first = offset % chunkBytes;
    const uint64_t step = std::min(count, chunkBytes - first);
    if (number >= chunks_.size())
      chunks_.resize(number + 1);
    addWithin(chunks_[number], first, step);
    offset += step;
    count -= step;
  }
}

void TouchedBytes::addWithin(Chunk &chunk, uint64_t first, uint64_t count) {
  if (!chunk)
    chunk.reset(new uint64_t[chunkWords]());
  while (count) {
    const uint64_t bit = first % 64, step = std::min(count, 64 - bit);
    const uint64_t ones = ~uint64_t(0) >> (64 - step);
    chunk[first / 64] |= ones << bit;
    first += step;
    count -= step;
  }
}

uint64_t TouchedBytes::count() const {
  uint64_t bytes = 0;
  for (const Chunk &chunk : chunks_)
    for (unsigned word = 0; chunk && word < chunkWords; ++word)
      bytes += static_cast<unsigned>(__builtin_popcountll(chunk[word]));
  return bytes;
}

} // namespace emulator
