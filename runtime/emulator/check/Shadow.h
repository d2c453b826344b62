//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Shadow memory: who wrote and who read each byte last.
//
// A page keeps marks of 16 bytes until an access needs those of fewer.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_SHADOW_H
#define RUNTIME_EMULATOR_CHECK_SHADOW_H

#include "runtime/emulator/check/Marks.h"
#include "runtime/emulator/machine/Memory.h"

#include <memory>
#include <unordered_map>
#include <vector>

namespace emulator {

/// Whether a generic address is one of shared memory.
/// Who wrote a unit of memory last, and who read it since.
struct ShadowCell {
  Mark write = 0, reads = 0;
};

class ShadowPage {
public:
  static constexpr unsigned pageShift = 10;
  static constexpr uint32_t pageBytes = 1 << pageShift;

  ShadowPage() = default;
  ShadowPage(const ShadowPage &) = delete;
  ShadowPage &operator=(const ShadowPage &) = delete;

  /// The cells of `bytes` from `offset`, all in the page: one for each unit.
  struct Cells {
    ShadowCell *first;
    unsigned count;
    unsigned unit; ///< bytes
  };
  Cells cells(uint32_t offset, uint32_t bytes) {
    if ((offset | bytes) & ((1u << shift_) - 1))
      refine(offset | bytes);
    return {cells_ + (offset >> shift_), bytes >> shift_, 1u << shift_};
  }
  template <class Visit> void eachMark(Visit visit) const {
    for (uint32_t i = 0; i < pageBytes >> shift_; ++i)
      for (Mark mark : {cells_[i].write, cells_[i].reads})
        if (mark)
          visit(mark);
  }

private:
  void refine(uint32_t places);

  static constexpr unsigned coarseShift = 4;
  unsigned shift_ = coarseShift;
  ShadowCell *cells_ = coarse_; ///< these, or finer ones
  ShadowCell coarse_[pageBytes >> coarseShift];
  std::unique_ptr<ShadowCell[]> fine_;
};

/// The pages of an address space.
class Shadow {
public:
  ShadowPage &page(uint64_t address) {
    const uint64_t number = address >> ShadowPage::pageShift;
    Recent &recent = recent_[number % recent_.size()];
    if (number != recent.number || !recent.page)
      recent = {number, &find(number)};
    return *recent.page;
  }
  void clear();
  template <class Visit> void eachMark(Visit visit) const {
    eachMarkIn(0, ~uint64_t(0), visit);
  }
  /// Of the pages that begin in `bytes` from an address.
  template <class Visit>
  void eachMarkIn(uint64_t address, uint64_t bytes, Visit visit) const {
    for (const auto &[number, page] : pages_)
      if ((number << ShadowPage::pageShift) - address < bytes)
        page->eachMark(visit);
  }

private:
  struct Recent {
    uint64_t number = 0;
    ShadowPage *page = nullptr;
  };
  ShadowPage &find(uint64_t number);

  std::unordered_map<uint64_t, std::unique_ptr<ShadowPage>> pages_;
  std::array<Recent, 256> recent_{};
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_SHADOW_H
