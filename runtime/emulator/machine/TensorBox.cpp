//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/TensorBox.h"

#include <algorithm>
#include <cstring>

namespace emulator {

BoxRows::BoxRows(const TensorMap &map, const BoxPosition &position)
    : map_(map), position_(position),
      bytes_(map.boxElements(0) * map.elementBytes()) {
  for (unsigned d = 1; d < map.rank; ++d)
    count_ *= map.boxElements(d);
}

bool BoxRows::next(BoxRow &row) {
  if (number_ == count_)
    return false;
  const auto width = static_cast<int64_t>(map_.elementBytes());
  // Along dimension 0, elements first to last are inside.
  const auto elements = static_cast<int64_t>(map_.boxElements(0));
  const auto extent = static_cast<int64_t>(map_.extents[0]);
  const int64_t start = position_.at[0];
  const int64_t first = std::clamp<int64_t>(-start, 0, elements);
  const int64_t last = std::clamp<int64_t>(extent - start, first, elements);
  bool inside = last > first;
  uint64_t address = map_.address;
  for (unsigned d = 1; d < map_.rank; ++d) {
    const int64_t at =
        position_.at[d] + int64_t(index_[d]) * map_.elementStrides[d];
    inside &= at >= 0 && at < static_cast<int64_t>(map_.extents[d]);
    address += static_cast<uint64_t>(at) * map_.strides[d - 1];
  }
  row.offset = number_ * bytes_;
  row.bytes = bytes_;
  row.before = static_cast<uint32_t>(first * width);
  row.inside = inside ? static_cast<uint32_t>((last - first) * width) : 0;
  row.address = address + static_cast<uint64_t>((start + first) * width);
  ++number_;
  for (unsigned d = 1; d < map_.rank; ++d) {
    if (++index_[d] < map_.boxElements(d))
      break;
    index_[d] = 0;
  }
  return true;
}

void fillOutside(const TensorMap &map, std::byte *values, uint32_t bytes) {
  using Element = TensorMap::Element;
  std::memset(values, 0, bytes);
  if (!map.nanFill)
    return;
  const unsigned width = map.elementBytes();
  const uint64_t nan = map.element == Element::F64 ? 0x7FFFFFFFFFFFFFFF
                       : width == 4                ? 0x7FFFFFFF
                                                   : 0x7FFF;
  for (uint32_t at = 0; at + width <= bytes; at += width)
    std::memcpy(values + at, &nan, width);
}

} // namespace emulator
