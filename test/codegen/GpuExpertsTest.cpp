//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of experts' products for GPUs, and of the routing before them,
/// against the chain of their operations.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/GpuChain.h"
#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulCases.h"

#include <cmath>

using namespace moec::test;

class GpuExperts : public testing::TestWithParam<ProductCase> {};
INSTANTIATE_TEST_SUITE_P(Cases, GpuExperts, testing::ValuesIn(productCases),
                         caseName);
class GpuRouter : public WeightElement {};
INSTANTIATE_TEST_SUITE_P(Weights, GpuRouter,
                         testing::Values(Element::F32, Element::F16,
                                         Element::BF16),
                         elementName);

namespace {

/// A plan of experts whose numbers of rows differ, one without any.
struct Experts {
  static constexpr int64_t count = 4, choices = 2;
  int64_t tokens;

  std::string plan() const { return "!moe.plan<4, 2>"; }
  int64_t slots() const { return tokens * choices; }
  TestTensor makePlan() const;
};

/// A layer of experts: width, and width inside.
struct Layer : Experts {
  Element weight;
  int64_t hidden, inner;

  Layer(const ProductCase &how, int64_t tokens)
      : Experts{tokens}, weight(how.weight), hidden(how.hidden),
        inner(how.inner) {}
  Element activation() const { return activationOf(weight); }
  void addGateUp(GpuChain &chain) const;
  void addDown(GpuChain &chain) const;
};

} // namespace

/// Expert 1 gets nothing, expert 3 the second choices of every third token.
TestTensor Experts::makePlan() const {
  std::vector<int64_t> expertOf;
  for (int64_t t = 0; t < tokens; ++t) {
    expertOf.push_back(t % 5 ? 0 : 2);
    expertOf.push_back(t % 3 ? (t % 5 ? 2 : 0) : 3);
  }
  TestTensor plan(Element::I32, count + 1 + 2 * slots());
  int64_t row = 0;
  for (int64_t e = 0; e < count; ++e) {
    plan.set(e, double(row));
    for (int64_t slot = 0; slot < slots(); ++slot)
      if (expertOf[slot] == e) {
        plan.set(count + 1 + row, double(slot));
        plan.set(count + 1 + slots() + slot, double(row++));
      }
  }
  plan.set(count, double(row));
  return plan;
}

/// permute, two products and swiglu: from %x and %plan to %h.
void Layer::addGateUp(GpuChain &chain) const {
  for (const char *name : {"w1", "w3"})
    chain.input(name, matrixOf({count, inner, hidden}, weight),
                random(weight, count * inner * hidden, name[1]));
  chain.result("xs", rowsOf(hidden, activation()),
               nothing(activation(), slots() * hidden));
  for (const char *name : {"g", "u"})
    chain.result(name, rowsOf(inner, Element::F32),
                 nothing(Element::F32, slots() * inner));
  chain.result("h", rowsOf(inner, activation()),
               nothing(activation(), slots() * inner));
  chain.step("%xs = moe.permute %x, %plan : $x, $plan -> $xs", {"x", "plan"},
             {"xs"}, slots());
  chain.step("%g = moe.grouped_linear %xs, %w1, %plan : $xs, $w1, $plan -> $g",
             {"xs", "w1", "plan"}, {"g"}, slots());
  chain.step("%u = moe.grouped_linear %xs, %w3, %plan : $xs, $w3, $plan -> $u",
             {"xs", "w3", "plan"}, {"u"}, slots());
  chain.step("%h = decoder.swiglu %g, %u : $g -> $h", {"g", "u"}, {"h"},
             slots());
}

/// A product, combine and add: from %h, %plan, %p and %r to %y.
void Layer::addDown(GpuChain &chain) const {
  chain.input("w2", matrixOf({count, hidden, inner}, weight),
              random(weight, count * inner * hidden, 7));
  chain.result("ys", rowsOf(hidden, Element::F32),
               nothing(Element::F32, slots() * hidden));
  for (const char *name : {"s", "y"})
    chain.result(name, rowsOf(hidden, Element::F32),
                 nothing(Element::F32, tokens * hidden));
  chain.step("%ys = moe.grouped_linear %h, %w2, %plan : $h, $w2, $plan -> $ys",
             {"h", "w2", "plan"}, {"ys"}, slots());
  chain.step("%s = moe.combine %ys, %p, %plan : $ys, $p, $plan -> $s",
             {"ys", "p", "plan"}, {"s"}, tokens);
  chain.step("%y = decoder.add %r, %s : $y", {"r", "s"}, {"y"}, tokens);
}

TEST_P(GpuExperts, GathersRowsForGateAndUp) {
  for (int64_t tokens : GetParam().tokens()) {
    Layer layer(GetParam(), tokens);
    GpuChain chain(GetParam().maxTokens);
    chain.input("x", rowsOf(layer.hidden, layer.activation()),
                random(layer.activation(), tokens * layer.hidden, 1));
    chain.input("plan", layer.plan(), layer.makePlan());
    layer.addGateUp(chain);
    chain.expectSameGroup({"x", "plan", "w1", "w3"}, {"h"}, layer.slots());
  }
}

TEST_P(GpuExperts, CombinesTheRowsOfATokenInTheOrderOfItsChoices) {
  for (int64_t tokens : GetParam().tokens()) {
    Layer layer(GetParam(), tokens);
    GpuChain chain(GetParam().maxTokens);
    chain.input("h", rowsOf(layer.inner, layer.activation()),
                random(layer.activation(), layer.slots() * layer.inner, 1));
    chain.input("plan", layer.plan(), layer.makePlan());
    chain.input("p", rowsOf(2, Element::F32),
                random(Element::F32, layer.slots(), 2));
    chain.input("r", rowsOf(layer.hidden, Element::F32),
                random(Element::F32, tokens * layer.hidden, 3));
    layer.addDown(chain);
    chain.expectSameGroup({"h", "w2", "plan", "p", "r"}, {"y"}, tokens);
  }
}

//===----------------------------------------------------------------------===//
// Routing
//===----------------------------------------------------------------------===//

namespace {

/// From %x0 to the plan.
struct Router : Experts {
  Element weight;
  int64_t hidden;

  void addSteps(GpuChain &chain) const;
};

} // namespace

void Router::addSteps(GpuChain &chain) const {
  Element activation = activationOf(weight);
  chain.input("x0", rowsOf(hidden, Element::F32),
              random(Element::F32, tokens * hidden, 1));
  chain.input("nw", vectorOf(hidden, Element::F32),
              random(Element::F32, hidden, 2));
  chain.input("gate", matrixOf({count, hidden}, weight),
              random(weight, count * hidden, 3));
  chain.input("bias", vectorOf(count, Element::F32),
              random(Element::F32, count, 4));
  chain.result("x", rowsOf(hidden, activation),
               nothing(activation, tokens * hidden));
  chain.result("l", rowsOf(count, Element::F32),
               nothing(Element::F32, tokens * count));
  chain.result("e", rowsOf(2, Element::I32), nothing(Element::I32, slots()));
  chain.result("p", rowsOf(2, Element::F32), nothing(Element::F32, slots()));
  chain.result("plan", plan(), nothing(Element::I32, count + 1 + 2 * slots()));
  chain.step("%x = decoder.rms_norm %x0, %nw epsilon(1.0e-05) : $x0, $nw -> $x",
             {"x0", "nw"}, {"x"}, tokens);
  chain.step("%l = moe.router %x, %gate bias %bias : $bias : $x, $gate -> $l",
             {"x", "gate", "bias"}, {"l"}, tokens);
  chain.step("%e, %p = moe.top_k %l k(2) score(softmax) renormalize : $l -> "
             "$e, $p",
             {"l"}, {"e", "p"}, tokens);
  chain.step("%plan = moe.dispatch %e : $e -> $plan", {"e"}, {"plan"}, tokens);
}

/// Sums of the same numbers in another order than that of the reference.
TEST_P(GpuRouter, ScoresExperts) {
  for (int64_t hidden : {1, 46, 256, 600}) {
    Router router{{67}, GetParam(), hidden};
    GpuChain chain;
    router.addSteps(chain);
    chain.runSteps();
    for (int64_t t = 0; t < router.tokens; ++t)
      for (int64_t e = 0; e < Experts::count; ++e) {
        double sum = chain["bias"].get(e), size = std::abs(sum);
        for (int64_t k = 0; k < hidden; ++k) {
          double term = chain["x"].get(t * hidden + k) *
                        chain["gate"].get(e * hidden + k);
          sum += term;
          size += std::abs(term);
        }
        // A term goes through at most hidden / 32 + 8 + 6 additions.
        double error = (hidden / 32.0 + 14) * roundingError(Element::F32);
        EXPECT_NEAR(chain["l"].get(t * Experts::count + e), sum, size * error)
            << hidden << " columns, token " << t << ", expert " << e;
      }
  }
}

TEST_P(GpuRouter, RoutesInOneKernel) {
  for (int64_t tokens : {1, 3, 70}) {
    Router router{{tokens}, GetParam(), 300};
    GpuChain chain;
    router.addSteps(chain);
    chain.expectSameGroup({"x0", "nw", "gate", "bias"}, {"p", "x", "plan"},
                          tokens);
  }
}

TEST_P(GpuExperts, RoutesBeforeGateAndUp) {
  for (int64_t tokens : GetParam().tokens()) {
    SCOPED_TRACE(std::to_string(tokens) + " tokens");
    Layer layer(GetParam(), tokens);
    GpuChain chain(GetParam().maxTokens);
    Router{{tokens}, layer.weight, layer.hidden}.addSteps(chain);
    layer.addGateUp(chain);
    chain.expectSameGroup({"x0", "nw", "gate", "bias", "w1", "w3"},
                          {"x", "p", "plan", "h"}, tokens);
  }
}
