//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Shadow.h"

namespace emulator {

/// Makes units small enough for accesses at multiples of `places`' lowest bit.
void ShadowPage::refine(uint32_t places) {
  const auto shift = static_cast<unsigned>(__builtin_ctz(places));
  const unsigned copies = 1u << (shift_ - shift);
  std::unique_ptr<ShadowCell[]> finer(new ShadowCell[pageBytes >> shift]);
  for (uint32_t i = 0; i < pageBytes >> shift; ++i)
    finer[i] = cells_[i / copies];
  fine_ = std::move(finer);
  cells_ = fine_.get();
  shift_ = shift;
}

ShadowPage &Shadow::find(uint64_t number) {
  auto &page = pages_[number];
  if (!page)
    page = std::make_unique<ShadowPage>();
  return *page;
}

void Shadow::clear() {
  recent_ = {};
  pages_.clear();
}

} // namespace emulator
