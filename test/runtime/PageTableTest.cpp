//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/PageTable.h"

#include <gtest/gtest.h>
#include <set>

using namespace moert;

/// 2 layers, 3 sequences of at most 4 pages, 6 pages of 256 bytes in all.
static constexpr CacheShape shape{2, 256, 3, 4, 6};

static std::set<int32_t> pagesOf(const PageTable &table, int64_t row,
                                 int64_t count) {
  const int32_t *pages = table.data() + row * shape.pagesPerSequence;
  return {pages, pages + count};
}

TEST(PageTable, PagesCoverThePositions) {
  EXPECT_EQ(pagesFor(0), 0);
  EXPECT_EQ(pagesFor(1), 1);
  EXPECT_EQ(pagesFor(MOERT_PAGE_TOKENS), 1);
  EXPECT_EQ(pagesFor(MOERT_PAGE_TOKENS + 1), 2);
}

TEST(PageTable, SequencesNeverShareAPage) {
  PageTable pages;
  ASSERT_TRUE(pages.create(shape).ok());
  ASSERT_TRUE(pages.grow(0, 0, 2));
  ASSERT_TRUE(pages.grow(2, 0, 3));
  ASSERT_TRUE(pages.grow(0, 2, 3));
  std::set<int32_t> all = pagesOf(pages, 0, 3);
  all.merge(pagesOf(pages, 2, 3));
  EXPECT_EQ(all, (std::set<int32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(pages.freePages(), 0);
  EXPECT_EQ(pages.usedBytes(), 6 * 2 * 256);
  EXPECT_EQ(pages.reservedBytes(), pages.usedBytes());
}

TEST(PageTable, RefusesMoreThanThereIsAndChangesNothing) {
  PageTable pages;
  ASSERT_TRUE(pages.create(shape).ok());
  ASSERT_TRUE(pages.grow(0, 0, 4));
  EXPECT_FALSE(pages.grow(1, 0, 3));
  EXPECT_EQ(pages.freePages(), 2);
  EXPECT_TRUE(pages.grow(1, 0, 2));
}

TEST(PageTable, ReusesPagesThatWereGivenBack) {
  PageTable pages;
  ASSERT_TRUE(pages.create(shape).ok());
  ASSERT_TRUE(pages.grow(0, 0, 4));
  pages.shrink(0, 4, 1);
  EXPECT_EQ(pages.freePages(), 5);
  ASSERT_TRUE(pages.grow(1, 0, 3));
  EXPECT_EQ(pagesOf(pages, 1, 3), (std::set<int32_t>{1, 2, 3}));
  EXPECT_EQ(pages.freePages(), 2);
}

TEST(PageTable, SizesOfTheCacheDoNotWrapAround) {
  EXPECT_EQ(*shape.bytes(), 2u * 6 * 256);
  EXPECT_EQ(shape.layerBytes(), 6 * 256);
  CacheShape tooLarge = shape;
  tooLarge.pages = INT32_MAX;
  tooLarge.layerPageBytes = INT64_MAX / 4;
  EXPECT_FALSE(tooLarge.bytes());
}

TEST(PageTable, MorePagesThanHaveNumbersAreRefused) {
  CacheShape tooMany = shape;
  tooMany.pages = int64_t(INT32_MAX) + 1;
  EXPECT_EQ(PageTable().create(tooMany).code, MOERT_LIMIT);
}
