//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels that route: the bits of the kernels of their single operations.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/RouterChain.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

//===----------------------------------------------------------------------===//
// All four operations
//===----------------------------------------------------------------------===//

namespace {

/// rms_norm, router, top_k and dispatch; yields the normed rows, the weights
/// and the plan.
class FullGroup {
public:
  explicit FullGroup(RouterChain &chain)
      : chain(chain), group(text(chain.layer), Machines::Cpus) {}

  template <class Check>
  void run(RouterValues &values, int64_t tokens, Check check) {
    std::vector<Argument> arguments = {reads(values.x), reads(chain.normWeight),
                                       reads(chain.gate.elements)};
    if (chain.layer.bias)
      arguments.push_back(reads(chain.bias));
    arguments.push_back(writes(values.weights));
    arguments.push_back(writes(values.normed));
    arguments.push_back(writes(values.plan));
    group.run(arguments, tokens, check);
  }

private:
  static std::string text(const RouterLayer &layer) {
    KernelText kernel = {layer.operands(),
                         layer.normOp() + layer.routing(),
                         {{"%p", layer.weights()},
                          {"%y", layer.normed()},
                          {"%plan", layer.plan()}}};
    if (layer.bias)
      kernel.operands.push_back({"%b", layer.biasType()});
    return kernel.text();
  }

  RouterChain &chain;
  EveryTarget group;
};

} // namespace

class RouterGroup : public testing::TestWithParam<RouterLayer> {};

TEST_P(RouterGroup, HasTheBitsOfTheChain) {
  RouterChain chain(GetParam());
  FullGroup group(chain);
  for (int64_t tokens : {1, 7, 8, 9, 16, 17, 63, 64, 65, 130}) {
    RouterValues expected(chain.layer, tokens), values(chain.layer, tokens);
    expected.x.randomize(tokens, 2.0);
    values.x = expected.x;
    EXPECT_EQ(chain.run(expected, tokens), MOERT_KERNEL_OK);
    group.run(values, tokens, [&](const std::string &what, int32_t status) {
      EXPECT_EQ(status, MOERT_KERNEL_OK) << what;
      EXPECT_TRUE(sameBits(values.normed, expected.normed)) << what;
      EXPECT_TRUE(sameBits(values.weights, expected.weights)) << what;
      EXPECT_TRUE(sameBits(values.plan, expected.plan))
          << what << ", " << tokens << " tokens";
    });
  }
}

static const RouterLayer layers[] = {
    {8, 64, 2, Element::BF16},
    {8, 300, 1, Element::BF16},
    {5, 37, 3, Element::BF16},
    {64, 520, 4, Element::BF16},
    {9, 257, 2, Element::BF16, /*bias=*/true},
    {1, 16, 1, Element::F32},
    {8, 1, 2, Element::F32},
    {60, 264, 4, Element::F32, false, "softmax)"},
    {17, 101, 4, Element::F32, true, "sigmoid) renormalize"},
    {8, 96, 1, Element::F32, false, "sigmoid)"},
    {8, 770, 2, Element::F16},
};
INSTANTIATE_TEST_SUITE_P(Layers, RouterGroup, testing::ValuesIn(layers));

TEST(RouterGroupThreads, TheLastOfThemMakesThePlan) {
  RouterLayer layer = {16, 32, 4, Element::F32};
  RouterChain chain(layer);
  constexpr int64_t tokens = 301;
  RouterValues expected(layer, tokens), values(layer, tokens);
  expected.x.randomize(1);
  values.x = expected.x;
  chain.run(expected, tokens);
  KernelText text = {layer.operands(),
                     layer.normOp() + layer.routing(),
                     {{"%plan", layer.plan()}, {"%p", layer.weights()}}};
  LoadedKernel kernel(text.text(), runnableTargets().front());
  for (int repeat = 0; repeat < 50; ++repeat) {
    values.plan.fill(-1);
    kernel.runOnThreads({values.x.data(), chain.normWeight.data(),
                         chain.gate.elements.data(), values.plan.data(),
                         values.weights.data()},
                        tokens, 2);
    ASSERT_TRUE(sameBits(values.plan, expected.plan)) << repeat;
    ASSERT_TRUE(sameBits(values.weights, expected.weights)) << repeat;
  }
}

TEST(RouterGroupChoice, TheLowerIndexWinsATie) {
  RouterChain chain({8, 48, 3, Element::F32});
  // Experts 2, 4 and 7 are one.
  for (int64_t copy : {4, 7})
    for (int64_t h = 0; h < 48; ++h)
      chain.gate.elements.set(copy * 48 + h,
                              chain.gate.elements.get(2 * 48 + h));
  RouterValues values(chain.layer, 20);
  // Every token is the row of those experts, so they are the best.
  for (int64_t i = 0; i < values.x.size(); ++i)
    values.x.set(i, chain.gate.elements.get(2 * 48 + i % 48));
  chain.normWeight.fill(1);
  FullGroup(chain).run(values, 20, [&](const std::string &what, int32_t) {
    const int32_t rowsBefore[] = {0, 0, 0, 20, 20, 40, 40, 40, 60};
    for (int64_t e = 0; e <= 8; ++e)
      EXPECT_EQ(values.plan.get(e), rowsBefore[e]) << what << ", expert " << e;
    for (int64_t slot = 0; slot < 60; ++slot)
      EXPECT_EQ(values.plan.get(9 + 60 + slot), slot % 3 * 20 + slot / 3)
          << what;
  });
}

TEST(RouterGroupChoice, NaNIsReportedAndSpoilsItsTokenAlone) {
  RouterChain chain({8, 48, 2, Element::BF16});
  constexpr int64_t tokens = 37, spoilt = 18;
  RouterValues expected(chain.layer, tokens), values(chain.layer, tokens);
  expected.x.randomize(1);
  values.x = expected.x;
  values.x.set(spoilt * 48 + 5, NAN);
  chain.run(expected, tokens);
  FullGroup(chain).run(
      values, tokens, [&](const std::string &what, int32_t status) {
        EXPECT_EQ(status, MOERT_KERNEL_ROUTER_NAN) << what;
        for (int64_t slot = 0; slot < 2 * tokens; ++slot)
          EXPECT_EQ(std::isnan(values.weights.get(slot)), slot / 2 == spoilt)
              << what;
        for (int64_t slot = 0; slot < 2 * tokens; ++slot)
          if (slot / 2 != spoilt)
            EXPECT_EQ(values.weights.get(slot), expected.weights.get(slot))
                << what;
        // A plan all the same: every row has one slot.
        EXPECT_EQ(values.plan.get(8), 2 * tokens) << what;
        for (int64_t row = 0; row < 2 * tokens; ++row) {
          int64_t slot = values.plan.get(9 + row);
          EXPECT_EQ(values.plan.get(9 + 2 * tokens + slot), row) << what;
        }
      });
}

//===----------------------------------------------------------------------===//
// Parts of it
//===----------------------------------------------------------------------===//

namespace {

/// A group of some of the operations, against the whole chain.
class Part {
public:
  explicit Part(const RouterLayer &layer) : chain(layer) {}

  /// Runs the kernel on the chain's own values, and returns the results.
  void expectChain(const KernelText &kernel,
                   const std::vector<std::string> &names) {
    constexpr int64_t tokens = 70;
    RouterValues expected(chain.layer, tokens), values(chain.layer, tokens);
    expected.x.randomize(4, 2.0);
    chain.run(expected, tokens);
    std::vector<Argument> arguments;
    for (const auto &[name, type] : kernel.operands)
      arguments.push_back(reads(tensor(name, expected)));
    for (const std::string &name : names)
      arguments.push_back(writes(tensor(name, values)));
    // A GPU sums logits in another order.
    bool scores = kernel.operations.find("moe.router") != std::string::npos;
    EveryTarget(kernel.text(), scores ? Machines::Cpus : Machines::All)
        .run(arguments, tokens, [&](const std::string &what, int32_t status) {
          EXPECT_EQ(status, MOERT_KERNEL_OK) << what;
          for (const std::string &name : names)
            EXPECT_TRUE(sameBits(tensor(name, values), tensor(name, expected)))
                << what << ": " << name;
        });
  }

private:
  TestTensor &tensor(const std::string &name, RouterValues &values) {
    if (name == "%w")
      return chain.gate.elements;
    if (name == "%nw")
      return chain.normWeight;
    return name == "%x"   ? values.x
           : name == "%y" ? values.normed
           : name == "%e" ? values.experts
           : name == "%p" ? values.weights
                          : values.plan;
  }

  RouterChain chain;
};

} // namespace

TEST(RouterGroupPart, YieldsTheExpertsBeforeThePlan) {
  RouterLayer layer = {8, 48, 2, Element::BF16};
  Part(layer).expectChain({layer.operands(),
                           layer.normOp() + layer.routing(),
                           {{"%e", layer.choices()},
                            {"%plan", layer.plan()},
                            {"%p", layer.weights()}}},
                          {"%e", "%plan", "%p"});
}

TEST(RouterGroupPart, YieldsThePlanAlone) {
  RouterLayer layer = {8, 48, 2, Element::BF16};
  Part(layer).expectChain({layer.operands(),
                           layer.normOp() + layer.routing(),
                           {{"%plan", layer.plan()}}},
                          {"%plan"});
}

TEST(RouterGroupPart, RoutesNormedRows) {
  RouterLayer layer = {12, 50, 3, Element::BF16};
  Part(layer).expectChain({{{"%y", layer.normed()}, {"%w", layer.gate()}},
                           layer.routing(),
                           {{"%plan", layer.plan()}, {"%p", layer.weights()}}},
                          {"%plan", "%p"});
}

TEST(RouterGroupPart, ChoosesWithoutAPlan) {
  RouterLayer layer = {12, 50, 3, Element::F32};
  Part(layer).expectChain({layer.operands(),
                           layer.normOp() + layer.routerOp() + layer.topKOp(),
                           {{"%y", layer.normed()},
                            {"%e", layer.choices()},
                            {"%p", layer.weights()}}},
                          {"%y", "%e", "%p"});
}

TEST(RouterGroupPart, DispatchesWhatItChooses) {
  for (int64_t k = 1; k <= 4; ++k) {
    RouterLayer layer = {16, 32, k, Element::F32};
    constexpr int64_t tokens = 500;
    TestTensor logits(Element::F32, tokens * 16);
    logits.randomize(k);
    RouterValues expected(layer, tokens), values(layer, tokens);
    KernelText topK = {{{"%l", layer.logits()}},
                       layer.topKOp(),
                       {{"%e", layer.choices()}, {"%p", layer.weights()}}};
    runEverywhere(
        topK.text(),
        {reads(logits), writes(expected.experts), writes(expected.weights)},
        tokens);
    KernelText dispatch = {{{"%e", layer.choices()}},
                           layer.dispatchOp(),
                           {{"%plan", layer.plan()}}};
    runEverywhere(dispatch.text(),
                  {reads(expected.experts), writes(expected.plan)}, tokens);
    KernelText both = {{{"%l", layer.logits()}},
                       layer.topKOp() + layer.dispatchOp(),
                       {{"%p", layer.weights()}, {"%plan", layer.plan()}}};
    EveryTarget(both.text())
        .run({reads(logits), writes(values.weights), writes(values.plan)},
             tokens, [&](const std::string &what, int32_t) {
               EXPECT_TRUE(sameBits(values.weights, expected.weights)) << what;
               EXPECT_TRUE(sameBits(values.plan, expected.plan)) << what;
             });
  }
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

TEST(RouterGroupErrors, LogitsStayInside) {
  RouterLayer layer = {8, 48, 2, Element::BF16};
  KernelText kernel = {{{"%y", layer.normed()}, {"%w", layer.gate()}},
                       layer.routing(),
                       {{"%l", layer.logits()}, {"%plan", layer.plan()}}};
  EXPECT_NE(
      compileError(kernel.text()).find("has logits that its kernel yields"),
      std::string::npos);
}

TEST(RouterGroupErrors, ThePlanIsAResult) {
  RouterLayer layer = {8, 48, 2, Element::BF16};
  KernelText kernel = {{{"%y", layer.normed()}, {"%w", layer.gate()}},
                       layer.routing(),
                       {{"%p", layer.weights()}}};
  EXPECT_NE(
      compileError(kernel.text()).find("has a plan that its kernel does not"),
      std::string::npos);
}

TEST(RouterGroupErrors, OperationsMustReadEachOther) {
  RouterLayer layer = {8, 48, 2, Element::F32};
  std::string router = layer.routerOp();
  router.replace(router.find("%y"), 2, "%x");
  KernelText kernel = {layer.operands(),
                       layer.normOp() + router + layer.topKOp() +
                           layer.dispatchOp(),
                       {{"%y", layer.normed()}, {"%plan", layer.plan()}}};
  EXPECT_NE(compileError(kernel.text()).find("does not read its result"),
            std::string::npos);
}
