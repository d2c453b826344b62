//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"
#include "test/codegen/TestCache.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

static std::string appendModule(const TestCache &cache) {
  std::string rows =
      "tensor<?x" + std::to_string(cache.heads * cache.headDim) + "xf32>";
  return "exec.kernel @k {\n^bb0(%cache: " + cache.type() + ", %k: " + rows +
         ", %v: " + rows +
         ", %batch: !decoder.batch):\n"
         "  %updated = decoder.append_kv %cache, %k, %v, %batch layer(0) : " +
         cache.type() + ", " + rows +
         "\n  exec.yield %updated : " + cache.type() + "\n}\n";
}

class AppendKV : public testing::TestWithParam<std::tuple<Element, int64_t>> {};

TEST_P(AppendKV, WritesEachTokenAtItsPlaceAndNothingElse) {
  auto [element, headDim] = GetParam();
  constexpr int64_t heads = 3;
  TestCache cache(element, heads, headDim, /*sequences=*/2,
                  /*pagesPerSequence=*/3);
  // The middle of a page, its border, and a second sequence.
  const std::vector<Place> places = {{0, 30}, {0, 31}, {0, 32}, {0, 33},
                                     {1, 0},  {1, 1},  {1, 2}};
  int64_t rows = places.size(), width = heads * headDim;
  TestTensor keys(Element::F32, rows * width),
      values(Element::F32, rows * width);
  keys.randomize(1, 3.0);
  values.randomize(2, 3.0);
  TestBatch batch(places, cache);
  runEverywhere(appendModule(cache),
                {reads(cache.pages()), reads(keys), reads(values),
                 reads(batch.batch), writes(cache.pages())},
                rows);

  TestTensor rounded(element, 1);
  auto round = [&](double v) {
    rounded.set(0, v);
    return rounded.get(0);
  };
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t i = 0; i < width; ++i) {
      int64_t head = i / headDim, d = i % headDim;
      ASSERT_EQ(cache.key(places[t], head, d), round(keys.get(t * width + i)));
      ASSERT_EQ(cache.value(places[t], head, d),
                round(values.get(t * width + i)));
    }
  int64_t written = 0;
  for (int64_t i = 0; i < cache.pages().size(); ++i)
    written += !std::isnan(cache.pages().get(i));
  EXPECT_EQ(written, 2 * rows * width);
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AppendKV,
    testing::Combine(testing::Values(Element::F32, Element::BF16, Element::F16),
                     testing::Values(2, 8, 12, 16, 36, 128)));
