//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The kernels that look rows up, choose and add them, and the table of
/// builders.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

//===----------------------------------------------------------------------===//
// decoder.embed
//===----------------------------------------------------------------------===//

static std::string embedModule(int64_t vocabulary, int64_t width,
                               Element element) {
  std::string table = "tensor<" + std::to_string(vocabulary) + "x" +
                      std::to_string(width) + "x" + spell(element) + ">";
  std::string y = "tensor<?x" + std::to_string(width) + "xf32>";
  return "exec.kernel @k {\n^bb0(%tokens: tensor<?xi32>, %table: " + table +
         "):\n  %y = decoder.embed %tokens, %table : tensor<?xi32>, " + table +
         " -> " + y + "\n  exec.yield %y : " + y + "\n}\n";
}

class Embed : public testing::TestWithParam<std::tuple<Element, int64_t>> {};

TEST_P(Embed, CopiesTheRowOfEachTokenExactly) {
  auto [element, width] = GetParam();
  constexpr int64_t vocabulary = 9;
  const int tokens[] = {8, 0, 3, 3, 7};
  TestTensor ids(Element::I32, 5), table(element, vocabulary * width),
      y(Element::F32, 5 * width);
  table.randomize(1, 100.0);
  for (int t = 0; t < 5; ++t)
    ids.set(t, tokens[t]);
  runEverywhere(embedModule(vocabulary, width, element),
                {reads(ids), reads(table), writes(y)}, 5);
  for (int64_t i = 0; i < y.size(); ++i)
    ASSERT_EQ(y.get(i), table.get(tokens[i / width] * width + i % width)) << i;
}

INSTANTIATE_TEST_SUITE_P(
    Shapes, Embed,
    testing::Combine(testing::Values(Element::F32, Element::BF16, Element::F16),
                     testing::Values(1, 16, 36, 101)));

TEST(EmbedValues, KeepsInfinityNaNAndDenormals) {
  for (Element element : {Element::F32, Element::BF16, Element::F16}) {
    TestTensor ids(Element::I32, 1), table(element, 20), y(Element::F32, 20);
    table.randomize(2);
    table.set(0, INFINITY);
    table.set(17, -INFINITY);
    table.set(1, NAN);
    table.set(2, element == Element::F16 ? std::ldexp(1.0, -24)
                                         : std::ldexp(1.0, -130));
    ids.set(0, 0);
    runEverywhere(embedModule(1, 20, element),
                  {reads(ids), reads(table), writes(y)}, 1);
    EXPECT_EQ(y.get(0), INFINITY);
    EXPECT_EQ(y.get(17), -INFINITY);
    EXPECT_TRUE(std::isnan(y.get(1)));
    EXPECT_EQ(y.get(2), table.get(2));
    EXPECT_GT(y.get(2), 0);
  }
}

//===----------------------------------------------------------------------===//
// decoder.select_rows and decoder.add
//===----------------------------------------------------------------------===//

static std::string rowType(int64_t width) {
  return "tensor<?x" + std::to_string(width) + "xf32>";
}

TEST(SelectRows, CopiesRowsInTheOrderAskedFor) {
  for (int64_t width : {1, 16, 46, 101}) {
    std::string type = rowType(width);
    std::string module = "exec.kernel @k {\n^bb0(%x: " + type +
                         ", %rows: tensor<?xi32>):\n"
                         "  %y = decoder.select_rows %x, %rows : " +
                         type + ", tensor<?xi32> -> " + type +
                         "\n  exec.yield %y : " + type + "\n}\n";
    TestTensor x(Element::F32, 6 * width), rows(Element::I32, 4),
        y(Element::F32, 4 * width);
    x.randomize(3);
    const int chosen[] = {5, 0, 5, 2};
    for (int r = 0; r < 4; ++r)
      rows.set(r, chosen[r]);
    runEverywhere(module, {reads(x), reads(rows), writes(y)}, 4);
    for (int64_t i = 0; i < y.size(); ++i)
      ASSERT_EQ(y.get(i), x.get(chosen[i / width] * width + i % width));
  }
}

TEST(Add, RoundsEachSumOnce) {
  for (int64_t width : {1, 16, 46, 101}) {
    std::string type = rowType(width);
    std::string module = "exec.kernel @k {\n^bb0(%x: " + type +
                         ", %delta: " + type +
                         "):\n  %y = decoder.add %x, %delta : " + type +
                         "\n  exec.yield %y : " + type + "\n}\n";
    TestTensor x(Element::F32, 7 * width), delta(Element::F32, 7 * width),
        y(Element::F32, 7 * width);
    x.randomize(4);
    delta.randomize(5, 1e-3);
    runEverywhere(module, {reads(x), reads(delta), writes(y)}, 7);
    for (int64_t i = 0; i < y.size(); ++i)
      ASSERT_EQ(y.get(i), static_cast<float>(x.get(i) + delta.get(i)));
  }
}

//===----------------------------------------------------------------------===//
// The table of builders
//===----------------------------------------------------------------------===//

TEST(KernelTable, NamesTheOperationsThatNoBuilderIsFor) {
  std::string error = compileError(R"mlir(
    exec.kernel @two_adds {
    ^bb0(%x: tensor<?x8xf32>, %delta: tensor<?x8xf32>):
      %y = decoder.add %x, %delta : tensor<?x8xf32>
      %z = decoder.add %y, %delta : tensor<?x8xf32>
      exec.yield %z : tensor<?x8xf32>
    })mlir");
  EXPECT_NE(error.find("no kernel builder for decoder.add, decoder.add"),
            std::string::npos)
      << error;
}

TEST(KernelTable, RefusesALayoutThatTheKernelCannotRead) {
  std::string error = compileError(R"mlir(
    exec.kernel @packed {
    ^bb0(%x: tensor<?x8xf32, #exec.row_blocks<12, 256, 4>>):
      %y = decoder.add %x, %x : tensor<?x8xf32, #exec.row_blocks<12, 256, 4>>
      exec.yield %y : tensor<?x8xf32, #exec.row_blocks<12, 256, 4>>
    })mlir");
  EXPECT_NE(error.find("row-major"), std::string::npos) << error;
}

TEST(KernelTable, RefusesRowsOfUnknownLength) {
  std::string error = compileError(R"mlir(
    exec.kernel @dynamic {
    ^bb0(%x: tensor<?x?xf32>):
      %y = decoder.add %x, %x : tensor<?x?xf32>
      exec.yield %y : tensor<?x?xf32>
    })mlir");
  EXPECT_NE(error.find("static rows only, got 'tensor<?x?xf32>'"),
            std::string::npos)
      << error;
}

TEST(KernelTable, RefusesAResultThatIsNotYielded) {
  std::string error = compileError(R"mlir(
    exec.kernel @half {
    ^bb0(%logits: tensor<?x8xf32>):
      %e, %w = moe.top_k %logits k(2) score(softmax) renormalize
          : tensor<?x8xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
      exec.yield %e : tensor<?x2xi32>
    })mlir");
  EXPECT_NE(error.find("does not yield"), std::string::npos) << error;
}
