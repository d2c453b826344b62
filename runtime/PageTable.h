//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Which pages of the KV cache belong to which sequence.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_PAGETABLE_H
#define RUNTIME_PAGETABLE_H

#include "runtime/Mapping.h"
#include "runtime/abi/Kernel.h"

namespace moert {

/// Pages that hold `positions` positions.
inline int64_t pagesFor(int64_t positions) {
  return (positions + MOERT_PAGE_TOKENS - 1) / MOERT_PAGE_TOKENS;
}

/// Sizes of the KV cache of a session. A page holds MOERT_PAGE_TOKENS positions
/// of one sequence in all layers; it has the same index in each.
struct CacheShape {
  int64_t layers;
  int64_t layerPageBytes; ///< of a page in one layer
  int64_t sequences;      ///< rows of the page table
  int64_t pagesPerSequence;
  int64_t pages; ///< of all sequences together

  /// Of the pages in all layers.
  CheckedSize bytes() const {
    return CheckedSize(static_cast<uint64_t>(layers)) *
           static_cast<uint64_t>(pages) * static_cast<uint64_t>(layerPageBytes);
  }
  /// From the pages of one layer to those of the next one.
  int64_t layerBytes() const { return pages * layerPageBytes; }
};

/// The pages themselves are the device's: see runtime/device/Execution.h.
class PageTable {
public:
  /// Call once.
  Status create(const CacheShape &shape);

  /// int32 [sequences][pagesPerSequence]
  const int32_t *data() const { return table; }
  const CacheShape &shape() const { return extents; }

  /// Lets the sequence in `row`, which has `from` pages, have `to` >= `from`.
  /// False, and nothing changes, if there are not enough.
  bool grow(int64_t row, int64_t from, int64_t to);
  /// Takes back the pages of the sequence in `row` beyond the first `to`.
  void shrink(int64_t row, int64_t from, int64_t to);

  int64_t freePages() const { return freeCount + extents.pages - fresh; }
  int64_t reservedBytes() const {
    return extents.layers * extents.pages * extents.layerPageBytes;
  }
  int64_t usedBytes() const {
    return (extents.pages - freePages()) * extents.layers *
           extents.layerPageBytes;
  }

private:
  CacheShape extents{};
  Mapping tableMemory, freeMemory;
  int32_t *table = nullptr;
  /// Pages that were used and given back, the last one on top.
  int32_t *freeList = nullptr;
  int64_t freeCount = 0;
  /// Pages from this index on were never used.
  int64_t fresh = 0;
};

} // namespace moert

#endif // RUNTIME_PAGETABLE_H
