//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/KVCache.h"

#include <gtest/gtest.h>
#include <set>

using namespace moert;

/// 2 layers, 3 sequences of at most 4 pages, 6 pages of 256 bytes in all.
static constexpr KVCache::Shape shape{2, 256, 3, 4, 6};

static std::set<int32_t> pagesOf(const KVCache &cache, int64_t row,
                                 int64_t count) {
  const int32_t *pages = cache.pageTable() + row * shape.pagesPerSequence;
  return {pages, pages + count};
}

TEST(KVCache, PagesCoverThePositions) {
  EXPECT_EQ(pagesFor(0), 0);
  EXPECT_EQ(pagesFor(1), 1);
  EXPECT_EQ(pagesFor(MOERT_PAGE_TOKENS), 1);
  EXPECT_EQ(pagesFor(MOERT_PAGE_TOKENS + 1), 2);
}

TEST(KVCache, SequencesNeverShareAPage) {
  KVCache cache;
  ASSERT_TRUE(cache.create(shape).ok());
  ASSERT_TRUE(cache.grow(0, 0, 2));
  ASSERT_TRUE(cache.grow(2, 0, 3));
  ASSERT_TRUE(cache.grow(0, 2, 3));
  std::set<int32_t> all = pagesOf(cache, 0, 3);
  all.merge(pagesOf(cache, 2, 3));
  EXPECT_EQ(all, (std::set<int32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(cache.freePages(), 0);
  EXPECT_EQ(cache.usedBytes(), 6 * 2 * 256);
  EXPECT_EQ(cache.reservedBytes(), cache.usedBytes());
}

TEST(KVCache, RefusesMoreThanThereIsAndChangesNothing) {
  KVCache cache;
  ASSERT_TRUE(cache.create(shape).ok());
  ASSERT_TRUE(cache.grow(0, 0, 4));
  EXPECT_FALSE(cache.grow(1, 0, 3));
  EXPECT_EQ(cache.freePages(), 2);
  EXPECT_TRUE(cache.grow(1, 0, 2));
}

TEST(KVCache, ReusesPagesThatWereGivenBack) {
  KVCache cache;
  ASSERT_TRUE(cache.create(shape).ok());
  ASSERT_TRUE(cache.grow(0, 0, 4));
  cache.shrink(0, 4, 1);
  EXPECT_EQ(cache.freePages(), 5);
  ASSERT_TRUE(cache.grow(1, 0, 3));
  EXPECT_EQ(pagesOf(cache, 1, 3), (std::set<int32_t>{1, 2, 3}));
  EXPECT_EQ(cache.freePages(), 2);
}

TEST(KVCache, LayersLieApart) {
  KVCache cache;
  ASSERT_TRUE(cache.create(shape).ok());
  auto *first = static_cast<uint8_t *>(cache.layer(0));
  EXPECT_EQ(static_cast<uint8_t *>(cache.layer(1)) - first, 6 * 256);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(first) % MOERT_ALIGNMENT, 0u);
}

TEST(KVCache, SizesThatDoNotFitAreRefused) {
  KVCache::Shape tooMany = shape;
  tooMany.pages = int64_t(INT32_MAX) + 1;
  EXPECT_EQ(KVCache().create(tooMany).code, MOERT_LIMIT);
  KVCache::Shape tooLarge = shape;
  tooLarge.pages = INT32_MAX;
  tooLarge.layerPageBytes = INT64_MAX / 4;
  Status status = KVCache().create(tooLarge);
  EXPECT_EQ(status.code, MOERT_NO_MEMORY);
  EXPECT_NE(status.message.find("KV cache"), std::string::npos);
}
