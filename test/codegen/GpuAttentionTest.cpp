//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Attention on a GPU: the bits of the CPU's kernel, whether a block has a
/// class of a token's pages, a token or a tile of them, in every order of
/// warps. AttentionKernelTest compares the CPU's with the formula.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/AttentionCase.h"
#include "test/codegen/GpuHarness.h"

#include <gtest/gtest.h>

#include <map>

using namespace moec::test;

namespace {

/// The CPU's, compiled once.
const LoadedKernel &kernelOf(const std::string &module) {
  static std::map<std::string, std::unique_ptr<LoadedKernel>> all;
  std::unique_ptr<LoadedKernel> &kernel = all[module];
  if (!kernel)
    kernel = std::make_unique<LoadedKernel>(module, runnableTargets().front());
  return *kernel;
}

/// A step and its results on a CPU.
class Step {
public:
  Step(const AttentionCase &shape, TestCache &cache,
       const std::vector<Place> &places)
      : shape(shape), cache(cache), places(places),
        queries(Element::F32, places.size() * shape.width()),
        expected(shape.resultType, places.size() * shape.width()),
        module(shape.module(cache)) {
    setQueries(queries, places, shape.width());
    const LoadedKernel &kernel = kernelOf(module);
    TestBatch batch(places, cache);
    kernel.run(
        {queries.data(), cache.pages().data(), &batch.batch, expected.data()},
        tokens(), 0, kernel.tasks(tokens()));
  }

  int64_t tokens() const { return places.size(); }
  void expectSame(const GpuKernel &kernel, const GpuMode &mode) {
    TestBatch batch(places, cache);
    TestTensor y = expected;
    y.fill(NAN);
    kernel.run(
        {reads(queries), reads(cache.pages()), reads(batch.batch), writes(y)},
        tokens(), mode);
    for (int64_t i = 0; i < y.size(); ++i)
      ASSERT_EQ(y.get(i), expected.get(i))
          << mode.name() << ": token " << i / shape.width() << ", element "
          << i % shape.width();
  }

  AttentionCase shape;
  TestCache &cache;
  std::vector<Place> places;
  TestTensor queries, expected;
  std::string module;
};

/// The first mode and the last, under all checks.
std::vector<GpuMode> checkedModes() {
  std::vector<GpuMode> modes = {gpuModes().front(), gpuModes().back()};
  for (GpuMode &mode : modes)
    mode.checks = "all";
  return modes;
}

} // namespace

class GpuAttention : public testing::TestWithParam<AttentionCase> {};

TEST_P(GpuAttention, HasTheBitsOfTheCpuForTilesOfAPrompt) {
  AttentionCase shape = GetParam();
  TestCache cache = shape.fullCache(110);
  Step step(shape, cache, chunk(0, 0, 110));
  GpuKernel kernel(step.module, "sm_80, batch");
  for (const GpuMode &mode : checkedModes())
    step.expectSame(kernel, mode);
  // With less shared memory.
  GpuKernel small(step.module, "sm_86, batch");
  if (small.plan().sharedBytes != kernel.plan().sharedBytes)
    step.expectSame(small, gpuModes().back());
}

static void expectSame(Step &step, const std::string &target,
                       const std::vector<GpuMode> &modes) {
  GpuKernel kernel(step.module, target);
  for (const GpuMode &mode : modes)
    step.expectSame(kernel, mode);
}

/// The only class of pages, and several of them; neighbours.
static void expectFewTokens(AttentionCase shape,
                            const std::vector<GpuMode> &modes) {
  TestCache cache = shape.fullCache(300);
  std::vector<Place> places = {{0, 0}, {1, 40}, {0, 127}, {1, 128}, {0, 299}};
  for (Place place : chunk(1, 250, 253))
    places.push_back(place);
  shape.maxTokens = 8;
  Step step(shape, cache, places);
  expectSame(step, "sm_80", modes);
}

TEST_P(GpuAttention, HasTheBitsOfTheCpuForFewTokens) {
  expectFewTokens(GetParam(), checkedModes());
}

static void expectMixedStep(const AttentionCase &shape,
                            const std::vector<GpuMode> &modes) {
  TestCache cache = shape.fullCache(150);
  Step step(shape, cache, mixedStep());
  expectSame(step, "sm_80, batch", modes);
}

TEST_P(GpuAttention, HasTheBitsOfTheCpuForAMixedStep) {
  expectMixedStep(GetParam(), checkedModes());
}

TEST(GpuAttentionOrders, HaveTheBitsOfTheCpu) {
  for (const AttentionCase &shape :
       {AttentionCase{2, 3, 16, Element::BF16},
        {1, 4, 128, Element::BF16, Element::BF16},
        {1, 9, 33, Element::F32, Element::F32, 33}}) {
    expectFewTokens(shape, gpuModes());
    expectMixedStep(shape, gpuModes());
  }
}

static std::vector<AttentionCase> cases() {
  std::vector<AttentionCase> all;
  for (int64_t group : {1, 2, 3, 4, 5, 8, 9, 12})
    all.push_back({2, group, 16, Element::BF16});
  for (int64_t headDim : {1, 2, 7, 20, 33, 64, 96, 128, 256})
    all.push_back({1, 4, headDim, Element::BF16});
  for (Element cache : {Element::F32, Element::F16})
    all.push_back({1, 2, 64, cache, Element::BF16});
  for (int64_t window : {1, 5, 31, 32, 33, 64, 100, 1000})
    all.push_back({1, 2, 16, Element::BF16, Element::F32, window});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Shapes, GpuAttention, testing::ValuesIn(cases()));

//===----------------------------------------------------------------------===//
// Long contexts
//===----------------------------------------------------------------------===//

/// All classes of pages have several segments.
class GpuAttentionContext : public testing::TestWithParam<int64_t> {};

TEST_P(GpuAttentionContext, ReachesBackOverSeveralTurnsOfTheClasses) {
  AttentionCase shape = {1, 4, 8, Element::BF16, Element::F32, GetParam()};
  constexpr int32_t length = 9000;
  TestCache cache = shape.fullCache(length);
  std::vector<Place> places = {
      {0, length - 1}, {1, 4095}, {0, 4096}, {1, 4200}};
  Step tile(shape, cache, chunk(1, length - 20, length));
  Step alone(shape, cache, places);
  GpuKernel kernel(alone.module, "sm_80, batch");
  for (const GpuMode &mode : {gpuModes().front(), gpuModes().back()}) {
    alone.expectSame(kernel, mode);
    tile.expectSame(kernel, mode);
  }
  shape.maxTokens = 8;
  Step few(shape, cache, places);
  GpuKernel dealt(few.module, "sm_80");
  for (const GpuMode &mode : gpuModes())
    few.expectSame(dealt, mode);
  for (const GpuMode &mode : checkedModes())
    few.expectSame(dealt, mode);
}

INSTANTIATE_TEST_SUITE_P(Windows, GpuAttentionContext,
                         testing::Values(0, 50, 130, 4096, 4200));

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

TEST(GpuAttentionSizes, PagesThatDoNotFitOnChipAreReadWhereTheyAre) {
  AttentionCase shape = {1, 2, 256, Element::F32};
  TestCache cache = shape.fullCache(70);
  Step step(shape, cache, chunk(0, 30, 70));
  GpuKernel kernel(step.module, "sm_86");
  EXPECT_EQ(kernel.ptx().find("cp.async"), std::string::npos);
  EXPECT_NE(GpuKernel(step.module, "sm_90a").ptx().find("cp.async"),
            std::string::npos);
  for (const GpuMode &mode : checkedModes())
    step.expectSame(kernel, mode);
  shape.maxTokens = 64;
  Step few(shape, cache, chunk(0, 30, 70));
  GpuKernel dealt(few.module, "sm_86");
  EXPECT_NE(dealt.ptx().find("cp.async"), std::string::npos)
      << "a block with one warp brings a page at a time";
  for (const GpuMode &mode : checkedModes())
    few.expectSame(dealt, mode);
}

TEST(GpuAttentionSizes, SharedMemoryIsWithinWhatTheGpuHas) {
  AttentionCase shape = {8, 4, 128, Element::BF16};
  TestCache cache(shape.cacheType, 8, 128, 1, 1);
  for (auto [target, most] : {std::pair("sm_80", 163),
                              {"sm_86", 99},
                              {"sm_90a", 227},
                              {"sm_120a", 99}})
    EXPECT_LE(GpuKernel(shape.module(cache), target).plan().sharedBytes,
              most * 1024)
        << target;
}
