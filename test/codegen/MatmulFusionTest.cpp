//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Matrix kernels of several operations: the same bits as one operation after
/// the other.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"
#include "test/codegen/MatmulCases.h"
#include "test/codegen/MatmulFusions.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace moec::test;
using testing::HasSubstr;

namespace {

constexpr int64_t experts = 5, choices = 2;
using Floats = std::vector<float>;

/// The sums of a product, by an order that kernels promise.
Floats product(const Matrix &x, const Matrix &w, Order order) {
  Floats sums;
  for (int64_t row = 0; row < x.rows; ++row)
    for (int64_t n = 0; n < w.rows; ++n)
      sums.push_back(chain(x, row, w, n, order));
  return sums;
}

/// silu(gate) * up by the kernel that computes nothing else.
TestTensor gated(const Floats &gate, const Floats &up, Element element) {
  static LoadedKernel kernels[] = {{swigluText(Element::F32), "x86-64-v3"},
                                   {swigluText(Element::BF16), "x86-64-v3"}};
  Floats g = gate, u = up;
  TestTensor y(element, int64_t(g.size()));
  kernels[element == Element::BF16].run(
      {g.data(), u.data(), y.data()}, int64_t(g.size()), 0, int64_t(g.size()));
  return y;
}

/// Where the slots of tokens are computed.
struct Plan {
  std::vector<int32_t> arrays; ///< as runtime/abi/Kernel.h says
  std::vector<int64_t> expertOfRow, slotOfRow;

  /// `expertOf` tells the expert of a slot.
  Plan(int64_t tokens, int64_t (*expertOf)(int64_t)) : arrays(experts + 1) {
    std::vector<int32_t> rowOfSlot(tokens * choices);
    for (int64_t e = 0; e < experts; ++e) {
      for (int64_t slot = 0; slot < tokens * choices; ++slot)
        if (expertOf(slot) == e) {
          rowOfSlot[slot] = int32_t(slotOfRow.size());
          slotOfRow.push_back(slot);
          expertOfRow.push_back(e);
        }
      arrays[e + 1] = int32_t(slotOfRow.size());
    }
    arrays.insert(arrays.end(), slotOfRow.begin(), slotOfRow.end());
    arrays.insert(arrays.end(), rowOfSlot.begin(), rowOfSlot.end());
  }
};

int64_t evenly(int64_t slot) { return slot * 7 % experts; }
int64_t toOne(int64_t) { return 3; }
int64_t withEmptyExperts(int64_t slot) { return slot % 5 ? 4 : 1; }

/// Runs the kernel on each target of an order in ranges of 1, 3 and all tasks.
template <typename Check>
void onEveryTarget(Order order, const FusedKernel &kernel,
                   std::vector<void *> arguments, TestTensor &result,
                   int64_t rows, Check check) {
  arguments.push_back(result.data());
  for (const std::string &target : runnableTargets(order)) {
    const LoadedKernel *code = kernel.targets.at(target).get();
    for (int64_t cut : {int64_t(1), int64_t(3), code->tasks(rows)}) {
      SCOPED_TRACE(target + ", " + std::to_string(rows) +
                   " rows, in ranges of " + std::to_string(cut));
      result.fill(NAN);
      code->runInRanges(arguments, rows, cut);
      ASSERT_TRUE(check());
    }
  }
}

/// Tests with the element of weights and an order of its sums as parameters.
class MatmulFusion : public testing::TestWithParam<std::pair<Element, Order>> {
protected:
  Element weight = GetParam().first, activation = activationOf(weight);
  Order order = GetParam().second;

  void SetUp() override {
    if (runnableTargets(order).empty())
      GTEST_SKIP() << "this CPU has no AVX-512";
  }
};

} // namespace

INSTANTIATE_TEST_SUITE_P(Weights, MatmulFusion,
                         testing::Values(std::pair(Element::BF16, Order::Chain),
                                         std::pair(Element::BF16, Order::Tiles),
                                         std::pair(Element::F16, Order::Chain),
                                         std::pair(Element::F32, Order::Chain)),
                         [](const auto &info) {
                           return spell(info.param.first) +
                                  (info.param.second == Order::Tiles ? "_tiles"
                                                                     : "");
                         });

TEST_P(MatmulFusion, AddsTheResidual) {
  for (std::pair<int64_t, int64_t> shape : {std::pair(70, 601), {33, 46}}) {
    int64_t n = shape.first, k = shape.second;
    FusedKernel kernel(linearAddText({weight, n, k}));
    Matrix w(weight, n, k, 1);
    TestTensor panels = packPanels(w, 1);
    for (int64_t m : {1, 7, 8, 9, 12, 13, 63, 64, 65, 100}) {
      Matrix x(activation, m, k, 2), residual(Element::F32, m, n, 3);
      Floats wanted = product(x, w, order);
      for (int64_t i = 0; i < m * n; ++i)
        wanted[i] = residual.values[i] + wanted[i];
      TestTensor y = floats(m * n);
      onEveryTarget(
          order, kernel,
          {x.elements.data(), panels.data(), residual.elements.data()}, y, m,
          [&] { return sameBits(values(y), wanted.data(), m * n); });
    }
  }
}

TEST_P(MatmulFusion, GatesTheProductOfTwoMatrices) {
  int64_t n = 75, k = 531;
  FusedKernel kernel(gateUpText({weight, n, k}, 0));
  Matrix gate(weight, n, k, 1), up(weight, n, k, 2);
  TestTensor gatePanels = packPanels(gate, 1), upPanels = packPanels(up, 1);
  for (int64_t m : {1, 2, 5, 6, 7, 8, 9, 12, 13, 64, 65, 100}) {
    Matrix x(activation, m, k, 3);
    TestTensor wanted =
        gated(product(x, gate, order), product(x, up, order), activation);
    TestTensor h(activation, m * n);
    onEveryTarget(order, kernel,
                  {x.elements.data(), gatePanels.data(), upPanels.data()}, h, m,
                  [&] { return sameBytes(h, wanted); });
  }
}

TEST_P(MatmulFusion, GathersTheTokensOfExperts) {
  int64_t n = 75, k = 301;
  FusedKernel kernel(gateUpText({weight, n, k}, experts));
  Matrix gate(weight, experts * n, k, 1), up(weight, experts * n, k, 2);
  TestTensor gatePanels = packPanels(gate, experts),
             upPanels = packPanels(up, experts);
  for (auto expertOf : {evenly, toOne, withEmptyExperts})
    for (int64_t tokens : {1, 8, 9, 64, 130}) {
      Plan plan(tokens, expertOf);
      Matrix x(activation, tokens, k, 3);
      Floats g, u;
      int64_t rows = tokens * choices;
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t c = 0; c < n; ++c) {
          int64_t token = plan.slotOfRow[row] / choices;
          int64_t column = plan.expertOfRow[row] * n + c;
          g.push_back(chain(x, token, gate, column, order));
          u.push_back(chain(x, token, up, column, order));
        }
      TestTensor wanted = gated(g, u, activation), h(activation, rows * n);
      onEveryTarget(order, kernel,
                    {x.elements.data(), plan.arrays.data(), gatePanels.data(),
                     upPanels.data()},
                    h, rows, [&] { return sameBytes(h, wanted); });
    }
}

TEST_P(MatmulFusion, CombinesExpertsInTheOrderOfChoices) {
  int64_t n = 301, k = 75;
  FusedKernel kernel(downText({weight, n, k}, experts));
  Matrix w(weight, experts * n, k, 1);
  TestTensor panels = packPanels(w, experts);
  for (auto expertOf : {evenly, toOne, withEmptyExperts})
    for (int64_t tokens : {1, 8, 9, 64, 130}) {
      Plan plan(tokens, expertOf);
      int64_t rows = tokens * choices;
      Matrix h(activation, rows, k, 3), residual(Element::F32, tokens, n, 4),
          weights(Element::F32, tokens, choices, 5);
      const int32_t *rowOfSlot = plan.arrays.data() + experts + 1 + rows;
      Floats wanted;
      for (int64_t t = 0; t < tokens; ++t)
        for (int64_t c = 0; c < n; ++c) {
          float sum = 0;
          for (int64_t j = 0; j < choices; ++j) {
            int64_t row = rowOfSlot[t * choices + j];
            float y = chain(h, row, w, plan.expertOfRow[row] * n + c, order);
            sum = j ? std::fma(weights.at(t, j), y, sum) : weights.at(t, j) * y;
          }
          wanted.push_back(residual.at(t, c) + sum);
        }
      TestTensor y = floats(tokens * n);
      onEveryTarget(order, kernel,
                    {h.elements.data(), panels.data(), plan.arrays.data(),
                     weights.elements.data(), residual.elements.data()},
                    y, tokens, [&] {
                      return sameBits(values(y), wanted.data(), tokens * n);
                    });
    }
}

TEST(MatmulFusionPlan, NamesWhatItCannotFuse) {
  EXPECT_THAT(compileError(addOfTwoProductsText()),
              HasSubstr("cannot compute decoder.linear, decoder.linear, "
                        "decoder.add: decoder.add must add an argument of the "
                        "kernel to one product"));
}
