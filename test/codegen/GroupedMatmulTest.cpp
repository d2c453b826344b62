//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Products of rows that are grouped by expert.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"
#include "test/codegen/MatmulCases.h"

#include <algorithm>

using namespace moec::test;

namespace {

using RowsOfExperts = std::vector<int64_t>;

/// Products of five experts on random operands.
struct Experts {
  MatmulText text;
  Matrix x, w, bias;
  TestTensor panels;

  explicit Experts(Element weight, Order order = Order::Chain)
      : text{weight, groupedShape.first, groupedShape.second, order},
        x(activationOf(weight), mostRows, text.k, 4),
        w(weight, expertCount * text.n, text.k, 5),
        bias(weight, expertCount, text.n, 6),
        panels(packPanels(w, expertCount)) {}

  /// Result rows, given the number of rows of each expert.
  std::vector<float> wanted(const RowsOfExperts &counts, bool withBias) const {
    std::vector<float> result;
    int64_t row = 0;
    for (int64_t e = 0; e < expertCount; ++e)
      for (int64_t i = 0; i < counts[e]; ++i, ++row)
        for (int64_t n = 0; n < text.n; ++n) {
          float sum = chain(x, row, w, e * text.n + n, text.order);
          result.push_back(withBias ? sum + bias.at(e, n) : sum);
        }
    return result;
  }
};

/// A launch with given numbers of rows.
class GroupedLaunch {
public:
  GroupedLaunch(const Experts &experts, const RowsOfExperts &counts)
      : experts(experts), source(experts.x.elements),
        packed(floats(mostRows * padded(experts.text.k, experts.text.weight))),
        panels(experts.panels), bias(experts.bias.elements) {
    for (int64_t count : counts)
      offsets.push_back(rows += count);
  }

  /// The result, computed in ranges of `step` tasks.
  TestTensor run(const KernelLibrary &library, bool withBias, int64_t step) {
    const MatmulText &text = experts.text;
    bool packs = text.order == Order::Chain;
    if (packs)
      launch(library.get("pack_groups" + text.suffix()),
             {source.data(), offsets.data(), packed.data()}, rows,
             {0, text.lines()});
    TestTensor y = floats(rows * text.n);
    std::vector<void *> arguments = {(packs ? packed : source).data(),
                                     panels.data(), offsets.data()};
    if (withBias)
      arguments.push_back(bias.data());
    arguments.push_back(y.data());
    moert_kernel kernel =
        library.get((withBias ? "grouped_" + spell(text.weight) : "grouped") +
                    text.suffix());
    int64_t tasks = expertCount * text.panels();
    for (int64_t from = 0; from < tasks; from += step)
      launch(kernel, arguments, rows, {from, std::min(from + step, tasks)});
    return y;
  }

private:
  const Experts &experts;
  int64_t rows = 0;
  std::vector<int32_t> offsets = {0};
  TestTensor source, packed, panels, bias;
};

class GroupedMatmul : public WeightElement {};

} // namespace

INSTANTIATE_TEST_SUITE_P(Weights, GroupedMatmul,
                         testing::Values(Element::BF16, Element::F16,
                                         Element::F32),
                         elementName);

/// Runs a split of rows on every target in ranges of any size.
static void expectSums(Element weight, const RowsOfExperts &counts,
                       bool withBias = false) {
  for (Order order : ordersOf(weight)) {
    Experts experts(weight, order);
    std::vector<float> wanted = experts.wanted(counts, withBias);
    for (const std::string &target : runnableTargets(order))
      for (int64_t step : {1, 4, 15}) {
        SCOPED_TRACE(target + " in ranges of " + std::to_string(step));
        GroupedLaunch grouped(experts, counts);
        TestTensor y =
            grouped.run(matmulLibrary(weight, target), withBias, step);
        ASSERT_TRUE(sameBits(values(y), wanted.data(), wanted.size()));
      }
  }
}

TEST_P(GroupedMatmul, ExpertsWithoutRowsAreSkipped) {
  expectSums(GetParam(), {1, 0, 1, 0, 0});
  expectSums(GetParam(), {0, 13, 0, 2, 12});
  expectSums(GetParam(), {0, 0, 1, 0, 0});
}

TEST_P(GroupedMatmul, AllRowsMayGoToOneExpert) {
  expectSums(GetParam(), {100, 0, 0, 0, 0});
  expectSums(GetParam(), {0, 0, 0, 0, 37});
}

TEST_P(GroupedMatmul, EveryExpertMayHaveRows) {
  expectSums(GetParam(), {20, 20, 20, 20, 20});
  expectSums(GetParam(), {5, 25, 64, 1, 5});
}

TEST_P(GroupedMatmul, NoRowsAtAllTouchNothing) {
  expectSums(GetParam(), {0, 0, 0, 0, 0});
}

TEST_P(GroupedMatmul, RowsGetTheBiasOfTheirExpert) {
  expectSums(GetParam(), {3, 0, 17, 1, 9}, /*withBias=*/true);
}
