//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels that route: the bits of the kernels of their single operations.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulRunner.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

namespace {

struct Layer {
  int64_t experts, hidden, k;
  Element weight;
  bool bias = false;
  std::string score = "softmax) renormalize";

  Element activation() const { return activationOf(weight); }
  std::string x() const { return rowsOf(hidden, Element::F32); }
  std::string normWeight() const { return vectorOf(hidden, Element::F32); }
  std::string normed() const { return rowsOf(hidden, activation()); }
  std::string gate() const {
    return "tensor<" + std::to_string(experts) + "x" + std::to_string(hidden) +
           "x" + spell(weight) + ">";
  }
  std::string biasType() const { return vectorOf(experts, Element::F32); }
  std::string logits() const { return rowsOf(experts, Element::F32); }
  std::string choices() const { return rowsOf(k, Element::I32); }
  std::string weights() const { return rowsOf(k, Element::F32); }
  std::string plan() const {
    return "!moe.plan<" + std::to_string(experts) + ", " + std::to_string(k) +
           ">";
  }

  std::string normOp() const {
    return "  %y = decoder.rms_norm %x, %nw epsilon(1.0e-05) : " + x() + ", " +
           normWeight() + " -> " + normed() + "\n";
  }
  std::string routerOp() const {
    return "  %l = moe.router %y, %w" +
           (bias ? " bias %b : " + biasType() : "") + " : " + normed() + ", " +
           gate() + " -> " + logits() + "\n";
  }
  std::string topKOp() const {
    return "  %e, %p = moe.top_k %l k(" + std::to_string(k) + ") score(" +
           score + " : " + logits() + " -> " + choices() + ", " + weights() +
           "\n";
  }
  std::string dispatchOp() const {
    return "  %plan = moe.dispatch %e : " + choices() + " -> " + plan() + "\n";
  }
};

/// All values between the operations of a step.
struct Values {
  TestTensor x, normed, experts, weights, plan;

  Values(const Layer &layer, int64_t tokens)
      : x(Element::F32, tokens * layer.hidden),
        normed(layer.activation(), tokens * layer.hidden),
        experts(Element::I32, tokens * layer.k),
        weights(Element::F32, tokens * layer.k),
        plan(Element::I32, layer.experts + 1 + 2 * tokens * layer.k) {}
};

/// A layer's parameters, and its operations as kernels of one each.
class Chain {
public:
  explicit Chain(const Layer &layer);

  int32_t run(Values &values, int64_t tokens);

  Layer layer;
  TestTensor normWeight, bias;
  Matrix gate;

private:
  TestTensor panels;
  std::vector<std::unique_ptr<LoadedKernel>> kernels;
};

} // namespace

Chain::Chain(const Layer &layer)
    : layer(layer), normWeight(Element::F32, layer.hidden),
      bias(Element::F32, layer.experts),
      gate(layer.weight, layer.experts, layer.hidden, 3),
      panels(packPanels(gate, 1)) {
  normWeight.randomize(1, 0.2);
  bias.randomize(2);
  KernelText norm = {{{"%x", layer.x()}, {"%nw", layer.normWeight()}},
                     layer.normOp(),
                     {{"%y", layer.normed()}}};
  KernelText topK = {{{"%l", layer.logits()}},
                     layer.topKOp(),
                     {{"%e", layer.choices()}, {"%p", layer.weights()}}};
  KernelText dispatch = {
      {{"%e", layer.choices()}}, layer.dispatchOp(), {{"%plan", layer.plan()}}};
  MatmulText product = {layer.weight, layer.experts, layer.hidden};
  for (const std::string &text :
       {norm.text(), product.pack(), product.router(layer.bias ? "f32" : ""),
        topK.text(), dispatch.text()})
    kernels.push_back(
        std::make_unique<LoadedKernel>(text, runnableTargets().front()));
}

int32_t Chain::run(Values &v, int64_t tokens) {
  TestTensor packed(layer.activation(),
                    tokens * padded(layer.hidden, layer.weight));
  TestTensor logits(Element::F32, tokens * layer.experts);
  runWhole(*kernels[0], {reads(v.x), reads(normWeight), writes(v.normed)},
           tokens);
  runWhole(*kernels[1], {reads(v.normed), writes(packed)}, tokens);
  std::vector<Argument> product = {reads(packed), reads(panels)};
  if (layer.bias)
    product.push_back(reads(bias));
  product.push_back(writes(logits));
  runWhole(*kernels[2], product, tokens);
  int32_t status =
      runWhole(*kernels[3],
               {reads(logits), writes(v.experts), writes(v.weights)}, tokens);
  runWhole(*kernels[4], {reads(v.experts), writes(v.plan)}, tokens);
  return status;
}

//===----------------------------------------------------------------------===//
// All four operations
//===----------------------------------------------------------------------===//

namespace {

/// rms_norm, router, top_k and dispatch; yields the normed rows, the weights
/// and the plan.
class FullGroup {
public:
  explicit FullGroup(Chain &chain) : chain(chain), group(text(chain.layer)) {}

  template <class Check> void run(Values &values, int64_t tokens, Check check) {
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
  static std::string text(const Layer &layer) {
    KernelText kernel = {
        {{"%x", layer.x()}, {"%nw", layer.normWeight()}, {"%w", layer.gate()}},
        layer.normOp() + layer.routerOp() + layer.topKOp() + layer.dispatchOp(),
        {{"%p", layer.weights()},
         {"%y", layer.normed()},
         {"%plan", layer.plan()}}};
    if (layer.bias)
      kernel.operands.push_back({"%b", layer.biasType()});
    return kernel.text();
  }

  Chain &chain;
  EveryTarget group;
};

} // namespace

class RouterGroup : public testing::TestWithParam<Layer> {};

TEST_P(RouterGroup, HasTheBitsOfTheChain) {
  Chain chain(GetParam());
  FullGroup group(chain);
  for (int64_t tokens : {1, 7, 8, 9, 16, 17, 63, 64, 65, 130}) {
    Values expected(chain.layer, tokens), values(chain.layer, tokens);
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

static const Layer layers[] = {
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

TEST(RouterGroupChoice, TheLowerIndexWinsATie) {
  Chain chain({8, 48, 3, Element::F32});
  // Experts 2, 4 and 7 are one.
  for (int64_t copy : {4, 7})
    for (int64_t h = 0; h < 48; ++h)
      chain.gate.elements.set(copy * 48 + h,
                              chain.gate.elements.get(2 * 48 + h));
  Values values(chain.layer, 20);
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
  Chain chain({8, 48, 2, Element::BF16});
  constexpr int64_t tokens = 37, spoilt = 18;
  Values expected(chain.layer, tokens), values(chain.layer, tokens);
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
  explicit Part(const Layer &layer) : chain(layer) {}

  /// Runs the kernel on the chain's own values, and returns the results.
  void expectChain(const KernelText &kernel,
                   const std::vector<std::string> &names) {
    constexpr int64_t tokens = 70;
    Values expected(chain.layer, tokens), values(chain.layer, tokens);
    expected.x.randomize(4, 2.0);
    chain.run(expected, tokens);
    std::vector<Argument> arguments;
    for (const auto &[name, type] : kernel.operands)
      arguments.push_back(reads(tensor(name, expected)));
    for (const std::string &name : names)
      arguments.push_back(writes(tensor(name, values)));
    EveryTarget(kernel.text())
        .run(arguments, tokens, [&](const std::string &what, int32_t status) {
          EXPECT_EQ(status, MOERT_KERNEL_OK) << what;
          for (const std::string &name : names)
            EXPECT_TRUE(sameBits(tensor(name, values), tensor(name, expected)))
                << what << ": " << name;
        });
  }

private:
  TestTensor &tensor(const std::string &name, Values &values) {
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

  Chain chain;
};

} // namespace

TEST(RouterGroupPart, YieldsTheExpertsBeforeThePlan) {
  Layer layer = {8, 48, 2, Element::BF16};
  Part(layer).expectChain(
      {{{"%x", layer.x()}, {"%nw", layer.normWeight()}, {"%w", layer.gate()}},
       layer.normOp() + layer.routerOp() + layer.topKOp() + layer.dispatchOp(),
       {{"%e", layer.choices()},
        {"%plan", layer.plan()},
        {"%p", layer.weights()}}},
      {"%e", "%plan", "%p"});
}

TEST(RouterGroupPart, YieldsThePlanAlone) {
  Layer layer = {8, 48, 2, Element::BF16};
  Part(layer).expectChain(
      {{{"%x", layer.x()}, {"%nw", layer.normWeight()}, {"%w", layer.gate()}},
       layer.normOp() + layer.routerOp() + layer.topKOp() + layer.dispatchOp(),
       {{"%plan", layer.plan()}}},
      {"%plan"});
}

TEST(RouterGroupPart, RoutesNormedRows) {
  Layer layer = {12, 50, 3, Element::BF16};
  Part(layer).expectChain(
      {{{"%y", layer.normed()}, {"%w", layer.gate()}},
       layer.routerOp() + layer.topKOp() + layer.dispatchOp(),
       {{"%plan", layer.plan()}, {"%p", layer.weights()}}},
      {"%plan", "%p"});
}

TEST(RouterGroupPart, ChoosesWithoutAPlan) {
  Layer layer = {12, 50, 3, Element::F32};
  Part(layer).expectChain(
      {{{"%x", layer.x()}, {"%nw", layer.normWeight()}, {"%w", layer.gate()}},
       layer.normOp() + layer.routerOp() + layer.topKOp(),
       {{"%y", layer.normed()},
        {"%e", layer.choices()},
        {"%p", layer.weights()}}},
      {"%y", "%e", "%p"});
}

TEST(RouterGroupPart, DispatchesWhatItChooses) {
  for (int64_t k = 1; k <= 4; ++k) {
    Layer layer = {16, 32, k, Element::F32};
    constexpr int64_t tokens = 500;
    TestTensor logits(Element::F32, tokens * 16);
    logits.randomize(k);
    Values expected(layer, tokens), values(layer, tokens);
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
  Layer layer = {8, 48, 2, Element::BF16};
  KernelText kernel = {{{"%y", layer.normed()}, {"%w", layer.gate()}},
                       layer.routerOp() + layer.topKOp() + layer.dispatchOp(),
                       {{"%l", layer.logits()}, {"%plan", layer.plan()}}};
  EXPECT_NE(
      compileError(kernel.text()).find("has logits that its kernel yields"),
      std::string::npos);
}

TEST(RouterGroupErrors, ThePlanIsAResult) {
  Layer layer = {8, 48, 2, Element::BF16};
  KernelText kernel = {{{"%y", layer.normed()}, {"%w", layer.gate()}},
                       layer.routerOp() + layer.topKOp() + layer.dispatchOp(),
                       {{"%p", layer.weights()}}};
  EXPECT_NE(
      compileError(kernel.text()).find("has a plan that its kernel does not"),
      std::string::npos);
}

TEST(RouterGroupErrors, OperationsMustReadEachOther) {
  Layer layer = {8, 48, 2, Element::F32};
  std::string router = layer.routerOp();
  router.replace(router.find("%y"), 2, "%x");
  KernelText kernel = {
      {{"%x", layer.x()}, {"%nw", layer.normWeight()}, {"%w", layer.gate()}},
      layer.normOp() + router + layer.topKOp() + layer.dispatchOp(),
      {{"%y", layer.normed()}, {"%plan", layer.plan()}}};
  EXPECT_NE(compileError(kernel.text()).find("does not read its result"),
            std::string::npos);
}
