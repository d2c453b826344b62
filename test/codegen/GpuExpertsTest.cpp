//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of experts' products for GPUs, and of the routing before them,
/// against the chain of their operations.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/ExpertsChain.h"
#include "test/codegen/GroupChain.h"

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

TEST_P(GpuExperts, GathersRowsForGateAndUp) {
  for (int64_t tokens : GetParam().tokens()) {
    Layer layer(GetParam(), tokens);
    GpuChain chain(GetParam());
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
    GpuChain chain(GetParam());
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

TEST_P(GpuRouter, KeepsTheNormWhereNobodyElseReadsIt) {
  Router router{{3}, GetParam(), 300};
  GpuChain chain;
  router.addSteps(chain);
  const GpuChain::Names operands = {"x0", "nw", "gate", "bias"};
  chain.expectSameGroup(operands, {"p", "plan"}, router.tokens);
  chain.expectSameGroup(operands, {"plan"}, router.tokens);
}

TEST_P(GpuExperts, RoutesBeforeGateAndUp) {
  for (int64_t tokens : GetParam().tokens()) {
    SCOPED_TRACE(std::to_string(tokens) + " tokens");
    Layer layer(GetParam(), tokens);
    GpuChain chain(GetParam());
    Router{{tokens}, layer.weight, layer.hidden}.addSteps(chain);
    layer.addGateUp(chain);
    chain.expectSameGroup({"x0", "nw", "gate", "bias", "w1", "w3"},
                          {"x", "p", "plan", "h"}, tokens);
  }
}
