//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

static std::string normModule(int64_t width, Element weight, Element result,
                              const char *epsilon = "1.0e-05") {
  std::string x = "tensor<?x" + std::to_string(width) + "xf32>";
  std::string w = "tensor<" + std::to_string(width) + "x" + spell(weight) + ">";
  std::string y =
      "tensor<?x" + std::to_string(width) + "x" + spell(result) + ">";
  return "exec.kernel @k {\n^bb0(%x: " + x + ", %w: " + w +
         "):\n  %y = decoder.rms_norm %x, %w epsilon(" + epsilon + ") : " + x +
         ", " + w + " -> " + y + "\n  exec.yield %y : " + y + "\n}\n";
}

class RMSNorm
    : public testing::TestWithParam<std::tuple<int64_t, Element, Element>> {};

TEST_P(RMSNorm, MatchesTheFormula) {
  auto [width, weightType, resultType] = GetParam();
  constexpr int64_t rows = 5;
  TestTensor x(Element::F32, rows * width), weight(weightType, width),
      y(resultType, rows * width);
  x.randomize(1, 3.0);
  weight.randomize(2);
  runEverywhere(normModule(width, weightType, resultType),
                {reads(x), reads(weight), writes(y)}, rows);
  // The sum of squares has only positive terms: 64 partial sums of width / 64
  // terms each, then a tree, are within width / 64 + 8 roundings, halved by the
  // square root; division, root and products add 5.
  double f32 = roundingError(Element::F32);
  double tolerance =
      (width / 128.0 + 9) * f32 + 1.01 * roundingError(resultType);
  for (int64_t t = 0; t < rows; ++t) {
    double squares = 0;
    for (int64_t i = 0; i < width; ++i)
      squares += x.get(t * width + i) * x.get(t * width + i);
    double inverse = 1 / std::sqrt(squares / width + 1e-5f);
    for (int64_t i = 0; i < width; ++i) {
      double expected = x.get(t * width + i) * inverse * weight.get(i);
      ASSERT_NEAR(y.get(t * width + i), expected,
                  tolerance * std::abs(expected))
          << "row " << t << ", element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, RMSNorm,
    testing::Combine(testing::Values(1, 8, 36, 46, 64, 101, 4096),
                     testing::Values(Element::F32, Element::BF16, Element::F16),
                     testing::Values(Element::F32, Element::BF16)));

TEST(RMSNormValues, GivesZerosForARowOfZeros) {
  TestTensor x(Element::F32, 40), weight(Element::F32, 40), y(Element::F32, 40);
  x.fill(0);
  weight.fill(1);
  runEverywhere(normModule(40, Element::F32, Element::F32),
                {reads(x), reads(weight), writes(y)}, 1);
  for (int64_t i = 0; i < 40; ++i)
    EXPECT_EQ(y.get(i), 0);
}

TEST(RMSNormValues, ANaNSpoilsItsRowAlone) {
  TestTensor x(Element::F32, 80), weight(Element::F32, 40), y(Element::F32, 80);
  x.randomize(1);
  x.set(3, NAN);
  weight.fill(1);
  runEverywhere(normModule(40, Element::F32, Element::F32),
                {reads(x), reads(weight), writes(y)}, 2);
  for (int64_t i = 0; i < 40; ++i) {
    EXPECT_TRUE(std::isnan(y.get(i)));
    EXPECT_TRUE(std::isfinite(y.get(40 + i)));
  }
}
