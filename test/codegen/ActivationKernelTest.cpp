//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

static std::string swigluModule(int64_t width, Element result) {
  std::string x = "tensor<?x" + std::to_string(width) + "xf32>";
  std::string y =
      "tensor<?x" + std::to_string(width) + "x" + spell(result) + ">";
  return "exec.kernel @k {\n^bb0(%g: " + x + ", %u: " + x +
         "):\n  %y = decoder.swiglu %g, %u : " + x + " -> " + y +
         "\n  exec.yield %y : " + y + "\n}\n";
}

class Swiglu : public testing::TestWithParam<std::tuple<int64_t, Element>> {};

TEST_P(Swiglu, MatchesTheFormula) {
  auto [width, result] = GetParam();
  constexpr int64_t rows = 4;
  TestTensor gate(Element::F32, rows * width), up(Element::F32, rows * width),
      y(result, rows * width);
  gate.randomize(1, 20.0);
  up.randomize(2, 4.0);
  runEverywhere(swigluModule(width, result),
                {reads(gate), reads(up), writes(y)}, rows);
  // exp is within 2 units in the last place (4 roundings), the sum, the
  // division and the product add one rounding each.
  double tolerance =
      8 * roundingError(Element::F32) + 1.01 * roundingError(result);
  for (int64_t i = 0; i < y.size(); ++i) {
    double g = gate.get(i), expected = g / (1 + std::exp(-g)) * up.get(i);
    ASSERT_NEAR(y.get(i), expected, tolerance * std::abs(expected)) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Swiglu,
                         testing::Combine(testing::Values(1, 16, 36, 101, 200),
                                          testing::Values(Element::F32,
                                                          Element::BF16)));

TEST(SwigluValues, IsRightFarFromZero) {
  const double gates[] = {100, 1e30, -80, -100, -1000, -1e30, 0, -0.0};
  TestTensor gate(Element::F32, 8), up(Element::F32, 8), y(Element::F32, 8);
  for (int i = 0; i < 8; ++i)
    gate.set(i, gates[i]);
  up.fill(2);
  runEverywhere(swigluModule(8, Element::F32),
                {reads(gate), reads(up), writes(y)}, 1);
  EXPECT_EQ(y.get(0), 200);
  EXPECT_EQ(y.get(1), 2 * static_cast<double>(1e30f));
  EXPECT_NEAR(y.get(2), -160 * std::exp(-80.0), 1e-6 * 160 * std::exp(-80.0));
  // Their true values are below the normal numbers of f32, or zero.
  for (int i = 3; i < 8; ++i)
    EXPECT_NEAR(y.get(i), 0, 1e-38) << i;
}

TEST(SwigluValues, PropagatesNaN) {
  TestTensor gate(Element::F32, 18), up(Element::F32, 18), y(Element::BF16, 18);
  gate.randomize(1);
  up.randomize(2);
  gate.set(0, NAN);
  up.set(17, NAN);
  runEverywhere(swigluModule(18, Element::BF16),
                {reads(gate), reads(up), writes(y)}, 1);
  for (int64_t i = 0; i < 18; ++i)
    EXPECT_EQ(std::isnan(y.get(i)), i == 0 || i == 17) << i;
}
