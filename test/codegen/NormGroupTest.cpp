//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The kernel of a sum and its norm: the bits of one kernel after the other.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/GroupChain.h"

#include <gtest/gtest.h>

using namespace moec::test;

namespace {

/// The text of the operations on rows of one width.
struct AddNorm {
  int64_t width;
  Element weight, result;

  std::string row() const { return rowsOf(width, Element::F32); }
  std::string weights() const { return vectorOf(width, weight); }
  std::string normed() const { return rowsOf(width, result); }
  std::string add() const {
    return "  %s = decoder.add %x, %d : " + row() + "\n";
  }
  std::string norm() const {
    return "  %y = decoder.rms_norm %s, %w epsilon(1.0e-05) : " + row() + ", " +
           weights() + " -> " + normed() + "\n";
  }
};

} // namespace

class AddNormGroup
    : public testing::TestWithParam<std::tuple<int64_t, Element, Element>> {};

TEST_P(AddNormGroup, HasTheBitsOfTheChain) {
  auto [width, weightType, resultType] = GetParam();
  AddNorm layer = {width, weightType, resultType};
  constexpr int64_t rows = 5;
  TestTensor x(Element::F32, rows * width), delta(Element::F32, rows * width),
      weight(weightType, width);
  x.randomize(1, 3.0);
  delta.randomize(2);
  weight.randomize(3);
  TestTensor sum = x, y(resultType, rows * width), groupSum = x, groupY = y;
  KernelText add = {{{"%x", layer.row()}, {"%d", layer.row()}},
                    layer.add(),
                    {{"%s", layer.row()}}};
  KernelText norm = {{{"%s", layer.row()}, {"%w", layer.weights()}},
                     layer.norm(),
                     {{"%y", layer.normed()}}};
  runEverywhere(add.text(), {reads(x), reads(delta), writes(sum)}, rows);
  runEverywhere(norm.text(), {reads(sum), reads(weight), writes(y)}, rows);
  KernelText group = {
      {{"%x", layer.row()}, {"%d", layer.row()}, {"%w", layer.weights()}},
      layer.add() + layer.norm(),
      {{"%y", layer.normed()}, {"%s", layer.row()}}};
  EveryTarget(group.text())
      .run({reads(x), reads(delta), reads(weight), writes(groupY),
            writes(groupSum)},
           rows, [&](const std::string &what, int32_t) {
             EXPECT_TRUE(sameBits(groupSum, sum)) << what;
             EXPECT_TRUE(sameBits(groupY, y)) << what;
           });
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, AddNormGroup,
    testing::Combine(testing::Values(1, 36, 101, 1024),
                     testing::Values(Element::F32, Element::BF16),
                     testing::Values(Element::F32, Element::BF16)));

TEST(AddNormGroupErrors, TheNormMustReadTheSum) {
  AddNorm layer = {36, Element::F32, Element::F32};
  std::string norm = layer.norm();
  norm.replace(norm.find("%s"), 2, "%x");
  KernelText kernel = {
      {{"%x", layer.row()}, {"%d", layer.row()}, {"%w", layer.weights()}},
      layer.add() + norm,
      {{"%y", layer.normed()}, {"%s", layer.row()}}};
  EXPECT_NE(compileError(kernel.text()).find("a sum that it does not read"),
            std::string::npos);
}
