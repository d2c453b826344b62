//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Keys and values of the sequences of a session, in pages.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_KVCACHE_H
#define RUNTIME_KVCACHE_H

#include "runtime/Mapping.h"
#include "runtime/abi/Kernel.h"

namespace moert {

/// Pages that hold `positions` positions.
inline int64_t pagesFor(int64_t positions) {
  return (positions + MOERT_PAGE_TOKENS - 1) / MOERT_PAGE_TOKENS;
}

/// A page holds MOERT_PAGE_TOKENS positions of one sequence in all layers; it
/// has the same index in each. All address space is reserved at first, memory
/// is taken as pages are first written.
class KVCache {
public:
  struct Shape {
    int64_t layers;
    int64_t layerPageBytes; ///< of a page in one layer
    int64_t sequences;      ///< rows of the page table
    int64_t pagesPerSequence;
    int64_t pages; ///< of all sequences together
  };

  /// Call once.
  Status create(const Shape &shape);

  /// The pages of one layer, see runtime/abi/Kernel.h.
  void *layer(int64_t index) const;
  /// int32 [sequences][pagesPerSequence]
  const int32_t *pageTable() const { return table; }
  const Shape &shape() const { return extents; }

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
  Shape extents{};
  Mapping pagesMemory, tableMemory, freeMemory;
  int32_t *table = nullptr;
  /// Pages that were used and given back, the last one on top.
  int32_t *freeList = nullptr;
  int64_t freeCount = 0;
  /// Pages from this index on were never used.
  int64_t fresh = 0;
};

} // namespace moert

#endif // RUNTIME_KVCACHE_H
