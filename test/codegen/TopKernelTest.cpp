//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The best logits, against a sort: of logits in memory, of parts, and of a
/// product whose logits never are in memory.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulRunner.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace moec::test;
using testing::HasSubstr;

namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr int32_t noToken = std::numeric_limits<int32_t>::max();

struct Best {
  std::vector<double> logits;
  std::vector<double> tokens;
};

/// Sizes of a case.
struct Shape {
  int64_t vocabulary, k, part;

  int64_t parts() const { return (vocabulary + part - 1) / part; }
  std::string logits() const { return rows(vocabulary, "f32"); }
  std::string top() const { return rows(parts() * k, "f32"); }
  std::string tokens() const { return rows(parts() * k, "i32"); }
  std::string operation() const {
    return "  %t, %i = decoder.part_top %l k(" + std::to_string(k) + ") part(" +
           std::to_string(part) + ") : " + logits() + " -> " + top() + ", " +
           tokens() + "\n";
  }
  static std::string rows(int64_t width, const std::string &element) {
    return "tensor<?x" + std::to_string(width) + "x" + element + ">";
  }
};

} // namespace

/// The k best of the columns from <= c < to of a row, padded.
static void appendBest(Best &best, const std::vector<double> &row,
                       std::pair<int64_t, int64_t> columns, int64_t k) {
  std::vector<int64_t> order;
  for (int64_t c = columns.first; c < columns.second; ++c)
    order.push_back(c);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return row[a] != row[b] ? row[a] > row[b] : a < b;
  });
  for (int64_t j = 0; j < k; ++j) {
    bool exists = j < static_cast<int64_t>(order.size());
    best.logits.push_back(exists ? row[order[j]] : -inf);
    best.tokens.push_back(exists ? double(order[j]) : double(noToken));
  }
}

static Best bestOfParts(const Shape &shape,
                        const std::vector<std::vector<double>> &rows) {
  Best best;
  for (const std::vector<double> &row : rows)
    for (int64_t from = 0; from < shape.vocabulary; from += shape.part)
      appendBest(best, row,
                 {from, std::min(from + shape.part, shape.vocabulary)},
                 shape.k);
  return best;
}

static void expectBest(TestTensor &top, TestTensor &tokens, const Best &best,
                       const std::string &what) {
  for (size_t i = 0; i < best.logits.size(); ++i) {
    ASSERT_EQ(tokens.get(i), best.tokens[i]) << what << ", entry " << i;
    ASSERT_EQ(top.get(i), best.logits[i]) << what << ", entry " << i;
  }
}

/// Few values, so that ties abound; some are infinite.
static std::vector<std::vector<double>> rowsWithTies(TestTensor &logits,
                                                     int64_t width) {
  std::mt19937 random(5);
  std::vector<std::vector<double>> rows;
  for (int64_t i = 0; i < logits.size(); ++i) {
    int draw = int(random() % 40);
    logits.set(i, draw == 0 ? inf : draw < 3 ? -inf : draw / 4 - 5);
    if (i % width == 0)
      rows.emplace_back();
    rows.back().push_back(logits.get(i));
  }
  return rows;
}

//===----------------------------------------------------------------------===//
// Logits in memory
//===----------------------------------------------------------------------===//

class PartTop : public testing::TestWithParam<Shape> {};

TEST_P(PartTop, IsTheBeginOfASort) {
  Shape shape = GetParam();
  constexpr int64_t count = 5;
  TestTensor logits(Element::F32, count * shape.vocabulary),
      top(Element::F32, count * shape.parts() * shape.k),
      tokens(Element::I32, count * shape.parts() * shape.k);
  auto rows = rowsWithTies(logits, shape.vocabulary);
  KernelText kernel = {{{"%l", shape.logits()}},
                       shape.operation(),
                       {{"%t", shape.top()}, {"%i", shape.tokens()}}};
  EXPECT_EQ(runEverywhere(kernel.text(),
                          {reads(logits), writes(top), writes(tokens)}, count),
            MOERT_KERNEL_OK);
  expectBest(top, tokens, bestOfParts(shape, rows), "part_top");
}

TEST_P(PartTop, MergesToTheBeginOfASortOfAll) {
  Shape shape = GetParam();
  constexpr int64_t count = 5;
  int64_t width = shape.parts() * shape.k;
  TestTensor logits(Element::F32, count * shape.vocabulary),
      partTop(Element::F32, count * width),
      partTokens(Element::I32, count * width),
      top(Element::F32, count * shape.k), tokens(Element::I32, count * shape.k);
  auto rows = rowsWithTies(logits, shape.vocabulary);
  Best parts = bestOfParts(shape, rows), best;
  for (int64_t i = 0; i < count * width; ++i) {
    partTop.set(i, parts.logits[i]);
    partTokens.set(i, parts.tokens[i]);
  }
  for (const std::vector<double> &row : rows)
    appendBest(best, row, {0, shape.vocabulary}, shape.k);
  std::string results =
      Shape::rows(shape.k, "f32") + ", " + Shape::rows(shape.k, "i32");
  KernelText kernel = {{{"%t", shape.top()}, {"%i", shape.tokens()}},
                       "  %b, %c = decoder.merge_top %t, %i k(" +
                           std::to_string(shape.k) + ") : " + shape.top() +
                           ", " + shape.tokens() + " -> " + results + "\n",
                       {{"%b", Shape::rows(shape.k, "f32")},
                        {"%c", Shape::rows(shape.k, "i32")}}};
  runEverywhere(
      kernel.text(),
      {reads(partTop), reads(partTokens), writes(top), writes(tokens)}, count);
  expectBest(top, tokens, best, "merge_top");
}

static const Shape shapes[] = {{1, 1, 256},   {3, 3, 256},  {16, 1, 16},
                               {17, 8, 5},    {255, 2, 32}, {256, 8, 256},
                               {257, 8, 256}, {600, 4, 64}, {33, 33, 32}};
INSTANTIATE_TEST_SUITE_P(Shapes, PartTop, testing::ValuesIn(shapes));

TEST(PartTopError, NaNIsReportedAndNeverChosen) {
  Shape shape = {40, 3, 32};
  for (int64_t place : {0, 17, 31, 32, 39}) {
    TestTensor logits(Element::F32, 80), top(Element::F32, 12),
        tokens(Element::I32, 12);
    logits.fill(1);
    logits.set(40 + place, NAN);
    KernelText kernel = {{{"%l", shape.logits()}},
                         shape.operation(),
                         {{"%t", shape.top()}, {"%i", shape.tokens()}}};
    EXPECT_EQ(runEverywhere(kernel.text(),
                            {reads(logits), writes(top), writes(tokens)}, 2),
              MOERT_KERNEL_LOGIT_NAN)
        << place;
    for (int64_t i = 0; i < 12; ++i)
      EXPECT_NE(tokens.get(i), i < 6 ? -1 : double(place)) << place;
  }
}

//===----------------------------------------------------------------------===//
// Logits of a product
//===----------------------------------------------------------------------===//

/// linear and part_top.
static KernelText productTop(const Shape &shape, Element weight,
                             int64_t depth) {
  std::string x = rowsOf(depth, activationOf(weight));
  std::string w = "tensor<" + std::to_string(shape.vocabulary) + "x" +
                  std::to_string(depth) + "x" + spell(weight) +
                  ", #exec.panels<32, " + std::to_string(depthOf(weight)) +
                  ", " + std::to_string(unitOf(weight)) + ">>";
  return {{{"%x", x}, {"%w", w}},
          "  %l = decoder.linear %x, %w : " + x + ", " + w + " -> " +
              shape.logits() + "\n" + shape.operation(),
          {{"%t", shape.top()}, {"%i", shape.tokens()}}};
}

class ProductTop : public testing::TestWithParam<Element> {};

TEST_P(ProductTop, IsThatOfTheSums) {
  for (Order order : ordersOf(GetParam()))
    for (Shape shape : {Shape{330, 3, 256}, {64, 8, 32}, {33, 1, 64}}) {
      int64_t depth = 301;
      moec::test::Matrix w(GetParam(), shape.vocabulary, depth, 1);
      TestTensor panels = packPanels(w, 1);
      EveryTarget kernel(productTop(shape, GetParam(), depth).text(),
                         Machines::Cpus, order);
      for (int64_t m : {1, 7, 8, 9, 13, 64, 65, 130}) {
        moec::test::Matrix x(activationOf(GetParam()), m, depth, 2);
        std::vector<std::vector<double>> sums(m);
        for (int64_t row = 0; row < m; ++row)
          for (int64_t c = 0; c < shape.vocabulary; ++c)
            sums[row].push_back(chain(x, row, w, c, order));
        Best best = bestOfParts(shape, sums);
        TestTensor top(Element::F32, best.logits.size()),
            tokens(Element::I32, best.logits.size());
        kernel.run(
            {reads(x.elements), reads(panels), writes(top), writes(tokens)}, m,
            [&](const std::string &what, int32_t status) {
              EXPECT_EQ(status, MOERT_KERNEL_OK) << what;
              expectBest(top, tokens, best, what);
            });
      }
    }
}

TEST_P(ProductTop, ReportsNaN) {
  Shape shape = {70, 2, 32};
  moec::test::Matrix w(GetParam(), shape.vocabulary, 64, 1),
      x(activationOf(GetParam()), 20, 64, 2);
  TestTensor panels = packPanels(w, 1), top(Element::F32, 20 * 6),
             tokens(Element::I32, 20 * 6);
  x.elements.set(13 * 64 + 5, NAN);
  EveryTarget(productTop(shape, GetParam(), 64).text(), Machines::Cpus)
      .run({reads(x.elements), reads(panels), writes(top), writes(tokens)}, 20,
           [&](const std::string &what, int32_t status) {
             EXPECT_EQ(status, MOERT_KERNEL_LOGIT_NAN) << what;
             for (int64_t i = 0; i < 6; ++i)
               EXPECT_EQ(tokens.get(13 * 6 + i), noToken) << what;
           });
}

INSTANTIATE_TEST_SUITE_P(Weights, ProductTop,
                         testing::Values(Element::BF16, Element::F16,
                                         Element::F32));

TEST(ProductTopError, PartsAreWholePanels) {
  EXPECT_THAT(
      compileError(productTop({96, 2, 40}, Element::F32, 64).text()),
      HasSubstr("columns; the x86-64 kernels of products take panels of"));
}

TEST(ProductTopError, LogitsStayInside) {
  KernelText kernel = productTop({96, 2, 32}, Element::F32, 64);
  kernel.results.insert(kernel.results.begin(),
                        {"%l", Shape{96, 2, 32}.logits()});
  EXPECT_THAT(compileError(kernel.text()),
              HasSubstr("the results of products must be yielded in their "
                        "order"));
}

TEST(ProductTopError, OneProductMakesTheLogits) {
  Shape shape = {64, 2, 32};
  KernelText kernel = productTop(shape, Element::F32, 64);
  kernel.operands.push_back({"%r", shape.logits()});
  size_t at = kernel.operations.find("  %t");
  kernel.operations.insert(at, "  %s = decoder.add %r, %l : " + shape.logits() +
                                   "\n");
  kernel.operations.replace(kernel.operations.find("part_top %l"), 11,
                            "part_top %s");
  EXPECT_THAT(compileError(kernel.text()),
              HasSubstr("decoder.part_top must take one product without "
                        "experts and bias"));
}
