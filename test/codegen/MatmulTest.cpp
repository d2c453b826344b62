//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Matrix kernels against a scalar chain of fused multiply-adds, bit for bit,
/// on every target that the CPU can run.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"
#include "test/codegen/MatmulRunner.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

using namespace moec;
using namespace moec::test;

namespace {

constexpr int64_t mostRows = 100;
const int64_t rowCounts[] = {1,  2,  3,  4,  5,  8,  11, 12,
                             13, 16, 24, 25, 37, 64, 100};

/// Memory for f32 (or anything smaller), NaN at first.
TestTensor floats(int64_t count) {
  return TestTensor(Element::F32, count).fill(NAN);
}
const float *values(TestTensor &tensor) {
  return static_cast<const float *>(tensor.data());
}

/// One matrix product on random operands: rows of x, weights, the sums wanted.
struct Case {
  MatmulText text;
  Matrix x, w;
  std::vector<float> wanted;

  Case(Element weight, int64_t n, int64_t k)
      : text{weight, n, k}, x(activationOf(weight), mostRows, k, 1),
        w(weight, n, k, 2) {
    for (int64_t row = 0; row < mostRows; ++row)
      for (int64_t column = 0; column < n; ++column)
        wanted.push_back(chain(x, row, w, column));
  }
  std::string suffix() const {
    return std::to_string(text.n) + "x" + std::to_string(text.k);
  }
  int64_t panels() const { return (text.n + 31) / 32; }
  int64_t lines() const {
    int64_t words = padded(text.k, text.weight) / unitOf(text.weight);
    return (words + 15) / 16;
  }
  /// The first `rows` rows, packed by the kernel under test.
  TestTensor packed(const KernelLibrary &library, int64_t rows) const {
    TestTensor result = floats(rows * padded(text.k, text.weight));
    TestTensor source = x.elements;
    launch(library.get("pack_" + suffix()), {source.data(), result.data()},
           rows, {0, lines()});
    return result;
  }
};

testing::AssertionResult sameBits(const float *got, const float *wanted,
                                  int64_t count) {
  for (int64_t i = 0; i < count; ++i)
    if (std::memcmp(got + i, wanted + i, sizeof(float)) != 0)
      return testing::AssertionFailure()
             << "element " << i << " is " << got[i] << ", not " << wanted[i];
  return testing::AssertionSuccess();
}

class Matmul : public testing::TestWithParam<Element> {};

std::string elementName(const testing::TestParamInfo<Element> &info) {
  return spell(info.param);
}

} // namespace

INSTANTIATE_TEST_SUITE_P(Elements, Matmul,
                         testing::Values(Element::BF16, Element::F16,
                                         Element::F32),
                         elementName);

TEST_P(Matmul, EqualsScalarChainForEveryShapeAndNumberOfRows) {
  const std::pair<int64_t, int64_t> shapes[] = {
      {1, 1}, {33, 46}, {101, 36}, {31, 101}, {64, 256}, {70, 600}, {96, 1030}};
  std::vector<Case> cases;
  std::string text;
  for (auto [n, k] : shapes) {
    const Case &c = cases.emplace_back(GetParam(), n, k);
    text += c.text.pack("pack_" + c.suffix()) +
            c.text.linear("linear_" + c.suffix());
  }
  for (const std::string &target : runnableTargets()) {
    KernelLibrary library(text, target, mostRows);
    for (const Case &c : cases)
      for (int64_t rows : rowCounts) {
        SCOPED_TRACE(target + " " + c.suffix() + " rows " +
                     std::to_string(rows));
        TestTensor x = c.packed(library, rows), w = packPanels(c.w, 1);
        TestTensor y = floats(rows * c.text.n);
        launch(library.get("linear_" + c.suffix()),
               {x.data(), w.data(), y.data()}, rows, {0, c.panels()});
        ASSERT_TRUE(sameBits(values(y), c.wanted.data(), rows * c.text.n));
      }
  }
}

TEST_P(Matmul, WritesNoColumnBeyondTheEdge) {
  Case c(GetParam(), 37, 64);
  for (const std::string &target : runnableTargets()) {
    KernelLibrary library(c.text.pack("pack_37x64") + c.text.linear("linear"),
                          target, mostRows);
    for (int64_t rows : {1, 4, 12, 30}) {
      TestTensor x = c.packed(library, rows), w = packPanels(c.w, 1);
      TestTensor y = floats(rows * 37 + 64);
      launch(library.get("linear"), {x.data(), w.data(), y.data()}, rows,
             {0, 2});
      for (int64_t i = 0; i < 64; ++i)
        EXPECT_TRUE(std::isnan(values(y)[rows * 37 + i]));
    }
  }
}

TEST_P(Matmul, RangesOfTasksMayBeCutAnywhere) {
  Case c(GetParam(), 200, 300);
  for (const std::string &target : runnableTargets()) {
    KernelLibrary library(c.text.pack("pack_200x300") + c.text.linear("linear"),
                          target, mostRows);
    for (int64_t rows : {1, 12, 100})
      for (int64_t cut : {1, 3, 6}) {
        TestTensor x = c.packed(library, rows), w = packPanels(c.w, 1);
        TestTensor y = floats(rows * 200);
        std::vector<void *> arguments = {x.data(), w.data(), y.data()};
        launch(library.get("linear"), arguments, rows, {cut, c.panels()});
        launch(library.get("linear"), arguments, rows, {0, cut});
        EXPECT_TRUE(sameBits(values(y), c.wanted.data(), rows * 200));
      }
  }
}

TEST_P(Matmul, NoRowsTouchNothing) {
  Case c(GetParam(), 40, 20);
  for (const std::string &target : runnableTargets()) {
    KernelLibrary library(c.text.linear("linear"), target, mostRows);
    launch(library.get("linear"), {nullptr, nullptr, nullptr}, 0, {0, 2});
  }
}

TEST_P(Matmul, RouterAddsItsBiasLast) {
  Case c(GetParam(), 10, 50);
  for (Element element : {Element::BF16, Element::F16, Element::F32}) {
    Matrix bias(element, 1, 10, 3);
    std::string text =
        c.text.pack("pack_10x50") + c.text.router("router", spell(element));
    for (const std::string &target : runnableTargets()) {
      KernelLibrary library(text, target, mostRows);
      for (int64_t rows : {1, 20}) {
        TestTensor x = c.packed(library, rows), w = packPanels(c.w, 1);
        TestTensor b = bias.elements, y = floats(rows * 10);
        launch(library.get("router"), {x.data(), w.data(), b.data(), y.data()},
               rows, {0, 1});
        for (int64_t i = 0; i < rows * 10; ++i)
          ASSERT_EQ(values(y)[i], c.wanted[i] + bias.values[i % 10]);
      }
    }
  }
}

//===----------------------------------------------------------------------===//
// Groups of rows
//===----------------------------------------------------------------------===//

namespace {

constexpr int64_t experts = 5;

/// Products of five experts, the rows grouped by expert.
struct GroupedCase {
  MatmulText text;
  Matrix x, w, bias;

  GroupedCase(Element weight, int64_t n, int64_t k)
      : text{weight, n, k}, x(activationOf(weight), mostRows, k, 4),
        w(weight, experts * n, k, 5), bias(Element::F32, experts, n, 6) {}

  std::string module() const {
    return text.pack("pack", "!moe.plan<5, 1>") +
           text.grouped("grouped", experts, "") +
           text.grouped("grouped_bias", experts, "f32");
  }
  int64_t panels() const { return (text.n + 31) / 32; }
  /// Result rows with the numbers of rows of each expert.
  std::vector<float> wanted(const std::vector<int64_t> &counts,
                            bool withBias) const {
    std::vector<float> result;
    int64_t row = 0;
    for (int64_t e = 0; e < experts; ++e)
      for (int64_t i = 0; i < counts[e]; ++i, ++row)
        for (int64_t n = 0; n < text.n; ++n)
          result.push_back(chain(x, row, w, e * text.n + n) +
                           (withBias ? bias.at(e, n) : 0.0f));
    return result;
  }
};

/// A launch of a case with given numbers of rows.
struct GroupedRun {
  const GroupedCase &c;
  int64_t rows = 0;
  std::vector<int32_t> offsets = {0};
  TestTensor x, packed, w, bias;

  GroupedRun(const GroupedCase &c, const std::vector<int64_t> &counts)
      : c(c), x(c.x.elements),
        packed(floats(mostRows * padded(c.text.k, c.text.weight))),
        w(packPanels(c.w, experts)), bias(c.bias.elements) {
    for (int64_t count : counts)
      offsets.push_back(rows += count);
  }
  void pack(const KernelLibrary &library) {
    int64_t words = padded(c.text.k, c.text.weight) / unitOf(c.text.weight);
    launch(library.get("pack"), {x.data(), offsets.data(), packed.data()}, rows,
           {0, (words + 15) / 16});
  }
  TestTensor run(const KernelLibrary &library, bool withBias, int64_t step) {
    TestTensor y = floats(rows * c.text.n);
    std::vector<void *> arguments = {packed.data(), w.data(), offsets.data()};
    if (withBias)
      arguments.push_back(bias.data());
    arguments.push_back(y.data());
    int64_t tasks = experts * c.panels();
    for (int64_t from = 0; from < tasks; from += step)
      launch(library.get(withBias ? "grouped_bias" : "grouped"), arguments,
             rows, {from, std::min(from + step, tasks)});
    return y;
  }
};

const std::vector<int64_t> rowsOfExperts[] = {
    {1, 0, 1, 0, 0},   {0, 0, 0, 0, 37},     {100, 0, 0, 0, 0},
    {0, 13, 0, 2, 12}, {20, 20, 20, 20, 20}, {0, 0, 1, 0, 0},
    {5, 25, 64, 1, 5},
};

} // namespace

TEST_P(Matmul, GroupedRowsMeetTheirExpertWhateverTheSplit) {
  GroupedCase c(GetParam(), 75, 300);
  std::vector<std::vector<float>> wanted;
  for (const auto &counts : rowsOfExperts)
    wanted.push_back(c.wanted(counts, false));
  for (const std::string &target : runnableTargets()) {
    KernelLibrary library(c.module(), target, mostRows);
    for (size_t i = 0; i < std::size(rowsOfExperts); ++i) {
      SCOPED_TRACE(target + " split " + std::to_string(i));
      GroupedRun run(c, rowsOfExperts[i]);
      run.pack(library);
      for (int64_t step : {1, 4, 15}) {
        TestTensor y = run.run(library, false, step);
        ASSERT_TRUE(sameBits(values(y), wanted[i].data(), wanted[i].size()));
      }
    }
  }
}

TEST_P(Matmul, GroupedRowsGetTheBiasOfTheirExpert) {
  GroupedCase c(GetParam(), 40, 24);
  std::vector<float> wanted = c.wanted({3, 0, 17, 1, 9}, true);
  for (const std::string &target : runnableTargets()) {
    KernelLibrary library(c.module(), target, mostRows);
    GroupedRun run(c, {3, 0, 17, 1, 9});
    run.pack(library);
    TestTensor y = run.run(library, true, 4);
    EXPECT_TRUE(sameBits(values(y), wanted.data(), wanted.size()));
  }
}
