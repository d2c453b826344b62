//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Attention of many tokens on tensor cores: near the formula in double, with
/// the same bits in every order of warps, without a race or a missing wait.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/AttentionCase.h"
#include "test/codegen/GpuHarness.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

namespace {

std::vector<Place> operator+(std::vector<Place> a,
                             const std::vector<Place> &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// A step of two sequences.
class Step {
public:
  Step(const AttentionCase &shape, int32_t length,
       const std::vector<Place> &places)
      : shape(shape), places(places), cache(shape.fullCache(length)),
        queries(Element::F32, places.size() * shape.width()),
        y(shape.resultType, places.size() * shape.width()) {
    setQueries(queries, places, shape.width());
  }

  std::string module() const { return shape.module(cache); }
  const TestTensor &run(const GpuKernel &kernel, const GpuMode &mode) {
    TestBatch batch(places, cache);
    y.fill(NAN);
    kernel.run(
        {reads(queries), reads(cache.pages()), reads(batch.batch), writes(y)},
        places.size(), mode);
    return y;
  }
  void expectNear() const;
  /// In orders of warps that differ most, under all checks.
  void expectNearUnderChecks(const GpuKernel &kernel);

private:
  double tolerance() const;

  AttentionCase shape;
  std::vector<Place> places;
  TestCache cache;
  TestTensor queries, y;
};

} // namespace

/// Queries and weights are split into two bf16, which loses 2^-16 of them. Of
/// queries that moves a score by what it loses of head_dim products below 2,
/// times 0.25, and weights relatively as much; weights add up to 1 and values
/// are at most 1. A fourth of these bounds is asked for, as errors hardly ever
/// line up, and twice 2^-16 for f32 sums and the GPU's 2^x.
double Step::tolerance() const {
  double split = roundingError(Element::BF16) * roundingError(Element::BF16);
  double products = double(shape.headDim) * 2 * AttentionCase::scale;
  return split * (products / 4 + 2) + roundingError(shape.resultType);
}

void Step::expectNear() const {
  shape.expectNear(cache, queries, places, y, tolerance());
}

void Step::expectNearUnderChecks(const GpuKernel &kernel) {
  std::string first;
  for (GpuMode mode : {gpuModes().front(), gpuModes().back()}) {
    mode.checks = "all";
    run(kernel, mode);
    std::string bytes(static_cast<const char *>(y.data()), y.bytes());
    if (first.empty())
      first = bytes;
    EXPECT_EQ(bytes, first) << mode.name();
  }
  expectNear();
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

class GpuTensorAttention : public testing::TestWithParam<AttentionCase> {};

/// With cached positions before, so that the tile's border is not the page's.
TEST_P(GpuTensorAttention, IsNearTheFormulaForAPrompt) {
  Step step(GetParam(), 150, chunk(0, 13, 150));
  step.expectNearUnderChecks(GpuKernel(step.module(), "sm_80"));
}

/// Tiles with runs of several lengths: the end of a prompt, single tokens, and
/// a prompt that begins within a tile.
TEST_P(GpuTensorAttention, IsNearTheFormulaForAMixedStep) {
  Step step(GetParam(), 150, mixedStep());
  // With a page a step.
  step.expectNearUnderChecks(GpuKernel(step.module(), "sm_86"));
}

static std::vector<AttentionCase> cases() {
  std::vector<AttentionCase> all;
  for (int64_t group : {1, 2, 3, 5, 8, 12, 65})
    all.push_back({2, group, 16, Element::BF16});
  for (int64_t headDim : {32, 48, 64, 80, 96, 112, 128})
    all.push_back({1, 4, headDim, Element::BF16, Element::BF16});
  for (int64_t window : {1, 5, 31, 32, 33, 64, 100, 1000})
    all.push_back({1, 2, 16, Element::BF16, Element::F32, window});
  return all;
}

INSTANTIATE_TEST_SUITE_P(Shapes, GpuTensorAttention,
                         testing::ValuesIn(cases()));

//===----------------------------------------------------------------------===//
// Orders, long contexts, and when it is taken
//===----------------------------------------------------------------------===//

TEST(GpuTensorAttentionOrders, HaveTheSameBits) {
  AttentionCase shape = {1, 4, 128, Element::BF16, Element::BF16, 70};
  Step step(shape, 300, chunk(0, 200, 300) + chunk(1, 0, 41));
  GpuKernel kernel(step.module(), "sm_90a");
  std::string first;
  for (const GpuMode &mode : gpuModes()) {
    const TestTensor &y = step.run(kernel, mode);
    std::string bytes(static_cast<const char *>(TestTensor(y).data()),
                      y.bytes());
    if (first.empty())
      first = bytes;
    EXPECT_EQ(bytes, first) << mode.name();
  }
  step.expectNear();
}

TEST(GpuTensorAttentionContext, ReachesBackOverManyPages) {
  for (int64_t window : {0, 700}) {
    AttentionCase shape = {2, 4, 32, Element::BF16, Element::F32, window};
    Step step(shape, 2000, chunk(0, 1900, 2000) + chunk(1, 1990, 2000));
    step.run(GpuKernel(step.module(), "sm_80"), gpuModes().back());
    step.expectNear();
  }
}

static bool usesTensorCores(const AttentionCase &shape,
                            const std::string &target) {
  TestCache cache(shape.cacheType, shape.kvHeads, shape.headDim, 1, 1);
  return GpuKernel(shape.module(cache), target).ptx().find("mma.sync") !=
         std::string::npos;
}

TEST(GpuTensorAttentionChoice, TakesWhatItIsFor) {
  AttentionCase shape = {1, 4, 64, Element::BF16};
  for (const char *target : {"sm_80", "sm_86", "sm_90a", "sm_120a"})
    EXPECT_TRUE(usesTensorCores(shape, target)) << target;
  EXPECT_FALSE(usesTensorCores(shape, "sm_80, batch"));
  shape.maxTokens = 65;
  EXPECT_TRUE(usesTensorCores(shape, "sm_80"));
  shape.maxTokens = 64;
  EXPECT_FALSE(usesTensorCores(shape, "sm_80"));
  EXPECT_FALSE(usesTensorCores({1, 4, 64, Element::F16}, "sm_80"));
  EXPECT_FALSE(usesTensorCores({1, 4, 20, Element::BF16}, "sm_80"));
  EXPECT_FALSE(usesTensorCores({1, 4, 256, Element::BF16}, "sm_80"));
}
