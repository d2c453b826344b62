//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The main loop of tensor copies and warpgroup products: near an exact sum at
/// every border of its tiles, the same in every order, without a race or a
/// missing wait or fence. Groups that have it are in GpuProductTest.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/ExpertsChain.h"
#include "test/codegen/GpuChain.h"
#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulCases.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace moec::test;
using testing::HasSubstr;

namespace {

/// y = x w^T for bf16, in steps of up to 512 tokens.
struct Linear {
  int64_t n, k;
  Matrix w{Element::BF16, n, k, 2};
  GpuKernel kernel{limited(text(), 512), "sm_90a"};

  std::string text() const {
    std::string x = rowsOf(k, Element::BF16), y = rowsOf(n, Element::F32);
    std::string matrix = matrixOf({n, k}, Element::BF16);
    return KernelText{{{"%x", x}, {"%w", matrix}},
                      "  %y = decoder.linear %x, %w : " + x + ", " + matrix +
                          " -> " + y + "\n",
                      {{"%y", y}}}
        .text();
  }
  TestTensor run(Matrix &x, int64_t rows, const GpuMode &mode = {}) {
    TestTensor y = nothing(Element::F32, rows * n);
    kernel.run({reads(x.elements), reads(w.elements), writes(y)}, rows, mode);
    return y;
  }
  /// An f32 sum of K terms, in whatever order.
  void expectNear(const Matrix &x, TestTensor &y, int64_t rows) const;
};

} // namespace

void Linear::expectNear(const Matrix &x, TestTensor &y, int64_t rows) const {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < n; ++c) {
      double sum = 0, size = 0;
      for (int64_t i = 0; i < k; ++i) {
        double term = double(x.at(r, i)) * w.at(c, i);
        sum += term;
        size += std::abs(term);
      }
      double error = size * double(k) * roundingError(Element::F32);
      ASSERT_NEAR(y.get(r * n + c), sum, error)
          << n << "x" << k << ", row " << r << ", column " << c;
    }
}

TEST(GpuWarpgroup, SumsWhateverTheShape) {
  // Less than a chunk of K, than a stage; fewer stages than the ring has, and
  // more; columns at the borders of a tile, and a box that reaches beyond.
  for (auto [n, k] : {std::pair<int64_t, int64_t>{1, 8},
                      {255, 72},
                      {256, 64},
                      {257, 512},
                      {40, 1096}}) {
    Linear linear{n, k};
    Matrix x(Element::BF16, 150, k, 1);
    for (int64_t rows : {1, 63, 64, 65, 128, 129, 150}) {
      TestTensor y = linear.run(x, rows);
      linear.expectNear(x, y, rows);
    }
  }
}

TEST(GpuWarpgroup, GivesTheSameBitsInEveryOrderAndNoReport) {
  for (int64_t rows : {3, 100}) {
    Linear linear{200, 640};
    Matrix x(Element::BF16, rows, 640, 1);
    TestTensor first = linear.run(x, rows);
    for (GpuMode mode : gpuModes()) {
      mode.checks = "all";
      TestTensor y = linear.run(x, rows, mode);
      EXPECT_TRUE(sameBits(values(y), values(first), rows * 200))
          << mode.name() << ", " << rows << " rows";
    }
  }
}

/// Small whole numbers, whose sums are exact in whatever order.
static TestTensor wholeNumbers(int64_t size, unsigned seed) {
  TestTensor numbers(Element::BF16, size);
  for (int64_t i = 0; i < size; ++i)
    numbers.set(i, double((i * 2654435761u + seed) % 1021 % 9) - 4);
  return numbers;
}

TEST(GpuWarpgroup, CombinesPartsOfDepth) {
  // 34 blocks of K, the last of which is not full; experts without rows, and
  // with more than a tile has.
  ProductCase how = {"parts", Element::BF16, 512, 40, 2120, "sm_90a"};
  Layer layer(how, 180);
  GpuChain chain(how);
  chain.input("h", rowsOf(layer.inner, Element::BF16),
              wholeNumbers(layer.slots() * layer.inner, 1));
  chain.input("plan", layer.plan(), layer.makePlan());
  chain.input("p", rowsOf(2, Element::F32),
              random(Element::F32, layer.slots(), 2));
  chain.input("r", rowsOf(layer.hidden, Element::F32),
              random(Element::F32, layer.tokens * layer.hidden, 3));
  layer.addDown(chain);
  chain["w2"] = wholeNumbers(layer.count * layer.hidden * layer.inner, 4);
  GpuKernel kernel(chain.group({"h", "w2", "plan", "p", "r"}, {"y"}), "sm_90a");
  EXPECT_THAT(kernel.plan().method, HasSubstr(", K in 2 parts"));
  chain.expectSameGroup({"h", "w2", "plan", "p", "r"}, {"y"}, layer.tokens);
}

TEST(GpuWarpgroup, IsChosenForManyTokensAndSaysSo) {
  Linear linear{16, 64};
  EXPECT_EQ(linear.kernel.plan().method,
            "wgmma, a ring of 4 stages by tensor copies (more than 64 tokens, "
            "and there is wgmma)");
  EXPECT_THAT(linear.kernel.ptx(), HasSubstr("wgmma.mma_async.sync.aligned."
                                             "m64n256k16.f32.bf16.bf16"));
  GpuKernel few(limited(linear.text(), 64), "sm_90a");
  EXPECT_EQ(few.plan().method,
            "mma.sync, a ring of 4 stages by cp.async (up to 64 tokens)");
  GpuKernel older(limited(linear.text(), 512), "sm_89");
  EXPECT_THAT(older.plan().method,
              HasSubstr("(more than 64 tokens, and no wgmma)"));
}
