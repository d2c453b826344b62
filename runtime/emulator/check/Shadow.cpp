//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Shadow.h"

namespace emulator {

/// Makes units small enough for accesses at multiples of `places`' lowest bit.
void ShadowPage::refine(uint32_t places) {
  const unsigned shift = places & 1 ? 0 : 1;
  const unsigned copies = 1u << (shift_ - shift);
  std::vector<Mark> finer;
  finer.reserve(cells_.size() * copies);
  for (Mark mark : cells_)
    finer.insert(finer.end(), copies, mark);
  cells_ = std::move(finer);
  shift_ = shift;
}

void Shadow::forget(uint64_t begin, uint64_t end) {
  last_ = nullptr;
  for (uint64_t number = begin >> ShadowPage::pageShift;
       number << ShadowPage::pageShift < end; ++number)
    pages_.erase(number);
}

void Shadow::clear() {
  last_ = nullptr;
  pages_.clear();
}

} // namespace emulator
