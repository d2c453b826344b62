//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/AttentionCase.h"
#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

/// Runs on every target and returns what was written.
static TestTensor run(const AttentionCase &shape, TestCache &cache,
                      const std::vector<Place> &places) {
  int64_t rows = places.size();
  TestTensor queries(Element::F32, rows * shape.width()),
      y(shape.resultType, rows * shape.width());
  setQueries(queries, places, shape.width());
  TestBatch batch(places, cache);
  runEverywhere(
      shape.module(cache),
      {reads(queries), reads(cache.pages()), reads(batch.batch), writes(y)},
      rows);
  return y;
}

/// A score is a chain of head_dim products below 2, times 0.25: its error is
/// head_dim^2 / 4 roundings at most, and that of its exp relatively as large.
/// Values are at most 1 and weights add up to 1. The errors of a chain hardly
/// ever line up: half of that bound is asked for, and for the sums over
/// positions four times what a random walk of their length would give.
static double tolerance(const AttentionCase &shape) {
  double roundings =
      shape.headDim * shape.headDim / 8.0 + 4 * std::sqrt(shape.context);
  return roundings * roundingError(Element::F32) +
         roundingError(shape.resultType);
}

static void expectNear(const AttentionCase &shape, const TestCache &cache,
                       const std::vector<Place> &places, const TestTensor &y) {
  TestTensor queries(Element::F32, places.size() * shape.width());
  setQueries(queries, places, shape.width());
  shape.expectNear(cache, queries, places, y, tolerance(shape));
}

//===----------------------------------------------------------------------===//
// Against double
//===----------------------------------------------------------------------===//

class Attention : public testing::TestWithParam<AttentionCase> {};

TEST_P(Attention, MatchesTheFormulaAtEveryKindOfPosition) {
  AttentionCase shape = GetParam();
  TestCache cache(shape.cacheType, shape.kvHeads, shape.headDim, 2, 5);
  fillSequence(cache, 0, 131);
  fillSequence(cache, 1, 40);
  const std::vector<Place> places = {{0, 130}, {1, 0},  {1, 1}, {1, 31},
                                     {1, 32},  {1, 33}, {0, 64}};
  expectNear(shape, cache, places, run(shape, cache, places));
}

static std::vector<AttentionCase> shapes() {
  std::vector<AttentionCase> all;
  for (int64_t group : {1, 3, 4, 5, 8})
    all.push_back({2, group, 16});
  for (int64_t headDim : {2, 8, 12, 36, 48, 64, 128})
    all.push_back({1, 4, headDim});
  for (Element cache : {Element::BF16, Element::F16})
    for (Element result : {Element::F32, Element::BF16})
      all.push_back({2, 4, 32, cache, result});
  for (int64_t window : {1, 5, 31, 32, 33, 64, 100, 1000})
    all.push_back({1, 2, 16, Element::BF16, Element::F32, window});
  return all;
}

static std::string
shapeName(const testing::TestParamInfo<AttentionCase> &info) {
  const AttentionCase &s = info.param;
  return std::to_string(s.kvHeads) + "x" + std::to_string(s.group) + "x" +
         std::to_string(s.headDim) + "_" + spell(s.cacheType) + "_" +
         spell(s.resultType) + "_window" + std::to_string(s.window);
}

INSTANTIATE_TEST_SUITE_P(Shapes, Attention, testing::ValuesIn(shapes()),
                         shapeName);

TEST(AttentionContext, ReachesBack32768Positions) {
  constexpr int32_t length = 32768;
  AttentionCase shape = {1,     2, 8, Element::BF16, Element::F32, /*window=*/0,
                         length};
  TestCache cache(shape.cacheType, 1, 8, 1, length / MOERT_PAGE_TOKENS);
  fillSequence(cache, 0, length);
  const std::vector<Place> places = {{0, length - 1}, {0, length - 2}};
  expectNear(shape, cache, places, run(shape, cache, places));
}

//===----------------------------------------------------------------------===//
// The same bits however the tokens are split
//===----------------------------------------------------------------------===//

/// Runs one loaded kernel on the tokens [from, to) of a step.
static TestTensor runPart(const LoadedKernel &kernel,
                          const AttentionCase &shape, TestCache &cache,
                          const std::vector<Place> &all,
                          std::pair<size_t, size_t> range) {
  std::vector<Place> places(all.begin() + range.first,
                            all.begin() + range.second);
  int64_t rows = places.size();
  TestTensor queries(Element::F32, rows * shape.width()),
      y(Element::F32, rows * shape.width());
  setQueries(queries, places, shape.width());
  TestBatch batch(places, cache);
  kernel.run({queries.data(), cache.pages().data(), &batch.batch, y.data()},
             rows, 0, kernel.tasks(rows));
  return y;
}

/// All positions of one sequence and the last ones of another.
static std::vector<Place> mixedStep(TestCache &cache) {
  constexpr int32_t length = 70;
  std::vector<Place> all;
  for (int32_t s = 0; s < length; ++s)
    for (int32_t sequence : {0, 1})
      cache.randomize({sequence, s}, 5);
  for (int32_t s = 0; s < length; ++s)
    all.push_back({0, s});
  for (int32_t s = length - 10; s < length; ++s)
    all.push_back({1, s});
  return all;
}

class AttentionBits : public testing::TestWithParam<int64_t> {};

TEST_P(AttentionBits, DoNotDependOnTheRestOfTheStep) {
  AttentionCase shape = {2, 3, 20, Element::BF16, Element::F32, GetParam()};
  TestCache cache(shape.cacheType, shape.kvHeads, shape.headDim, 2, 3);
  std::vector<Place> all = mixedStep(cache);
  for (const std::string &target : runnableTargets()) {
    LoadedKernel kernel(shape.module(cache), target);
    TestTensor together = runPart(kernel, shape, cache, all, {0, all.size()});
    const char *whole = static_cast<char *>(together.data());
    for (size_t chunk : {1, 7, 32})
      for (size_t from = 0; from < all.size(); from += chunk) {
        size_t to = std::min(from + chunk, all.size());
        TestTensor part = runPart(kernel, shape, cache, all, {from, to});
        size_t offset = from * shape.width() * sizeof(float);
        ASSERT_EQ(std::memcmp(part.data(), whole + offset, part.bytes()), 0)
            << target << ", " << chunk << " tokens from token " << from;
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Windows, AttentionBits, testing::Values(0, 20));

//===----------------------------------------------------------------------===//
// Special values
//===----------------------------------------------------------------------===//

TEST(AttentionValues, OnePositionGivesItsValueExactly) {
  AttentionCase shape = {1, 4, 16};
  TestCache cache(Element::F32, 1, 16, 1, 1);
  cache.randomize({0, 0}, 5);
  TestTensor y = run(shape, cache, {{0, 0}});
  for (int64_t i = 0; i < y.size(); ++i)
    EXPECT_EQ(y.get(i), cache.value({0, 0}, 0, i % 16));
}

TEST(AttentionValues, LargeScoresDoNotOverflow) {
  AttentionCase shape = {1, 1, 8};
  TestCache cache(Element::F32, 1, 8, 1, 2);
  for (int32_t s = 0; s < 40; ++s)
    cache.randomize({0, s}, 5);
  TestTensor queries(Element::F32, 8), y(Element::F32, 8);
  queries.fill(1e6);
  TestBatch batch({{0, 39}}, cache);
  runEverywhere(
      shape.module(cache),
      {reads(queries), reads(cache.pages()), reads(batch.batch), writes(y)}, 1);
  // One weight is 1 and all others vanish.
  auto expected = shape.attend(cache, queries, 0, {0, 39}, 0);
  for (int64_t d = 0; d < 8; ++d)
    EXPECT_NEAR(y.get(d), expected[d], 1e-6);
}

TEST(AttentionValues, ANaNSpoilsItsHeadAlone) {
  AttentionCase shape = {1, 2, 8};
  TestCache cache(Element::F32, 1, 8, 1, 2);
  for (int32_t s = 0; s < 40; ++s)
    cache.randomize({0, s}, 5);
  TestTensor queries(Element::F32, 16), y(Element::F32, 16);
  queries.randomize(1);
  queries.set(3, NAN);
  TestBatch batch({{0, 39}}, cache);
  runEverywhere(
      shape.module(cache),
      {reads(queries), reads(cache.pages()), reads(batch.batch), writes(y)}, 1);
  for (int64_t d = 0; d < 16; ++d)
    EXPECT_EQ(std::isnan(y.get(d)), d < 8) << d;
}
