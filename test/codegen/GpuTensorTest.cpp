//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Main loops on tensor cores: near an exact sum, and of the same bits in each
/// regime, whatever other rows there are.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/GpuChain.h"
#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulCases.h"

#include <cmath>

using namespace moec;
using namespace moec::test;

namespace {

/// y = x w^T for bf16.
struct Linear {
  int64_t n, k;
  test::Matrix w{Element::BF16, n, k, 2};

  std::string text() const {
    std::string x = rowsOf(k, Element::BF16), y = rowsOf(n, Element::F32);
    std::string matrix = matrixOf({n, k}, Element::BF16);
    return KernelText{{{"%x", x}, {"%w", matrix}},
                      "  %y = decoder.linear %x, %w : " + x + ", " + matrix +
                          " -> " + y + "\n",
                      {{"%y", y}}}
        .text();
  }
  TestTensor run(test::Matrix &x, int64_t rows, int64_t maxTokens) {
    TestTensor y = nothing(Element::F32, rows * n);
    GpuKernel(limited(text(), maxTokens), "sm_80")
        .run({reads(x.elements), reads(w.elements), writes(y)}, rows);
    return y;
  }
};

} // namespace

/// An f32 sum of `count` terms, in whatever order.
static void expectNear(const test::Matrix &x, const Linear &linear,
                       TestTensor &y, int64_t rows) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < linear.n; ++c) {
      double sum = 0, size = 0;
      for (int64_t k = 0; k < linear.k; ++k) {
        double term = double(x.at(r, k)) * linear.w.at(c, k);
        sum += term;
        size += std::abs(term);
      }
      double error = size * double(linear.k) * roundingError(Element::F32);
      ASSERT_NEAR(y.get(r * linear.n + c), sum, error)
          << linear.n << "x" << linear.k << ", row " << r << ", column " << c;
    }
}

TEST(GpuTensor, GivesTheSameBitsInEachRegime) {
  constexpr int64_t rows = 150;
  for (auto [n, k] : {std::pair<int64_t, int64_t>{1, 8},
                      {33, 72},
                      {130, 512},
                      {40, 1096},
                      {200, 640}}) {
    Linear linear{n, k};
    test::Matrix x(Element::BF16, rows, k, 1);
    TestTensor all = linear.run(x, rows, 512);
    expectNear(x, linear, all, rows);
    for (int64_t tokens : {1, 5, 8, 11, 16, 33, 64, 100}) {
      TestTensor some = linear.run(x, tokens, tokens);
      EXPECT_TRUE(sameBits(values(some), values(all), tokens * n))
          << n << "x" << k << ", " << tokens << " tokens";
    }
  }
}
