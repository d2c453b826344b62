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
#include "test/codegen/MatmulCases.h"

#include <cmath>
#include <cstring>

using namespace moec::test;

namespace {

const int64_t rowCounts[] = {1,  2,  3,  4,  5,  8,  11, 12,
                             13, 16, 24, 25, 37, 64, 100};

/// One product on random operands: rows of x, weights, the sums wanted.
struct Product {
  MatmulText text;
  Matrix x, w;
  TestTensor panels;
  std::vector<float> wanted;

  Product(Element weight, std::pair<int64_t, int64_t> shape,
          Order order = Order::Chain)
      : text{weight, shape.first, shape.second, order},
        x(activationOf(weight), mostRows, text.k, 1),
        w(weight, text.n, text.k, 2), panels(packPanels(w, 1)) {
    for (int64_t row = 0; row < mostRows; ++row)
      for (int64_t column = 0; column < text.n; ++column)
        wanted.push_back(chain(x, row, w, column, order));
  }
  /// The first `rows` rows, packed by the kernel under test where products want
  /// that.
  TestTensor packed(const KernelLibrary &library, int64_t rows) const {
    if (text.order == Order::Tiles)
      return x.elements;
    TestTensor result = floats(rows * padded(text.k, text.weight));
    TestTensor source = x.elements;
    launch(library.get("pack" + text.suffix()), {source.data(), result.data()},
           rows, {0, text.lines()});
    return result;
  }
};

class Matmul : public WeightElement {};

} // namespace

INSTANTIATE_TEST_SUITE_P(Weights, Matmul,
                         testing::Values(Element::BF16, Element::F16,
                                         Element::F32),
                         elementName);

TEST_P(Matmul, EqualsScalarChainForEveryShapeAndNumberOfRows) {
  for (auto shape : linearShapes)
    for (Order order : ordersOf(GetParam())) {
      Product c(GetParam(), shape, order);
      for (const std::string &target : runnableTargets(order)) {
        const KernelLibrary &library = matmulLibrary(GetParam(), target);
        for (int64_t rows : rowCounts) {
          SCOPED_TRACE(target + c.text.suffix() + " rows " +
                       std::to_string(rows));
          TestTensor x = c.packed(library, rows);
          TestTensor y = floats(rows * c.text.n);
          launch(library.get("linear" + c.text.suffix()),
                 {x.data(), c.panels.data(), y.data()}, rows,
                 {0, c.text.panels()});
          ASSERT_TRUE(sameBits(values(y), c.wanted.data(), rows * c.text.n));
        }
      }
    }
}

TEST_P(Matmul, WritesNoColumnBeyondTheEdge) {
  for (Order order : ordersOf(GetParam())) {
    Product c(GetParam(), {33, 46}, order);
    for (const std::string &target : runnableTargets(order)) {
      const KernelLibrary &library = matmulLibrary(GetParam(), target);
      for (int64_t rows : {1, 4, 12, 30}) {
        TestTensor x = c.packed(library, rows), y = floats(rows * 33 + 64);
        launch(library.get("linear_33x46"),
               {x.data(), c.panels.data(), y.data()}, rows, {0, 2});
        for (int64_t i = 0; i < 64; ++i)
          EXPECT_TRUE(std::isnan(values(y)[rows * 33 + i]));
      }
    }
  }
}

TEST_P(Matmul, RangesOfTasksMayBeCutAnywhere) {
  for (Order order : ordersOf(GetParam())) {
    Product c(GetParam(), {200, 300}, order);
    moert_kernel kernel;
    for (const std::string &target : runnableTargets(order)) {
      const KernelLibrary &library = matmulLibrary(GetParam(), target);
      kernel = library.get("linear_200x300");
      for (int64_t rows : {1, 12, 100})
        for (int64_t cut : {1, 3, 6}) {
          TestTensor x = c.packed(library, rows), y = floats(rows * 200);
          std::vector<void *> arguments = {x.data(), c.panels.data(), y.data()};
          launch(kernel, arguments, rows, {cut, 7});
          launch(kernel, arguments, rows, {0, cut});
          EXPECT_TRUE(sameBits(values(y), c.wanted.data(), rows * 200));
        }
    }
  }
}

TEST_P(Matmul, PackingMayBeCutAnywhere) {
  Product c(GetParam(), {96, 1030});
  for (const std::string &target : runnableTargets()) {
    const KernelLibrary &library = matmulLibrary(GetParam(), target);
    for (int64_t rows : {1, 30}) {
      TestTensor whole = c.packed(library, rows), source = c.x.elements;
      TestTensor parts = floats(rows * padded(1030, GetParam()));
      for (int64_t line = c.text.lines(); line-- > 0;)
        launch(library.get("pack_96x1030"), {source.data(), parts.data()}, rows,
               {line, line + 1});
      EXPECT_EQ(std::memcmp(whole.data(), parts.data(), whole.bytes()), 0);
    }
  }
}

TEST_P(Matmul, NoRowsTouchNothing) {
  for (Order order : ordersOf(GetParam()))
    for (const std::string &target : runnableTargets(order))
      launch(matmulLibrary(GetParam(), target).get("linear_64x256"),
             {nullptr, nullptr, nullptr}, 0, {0, 2});
}

TEST_P(Matmul, RouterEqualsScalarChain) {
  Product c(GetParam(), routerShape);
  for (const std::string &target : runnableTargets()) {
    const KernelLibrary &library = matmulLibrary(GetParam(), target);
    for (int64_t rows : {1, 20}) {
      TestTensor x = c.packed(library, rows), y = floats(rows * 10);
      launch(library.get("router_10x50"), {x.data(), c.panels.data(), y.data()},
             rows, {0, 1});
      EXPECT_TRUE(sameBits(values(y), c.wanted.data(), rows * 10));
    }
  }
}

TEST_P(Matmul, RouterAddsItsBiasLast) {
  Product c(GetParam(), routerShape);
  Matrix bias(GetParam(), 1, 10, 3);
  for (const std::string &target : runnableTargets()) {
    const KernelLibrary &library = matmulLibrary(GetParam(), target);
    TestTensor x = c.packed(library, 20), y = floats(20 * 10);
    TestTensor b = bias.elements;
    launch(library.get("router_" + spell(GetParam()) + "_10x50"),
           {x.data(), c.panels.data(), b.data(), y.data()}, 20, {0, 1});
    for (int64_t i = 0; i < 200; ++i)
      ASSERT_EQ(values(y)[i], c.wanted[i] + bias.values[i % 10]);
  }
}
