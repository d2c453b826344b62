//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A box of a tensor between global and shared memory: which elements it has,
// and where they lie in shared memory.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_TENSORBOX_H
#define RUNTIME_EMULATOR_MACHINE_TENSORBOX_H

#include "runtime/emulator/machine/TensorMap.h"

#include <cstddef>
#include <cstdint>

namespace emulator {

/// Coordinates of a box's first element, dimension 0 first.
struct BoxPosition {
  int32_t at[5] = {};
};

/// The elements of a box along dimension 0, which lie together in shared
/// memory but for the swizzle.
struct BoxRow {
  uint32_t offset = 0; ///< of its first element, from that of the box: bytes
  /// Of the first element inside of the tensor.
  uint64_t address = 0;
  uint32_t before = 0; ///< bytes of elements that lie before the tensor
  uint32_t inside = 0; ///< bytes of those inside; 0 if none is
  uint32_t bytes = 0;  ///< of the row
};

/// The rows of a box, one after the other.
class BoxRows {
public:
  BoxRows(const TensorMap &map, const BoxPosition &position);
  /// False after the last.
  bool next(BoxRow &row);

private:
  const TensorMap &map_;
  const BoxPosition position_;
  uint32_t index_[5] = {};
  uint32_t bytes_ = 0; ///< of a row
  uint32_t number_ = 0, count_ = 1;
};

/// The swizzle of shared addresses (PTX ISA 5.5.6): 16-byte chunks of a span of
/// 32, 64 or 128 bytes are permuted by the number of the 128-byte line. `span`
/// is 0 for none. It is its own inverse.
constexpr uint32_t swizzled(uint32_t address, unsigned span) {
  const uint32_t chunks = span ? span / 16 - 1 : 0;
  return address ^ (address >> 7 & chunks) << 4;
}

/// The pattern of the elements outside of a tensor.
void fillOutside(const TensorMap &map, std::byte *values, uint32_t bytes);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_TENSORBOX_H
