//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/KVCache.h"

using namespace moert;

static CheckedSize product(std::initializer_list<int64_t> sizes) {
  CheckedSize result = 1;
  for (int64_t size : sizes)
    result = result * static_cast<uint64_t>(size);
  return result;
}

Status KVCache::create(const Shape &shape) {
  // Pages are numbered with 32 bits.
  if (shape.pages > INT32_MAX)
    return {MOERT_LIMIT, "the KV cache cannot have more than " +
                             std::to_string(INT32_MAX) + " pages of " +
                             std::to_string(MOERT_PAGE_TOKENS) +
                             " positions; lower cache_positions"};
  // With huge pages, the first page of a sequence takes 2 MiB in each layer:
  // worth it only where a few pages fill them.
  constexpr int64_t worthHuge = 64 * 1024;
  Mapping::Pages kind = shape.layerPageBytes >= worthHuge
                            ? Mapping::Pages::Huge
                            : Mapping::Pages::Small;
  CheckedSize bytes =
      product({shape.layers, shape.pages, shape.layerPageBytes});
  Status status = Mapping::reserve(bytes, kind, "the KV cache", pagesMemory);
  if (!status.ok()) {
    status.message += "; lower cache_positions";
    return status;
  }
  constexpr int64_t entry = sizeof(int32_t);
  status = Mapping::reserve(
      product({shape.sequences, shape.pagesPerSequence, entry}),
      Mapping::Pages::Small, "the page table", tableMemory);
  if (!status.ok())
    return status;
  status = Mapping::reserve(product({shape.pages, entry}),
                            Mapping::Pages::Small, "the page list", freeMemory);
  if (!status.ok())
    return status;
  extents = shape;
  table = reinterpret_cast<int32_t *>(tableMemory.data());
  freeList = reinterpret_cast<int32_t *>(freeMemory.data());
  return {};
}

void *KVCache::layer(int64_t index) const {
  return pagesMemory.data() + index * extents.pages * extents.layerPageBytes;
}

bool KVCache::grow(int64_t row, int64_t from, int64_t to) {
  if (to - from > freePages())
    return false;
  int32_t *pages = table + row * extents.pagesPerSequence;
  for (int64_t i = from; i < to; ++i)
    pages[i] =
        freeCount > 0 ? freeList[--freeCount] : static_cast<int32_t>(fresh++);
  return true;
}

void KVCache::shrink(int64_t row, int64_t from, int64_t to) {
  const int32_t *pages = table + row * extents.pagesPerSequence;
  for (int64_t i = from; i > to; --i)
    freeList[freeCount++] = pages[i - 1];
}
