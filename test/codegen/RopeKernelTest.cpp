//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"
#include "test/codegen/TestCache.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

static std::string ropeModule(int64_t heads, int64_t headDim,
                              const std::string &theta) {
  std::string type = "tensor<?x" + std::to_string(heads * headDim) + "xf32>";
  return "exec.kernel @k {\n^bb0(%x: " + type +
         ", %batch: !decoder.batch):\n"
         "  %y = decoder.rope %x, %batch head_dim(" +
         std::to_string(headDim) + ") theta(" + theta + ") : " + type +
         "\n  exec.yield %y : " + type + "\n}\n";
}

/// Rotates one head in double, by angles rounded to f32 as the op says.
static std::vector<double> rotate(const TestTensor &x, int64_t first,
                                  int64_t headDim, int32_t position,
                                  double theta) {
  std::vector<double> y(headDim);
  int64_t half = headDim / 2;
  for (int64_t i = 0; i < half; ++i) {
    float exponent = static_cast<float>(2 * i) / static_cast<float>(headDim);
    float power = static_cast<float>(std::pow(theta, double(exponent)));
    float angle = static_cast<float>(position) * (1.0f / power);
    double c = std::cos(double(angle)), s = std::sin(double(angle));
    double a = x.get(first + i), b = x.get(first + half + i);
    y[i] = a * c - b * s;
    y[half + i] = b * c + a * s;
  }
  return y;
}

class Rope : public testing::TestWithParam<std::tuple<int64_t, int64_t, int>> {
};

TEST_P(Rope, MatchesTheRotationInDouble) {
  auto [heads, headDim, exponent] = GetParam();
  double theta = std::pow(10.0, exponent);
  const std::vector<Place> places = {{0, 0},   {0, 1},     {1, 7},
                                     {1, 511}, {2, 32767}, {3, 999983}};
  int64_t width = heads * headDim, rows = places.size();
  TestTensor x(Element::F32, rows * width), y(Element::F32, rows * width);
  x.randomize(1, 2.0);
  TestCache cache(Element::F32, 1, 2, 1, 1);
  TestBatch batch(places, cache);
  runEverywhere(ropeModule(heads, headDim, "1.0e+0" + std::to_string(exponent)),
                {reads(x), reads(batch.batch), writes(y)}, rows);
  // Sine and cosine, a product and a fused sum: each within one rounding of
  // numbers that are at most 2 * sqrt(2).
  double tolerance = 4 * 2.9 * roundingError(Element::F32);
  for (int64_t t = 0; t < rows; ++t)
    for (int64_t h = 0; h < heads; ++h) {
      int64_t first = t * width + h * headDim;
      auto expected = rotate(x, first, headDim, places[t].position, theta);
      for (int64_t i = 0; i < headDim; ++i)
        ASSERT_NEAR(y.get(first + i), expected[i], tolerance)
            << "position " << places[t].position << ", element " << i;
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Rope,
                         testing::Combine(testing::Values(1, 3),
                                          testing::Values(2, 12, 32, 36, 128),
                                          testing::Values(4, 6)));

/// With x = (1, ..., 1, 0, ..., 0) the result is the cosines, then the sines.
TEST(RopeValues, SineAndCosineAreWithinOneUnitInTheLastPlace) {
  constexpr int64_t headDim = 64, half = headDim / 2, rows = 4096;
  std::vector<Place> places;
  for (int64_t t = 0; t < rows; ++t)
    places.push_back({0, static_cast<int32_t>(t * 251)});
  TestTensor x(Element::F32, rows * headDim), y(Element::F32, rows * headDim);
  for (int64_t i = 0; i < x.size(); ++i)
    x.set(i, i % headDim < half);
  TestCache cache(Element::F32, 1, 2, 1, 1);
  TestBatch batch(places, cache);
  runEverywhere(ropeModule(1, headDim, "1.0e+04"),
                {reads(x), reads(batch.batch), writes(y)}, rows);
  for (int64_t t = 0; t < rows; ++t) {
    auto exact = rotate(x, t * headDim, headDim, places[t].position, 1e4);
    for (int64_t i = 0; i < headDim; ++i)
      ASSERT_NEAR(y.get(t * headDim + i), exact[i],
                  1.01 * roundingError(Element::F32) * std::abs(exact[i]))
          << "position " << places[t].position << ", element " << i;
  }
}

TEST(RopeValues, PropagatesNaNToItsPairAlone) {
  TestTensor x(Element::F32, 8), y(Element::F32, 8);
  x.randomize(1);
  x.set(1, NAN);
  TestCache cache(Element::F32, 1, 2, 1, 1);
  TestBatch batch({{0, 5}}, cache);
  runEverywhere(ropeModule(1, 8, "1.0e+04"),
                {reads(x), reads(batch.batch), writes(y)}, 1);
  for (int64_t i = 0; i < 8; ++i)
    EXPECT_EQ(std::isnan(y.get(i)), i % 4 == 1) << i;
}
