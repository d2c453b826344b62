//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

using namespace moec::test;

namespace {

/// What a case asks for.
struct Routing {
  int64_t experts, k;
  bool sigmoid = false, renormalize = true, bias = false;
  double scale = 0; ///< 0: none
  int64_t groups = 0, chosenGroups = 0;
};

/// The choice of one token.
struct Choice {
  std::vector<int64_t> experts;
  std::vector<double> weights;
};

} // namespace

static std::string topKModule(const Routing &r) {
  std::string e = std::to_string(r.experts), k = std::to_string(r.k);
  std::string attributes;
  auto attribute = [&](const std::string &text) {
    attributes += (attributes.empty() ? "" : ", ") + text;
  };
  if (r.scale)
    attribute("scale = " + std::to_string(r.scale) + " : f32");
  if (r.groups) {
    attribute("groups = " + std::to_string(r.groups) + " : i64");
    attribute("chosen_groups = " + std::to_string(r.chosenGroups) + " : i64");
  }
  return "exec.kernel @k {\n^bb0(%logits: tensor<?x" + e + "xf32>" +
         (r.bias ? ", %bias: tensor<" + e + "xf32>" : "") +
         "):\n  %e, %w = moe.top_k %logits k(" + k + ") score(" +
         (r.sigmoid ? "sigmoid" : "softmax") + ")" +
         (r.renormalize ? " renormalize" : "") +
         (r.bias ? " bias %bias : tensor<" + e + "xf32>" : "") +
         (attributes.empty() ? "" : " {" + attributes + "}") + " : tensor<?x" +
         e + "xf32> -> tensor<?x" + k + "xi32>, tensor<?x" + k +
         "xf32>\n  exec.yield %e, %w : tensor<?x" + k + "xi32>, tensor<?x" + k +
         "xf32>\n}\n";
}

//===----------------------------------------------------------------------===//
// Reference
//===----------------------------------------------------------------------===//

static std::vector<double> scoresOf(const Routing &r,
                                    const std::vector<double> &logits) {
  std::vector<double> scores;
  double best = *std::max_element(logits.begin(), logits.end()), sum = 0;
  for (double logit : logits)
    sum += std::exp(logit - best);
  for (double logit : logits)
    scores.push_back(r.sigmoid ? 1 / (1 + std::exp(-logit))
                               : std::exp(logit - best) / sum);
  return scores;
}

/// Indices in descending order of value, the lower of equal ones first.
static std::vector<int64_t> ranked(const std::vector<double> &values) {
  std::vector<int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  });
  return order;
}

/// The groups that experts may be chosen from.
static std::set<int64_t> bestGroups(const Routing &r,
                                    const std::vector<double> &scores) {
  if (!r.groups)
    return {0};
  int64_t size = r.experts / r.groups;
  std::vector<double> sums;
  for (int64_t g = 0; g < r.groups; ++g) {
    std::vector<double> group(scores.begin() + g * size,
                              scores.begin() + (g + 1) * size);
    std::sort(group.rbegin(), group.rend());
    sums.push_back(group[0] + (size > 1 ? group[1] : 0));
  }
  auto order = ranked(sums);
  return {order.begin(), order.begin() + r.chosenGroups};
}

static Choice choose(const Routing &r, const std::vector<double> &logits,
                     const std::vector<double> &bias) {
  std::vector<double> scores = scoresOf(r, logits), biased = scores;
  for (int64_t e = 0; r.bias && e < r.experts; ++e)
    biased[e] += bias[e];
  std::set<int64_t> groups = bestGroups(r, biased);
  int64_t size = r.groups ? r.experts / r.groups : r.experts;
  Choice choice;
  for (int64_t e : ranked(r.bias ? biased : logits))
    if (groups.count(e / size) &&
        static_cast<int64_t>(choice.experts.size()) < r.k)
      choice.experts.push_back(e);
  double sum = 0;
  for (int64_t e : choice.experts)
    sum += scores[e];
  for (int64_t e : choice.experts)
    choice.weights.push_back(scores[e] / (r.renormalize ? sum : 1) *
                             (r.scale ? r.scale : 1));
  return choice;
}

//===----------------------------------------------------------------------===//
// Cases
//===----------------------------------------------------------------------===//

class TopK : public testing::TestWithParam<Routing> {};

TEST_P(TopK, MatchesTheReference) {
  Routing r = GetParam();
  constexpr int64_t rows = 20;
  TestTensor logits(Element::F32, rows * r.experts),
      bias(Element::F32, r.experts), experts(Element::I32, rows * r.k),
      weights(Element::F32, rows * r.k);
  logits.randomize(1, 4.0);
  bias.randomize(2, 0.3);
  std::vector<Argument> arguments = {reads(logits)};
  if (r.bias)
    arguments.push_back(reads(bias));
  arguments.push_back(writes(experts));
  arguments.push_back(writes(weights));
  EXPECT_EQ(runEverywhere(topKModule(r), arguments, rows), MOERT_KERNEL_OK);

  std::vector<double> biases;
  for (int64_t e = 0; e < r.experts; ++e)
    biases.push_back(bias.get(e));
  // Logits below 4 differ by less than 8: rounding the difference is 8 units
  // of 2^-24 in exp; exp, sums of E terms and a division follow.
  double tolerance = (20 + r.experts) * roundingError(Element::F32);
  for (int64_t t = 0; t < rows; ++t) {
    std::vector<double> row;
    for (int64_t e = 0; e < r.experts; ++e)
      row.push_back(logits.get(t * r.experts + e));
    Choice expected = choose(r, row, biases);
    for (int64_t j = 0; j < r.k; ++j) {
      ASSERT_EQ(experts.get(t * r.k + j), expected.experts[j])
          << "token " << t << ", choice " << j;
      ASSERT_NEAR(weights.get(t * r.k + j), expected.weights[j],
                  tolerance * expected.weights[j])
          << "token " << t << ", choice " << j;
    }
  }
}

static const Routing routings[] = {
    {1, 1},
    {2, 2},
    {3, 1},
    {8, 2},
    {8, 8},
    {60, 4, false, false},
    {128, 8},
    {256, 8},
    {256, 1, false, false},
    {37, 5, true, true},
    {37, 5, true, false},
    {16, 4, true, true, true, 2.5},
    {16, 4, false, true, true},
    {16, 4, false, false, true},
    {16, 2, false, true, false, 0.5},
    {256, 8, true, true, true, 2.5, 8, 4},
    {32, 4, false, true, false, 0, 8, 2},
    {8, 2, true, true, true, 0, 8, 3},
};
INSTANTIATE_TEST_SUITE_P(Cases, TopK, testing::ValuesIn(routings));

/// Chooses 3 of 6 for one token.
static std::vector<double> chosenOf(const std::vector<double> &values,
                                    int32_t *status = nullptr) {
  TestTensor logits(Element::F32, 6), experts(Element::I32, 3),
      weights(Element::F32, 3);
  for (int64_t e = 0; e < 6; ++e)
    logits.set(e, values[e]);
  int32_t result = runEverywhere(
      topKModule({6, 3}), {reads(logits), writes(experts), writes(weights)}, 1);
  if (status)
    *status = result;
  return {experts.get(0), experts.get(1), experts.get(2)};
}

using Experts = std::vector<double>;

TEST(TopKChoice, TheLowerIndexWinsATie) {
  EXPECT_EQ(chosenOf({1, 1, 1, 1, 1, 1}), (Experts{0, 1, 2}));
  EXPECT_EQ(chosenOf({0, 2, 1, 2, 1, 2}), (Experts{1, 3, 5}));
  EXPECT_EQ(chosenOf({-5, -5, -7, -4, -5, -7}), (Experts{3, 0, 1}));
}

TEST(TopKChoice, NegativeZeroEqualsZero) {
  EXPECT_EQ(chosenOf({-0.0, 0.0, -1, -0.0, 0.0, -1}), (Experts{0, 1, 3}));
}

TEST(TopKChoice, InfinitiesGiveDifferentExpertsAndNoError) {
  double inf = INFINITY;
  int32_t status = -1;
  EXPECT_EQ(chosenOf({-inf, -inf, -inf, -inf, -inf, -inf}, &status),
            (Experts{0, 1, 2}));
  EXPECT_EQ(status, MOERT_KERNEL_OK);
  EXPECT_EQ(chosenOf({0, inf, -inf, inf, 1, -inf}), (Experts{1, 3, 4}));
}

TEST(TopKChoice, NaNIsReportedAndStillGivesDifferentExperts) {
  double nan = NAN;
  int32_t status = MOERT_KERNEL_OK;
  EXPECT_EQ(chosenOf({nan, nan, nan, nan, nan, nan}, &status),
            (Experts{0, 1, 2}));
  EXPECT_EQ(status, MOERT_KERNEL_ROUTER_NAN);
  EXPECT_EQ(chosenOf({nan, 2, -nan, 3, nan, nan}, &status), (Experts{3, 1, 0}));
  EXPECT_EQ(status, MOERT_KERNEL_ROUTER_NAN);
}

TEST(TopKChoice, NaNWithGroupsAndBiasStillGivesDifferentExperts) {
  Routing r = {8, 4, true, true, true, 0, 4, 2};
  TestTensor logits(Element::F32, 8), bias(Element::F32, 8),
      experts(Element::I32, 4), weights(Element::F32, 4);
  logits.fill(NAN);
  bias.fill(NAN);
  EXPECT_EQ(runEverywhere(
                topKModule(r),
                {reads(logits), reads(bias), writes(experts), writes(weights)},
                1),
            MOERT_KERNEL_ROUTER_NAN);
  for (int64_t j = 0; j < 4; ++j)
    EXPECT_EQ(experts.get(j), j);
}

TEST(TopKWeights, LogitsFarApartDoNotOverflow) {
  TestTensor logits(Element::F32, 4), experts(Element::I32, 2),
      weights(Element::F32, 2);
  const double values[] = {-3e38, 3e38, 1, 2};
  for (int e = 0; e < 4; ++e)
    logits.set(e, values[e]);
  runEverywhere(topKModule({4, 2}),
                {reads(logits), writes(experts), writes(weights)}, 1);
  EXPECT_EQ(weights.get(0), 1);
  EXPECT_EQ(weights.get(1), 0);
}

TEST(TopKWeights, TopTwoRenormalizedIsTheSoftmaxOfTwoLogits) {
  constexpr int64_t rows = 40;
  TestTensor logits(Element::F32, rows * 8), experts(Element::I32, rows * 2),
      weights(Element::F32, rows * 2), again(Element::F32, rows * 2);
  logits.randomize(3, 4.0);
  runEverywhere(topKModule({8, 2}),
                {reads(logits), writes(experts), writes(weights)}, rows);
  for (int64_t t = 0; t < rows; ++t) {
    double a = logits.get(t * 8 + int64_t(experts.get(t * 2)));
    double b = logits.get(t * 8 + int64_t(experts.get(t * 2 + 1)));
    // In units of 2^-24: rounding a difference below 8 is 4, exp 4, the sum 1,
    // the division 1.
    double tolerance = 10 * roundingError(Element::F32);
    double first = 1 / (1 + std::exp(b - a));
    EXPECT_NEAR(weights.get(t * 2), first, tolerance * first) << t;
    EXPECT_NEAR(weights.get(t * 2 + 1), 1 - first, tolerance * (1 - first))
        << t;
    // Of the others nothing is seen, not even in the last bit.
    for (int64_t e = 0; e < 8; ++e)
      if (e != experts.get(t * 2) && e != experts.get(t * 2 + 1))
        logits.set(t * 8 + e, b - 1 - e);
  }
  runEverywhere(topKModule({8, 2}),
                {reads(logits), writes(experts), writes(again)}, rows);
  for (int64_t i = 0; i < weights.size(); ++i)
    EXPECT_EQ(again.get(i), weights.get(i)) << i;
}
