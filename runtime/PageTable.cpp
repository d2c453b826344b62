//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/PageTable.h"

using namespace moert;

Status PageTable::create(const CacheShape &shape) {
  // Pages are numbered with 32 bits.
  if (shape.pages > INT32_MAX)
    return {MOERT_LIMIT, "the KV cache cannot have more than " +
                             std::to_string(INT32_MAX) + " pages of " +
                             std::to_string(MOERT_PAGE_TOKENS) +
                             " positions; lower cache_positions"};
  CheckedSize entries = CheckedSize(static_cast<uint64_t>(shape.sequences)) *
                        static_cast<uint64_t>(shape.pagesPerSequence);
  Status status =
      Mapping::reserve(entries * sizeof(int32_t), Mapping::Pages::Small,
                       "the page table", tableMemory);
  if (!status.ok())
    return status;
  CheckedSize pages = static_cast<uint64_t>(shape.pages);
  status = Mapping::reserve(pages * sizeof(int32_t), Mapping::Pages::Small,
                            "the page list", freeMemory);
  if (!status.ok())
    return status;
  extents = shape;
  table = reinterpret_cast<int32_t *>(tableMemory.data());
  freeList = reinterpret_cast<int32_t *>(freeMemory.data());
  return {};
}

bool PageTable::grow(int64_t row, int64_t from, int64_t to) {
  if (to - from > freePages())
    return false;
  int32_t *pages = table + row * extents.pagesPerSequence;
  for (int64_t i = from; i < to; ++i)
    pages[i] =
        freeCount > 0 ? freeList[--freeCount] : static_cast<int32_t>(fresh++);
  return true;
}

void PageTable::shrink(int64_t row, int64_t from, int64_t to) {
  const int32_t *pages = table + row * extents.pagesPerSequence;
  for (int64_t i = from; i > to; --i)
    freeList[freeCount++] = pages[i - 1];
}
