//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The kernels around the experts: dispatch, permute, combine.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/KernelHarness.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

namespace {

/// The choices of a step: expert of each slot.
struct Choices {
  int64_t tokens, experts, k;
  std::vector<int32_t> expertOfSlot;

  int64_t slots() const { return tokens * k; }
  std::string plan() const {
    return "!moe.plan<" + std::to_string(experts) + ", " + std::to_string(k) +
           ">";
  }
};

/// A plan, made in the obvious way.
struct Plan {
  std::vector<int32_t> offsets, slotOfRow, rowOfSlot;

  TestTensor tensor() const {
    TestTensor all(Element::I32,
                   offsets.size() + slotOfRow.size() + rowOfSlot.size());
    int64_t i = 0;
    for (const auto *part : {&offsets, &slotOfRow, &rowOfSlot})
      for (int32_t v : *part)
        all.set(i++, v);
    return all;
  }
};

} // namespace

static Plan makePlan(const Choices &choices) {
  Plan plan;
  plan.rowOfSlot.resize(choices.slots());
  for (int64_t e = 0; e < choices.experts; ++e) {
    plan.offsets.push_back(plan.slotOfRow.size());
    for (int64_t slot = 0; slot < choices.slots(); ++slot)
      if (choices.expertOfSlot[slot] == e) {
        plan.rowOfSlot[slot] = plan.slotOfRow.size();
        plan.slotOfRow.push_back(slot);
      }
  }
  plan.offsets.push_back(plan.slotOfRow.size());
  return plan;
}

/// k different experts for each token.
static Choices randomChoices(int64_t tokens, int64_t experts, int64_t k) {
  std::mt19937 generator(3);
  Choices choices = {tokens, experts, k, {}};
  for (int64_t t = 0; t < tokens; ++t) {
    int32_t first = generator() % experts;
    for (int64_t j = 0; j < k; ++j)
      choices.expertOfSlot.push_back((first + j) % experts);
  }
  return choices;
}

static std::vector<Choices> someChoices() {
  Choices toOne = {9, 4, 1, std::vector<int32_t>(9, 2)};
  return {randomChoices(1, 8, 2),
          randomChoices(1, 1, 1),
          randomChoices(40, 8, 2),
          randomChoices(13, 4, 4),
          randomChoices(3, 256, 8),
          randomChoices(300, 16, 3),
          toOne};
}

static std::string matrix(int64_t width, Element element) {
  return "tensor<?x" + std::to_string(width) + "x" + spell(element) + ">";
}

class Experts : public testing::TestWithParam<Choices> {};

//===----------------------------------------------------------------------===//
// moe.dispatch
//===----------------------------------------------------------------------===//

TEST_P(Experts, DispatchSortsSlotsByExpertAndKeepsTheirOrder) {
  const Choices &choices = GetParam();
  std::string experts = matrix(choices.k, Element::I32);
  std::string module = "exec.kernel @k {\n^bb0(%e: " + experts +
                       "):\n  %plan = moe.dispatch %e : " + experts + " -> " +
                       choices.plan() +
                       "\n  exec.yield %plan : " + choices.plan() + "\n}\n";
  TestTensor expected = makePlan(choices).tensor();
  TestTensor input(Element::I32, choices.slots()),
      plan(Element::I32, expected.size());
  for (int64_t slot = 0; slot < choices.slots(); ++slot)
    input.set(slot, choices.expertOfSlot[slot]);
  plan.fill(-1);
  runEverywhere(module, {reads(input), writes(plan)}, choices.tokens);
  for (int64_t i = 0; i < plan.size(); ++i)
    ASSERT_EQ(plan.get(i), expected.get(i)) << i;
}

//===----------------------------------------------------------------------===//
// moe.permute
//===----------------------------------------------------------------------===//

TEST_P(Experts, PermuteCopiesTheTokenOfEachRow) {
  const Choices &choices = GetParam();
  Plan plan = makePlan(choices);
  const std::pair<Element, int64_t> shapes[] = {{Element::F32, 101},
                                                {Element::BF16, 36}};
  for (auto [element, width] : shapes) {
    std::string type = matrix(width, element);
    std::string module =
        "exec.kernel @k {\n^bb0(%x: " + type + ", %plan: " + choices.plan() +
        "):\n  %r = moe.permute %x, %plan : " + type + ", " + choices.plan() +
        " -> " + type + "\n  exec.yield %r : " + type + "\n}\n";
    TestTensor x(element, choices.tokens * width),
        arrays = plan.tensor(), rows(element, choices.slots() * width);
    x.randomize(1);
    runEverywhere(module, {reads(x), reads(arrays), writes(rows)},
                  choices.slots());
    for (int64_t i = 0; i < rows.size(); ++i) {
      int64_t token = plan.slotOfRow[i / width] / choices.k;
      ASSERT_EQ(rows.get(i), x.get(token * width + i % width)) << i;
    }
  }
}

//===----------------------------------------------------------------------===//
// moe.combine
//===----------------------------------------------------------------------===//

static std::string combineModule(const Choices &choices, int64_t width) {
  std::string type = matrix(width, Element::F32);
  std::string weights = matrix(choices.k, Element::F32);
  return "exec.kernel @k {\n^bb0(%r: " + type + ", %w: " + weights +
         ", %plan: " + choices.plan() +
         "):\n  %y = moe.combine %r, %w, %plan : " + type + ", " + weights +
         ", " + choices.plan() + " -> " + type + "\n  exec.yield %y : " + type +
         "\n}\n";
}

TEST_P(Experts, CombineAddsInTheOrderOfChoices) {
  const Choices &choices = GetParam();
  Plan plan = makePlan(choices);
  for (int64_t width : {1, 36}) {
    TestTensor rows(Element::F32, choices.slots() * width),
        weights(Element::F32, choices.slots()),
        arrays = plan.tensor(), y(Element::F32, choices.tokens * width);
    rows.randomize(1);
    weights.randomize(2);
    runEverywhere(combineModule(choices, width),
                  {reads(rows), reads(weights), reads(arrays), writes(y)},
                  choices.tokens);
    for (int64_t i = 0; i < y.size(); ++i) {
      float expected = 0;
      for (int64_t j = 0; j < choices.k; ++j) {
        int64_t slot = i / width * choices.k + j;
        float w = weights.get(slot);
        float r = rows.get(plan.rowOfSlot[slot] * width + i % width);
        expected = j ? std::fma(w, r, expected) : w * r;
      }
      ASSERT_EQ(y.get(i), expected) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, Experts, testing::ValuesIn(someChoices()));

TEST(CombineValues, PropagatesNaNAndInfinity) {
  Choices choices = randomChoices(1, 4, 2);
  Plan plan = makePlan(choices);
  TestTensor rows(Element::F32, 6), weights(Element::F32, 2),
      arrays = plan.tensor(), y(Element::F32, 3);
  rows.fill(1);
  weights.fill(0.5);
  rows.set(plan.rowOfSlot[0] * 3, NAN);
  rows.set(plan.rowOfSlot[1] * 3 + 1, INFINITY);
  runEverywhere(combineModule(choices, 3),
                {reads(rows), reads(weights), reads(arrays), writes(y)}, 1);
  EXPECT_TRUE(std::isnan(y.get(0)));
  EXPECT_EQ(y.get(1), INFINITY);
  EXPECT_EQ(y.get(2), 1);
}
