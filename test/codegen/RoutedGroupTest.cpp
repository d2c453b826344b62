//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels that choose experts and gate their rows: the bits of the kernels of
/// their single operations.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/CpuChain.h"
#include "test/codegen/RouterChain.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

namespace {

constexpr int64_t manyTokens = 130;

struct Layer {
  RouterLayer router;
  int64_t inner;
  bool norm = true;
};

/// norm, router, top_k, dispatch, permute, two products and swiglu.
class RoutedChain : public CpuChain {
public:
  explicit RoutedChain(const Layer &layer) : CpuChain(manyTokens) {
    const RouterLayer &router = layer.router;
    Names operands = addActivations(layer);
    addRouting(router);
    rows("xs", router.activation(), router.hidden, router.k);
    step("%xs = moe.permute %x, %plan : $x, $plan -> $xs", {"x", "plan"},
         {"xs"}, router.k);
    MatmulText shape = {router.weight, layer.inner, router.hidden};
    expertLinear("g", "xs", router.experts, shape, router.k);
    expertLinear("u", "xs", router.experts, shape, router.k);
    rows("h", router.activation(), layer.inner, router.k);
    step("%h = decoder.swiglu %g, %u : $g -> $h", {"g", "u"}, {"h"}, router.k);
    Names results = {"p", "plan", "h"};
    if (layer.norm)
      results.insert(results.begin(), "x");
    for (const char *name : {"gate", "wg", "wu"})
      operands.push_back(name);
    compile(operands, results);
  }

private:
  Names addActivations(const Layer &layer) {
    const RouterLayer &router = layer.router;
    if (!layer.norm) {
      randomRows("x", router.activation(), router.hidden);
      return {"x"};
    }
    randomRows("x0", Element::F32, router.hidden);
    value("nw", router.normWeight(),
          TestTensor(Element::F32, router.hidden).randomize(1));
    rows("x", router.activation(), router.hidden);
    step("%x = decoder.rms_norm %x0, %nw epsilon(1.0e-05) : $x0, $nw -> $x",
         {"x0", "nw"}, {"x"});
    return {"x0", "nw"};
  }

  /// Alone, a router multiplies packed rows and panels; in a group, rows as
  /// they are.
  void addRouting(const RouterLayer &router) {
    MatmulText product = {router.weight, router.experts, router.hidden};
    Matrix gate(router.weight, router.experts, router.hidden, 3);
    value("gate", router.gate(), gate.elements);
    value("gatep", product.panelType(), packPanels(gate, 1));
    value("xp", product.packedType(),
          TestTensor(router.activation(),
                     manyTokens * padded(router.hidden, router.weight)));
    rows("l", Element::F32, router.experts);
    rows("e", Element::I32, router.k);
    rows("p", Element::F32, router.k);
    value("plan", router.plan(),
          TestTensor(Element::I32,
                     router.experts + 1 + 2 * manyTokens * router.k));
    alone("%xp = exec.pack %x : $x -> $xp", {"x"}, {"xp"});
    alone("%l = moe.router %xp, %gatep : $xp, $gatep -> $l", {"xp", "gatep"},
          {"l"});
    grouped("%l = moe.router %x, %gate : $x, $gate -> $l");
    step("%e, %p = moe.top_k %l k(" + std::to_string(router.k) + ") score(" +
             router.score + " : $l -> $e, $p",
         {"l"}, {"e", "p"});
    step("%plan = moe.dispatch %e : $e -> $plan", {"e"}, {"plan"});
  }
};

class RoutedGroup : public testing::TestWithParam<Layer> {};

} // namespace

TEST_P(RoutedGroup, HasTheBitsOfTheChain) {
  RoutedChain chain(GetParam());
  const RouterLayer &router = GetParam().router;
  for (int64_t tokens : {1, 2, 4, 7, 8, 9, 16, 17, 63, 64, 65, 130})
    EXPECT_EQ(chain.expectSameBits(tokens), MOERT_KERNEL_OK);
  // NaN is reported; there is a plan all the same.
  chain[GetParam().norm ? "x0" : "x"].set(5 * router.hidden, NAN);
  EXPECT_EQ(chain.expectSameBits(5), MOERT_KERNEL_OK);
  EXPECT_EQ(chain.expectSameBits(9), MOERT_KERNEL_ROUTER_NAN);
  EXPECT_EQ(chain["plan"].get(router.experts), 9 * router.k);
}

/// Zeros score each alike: the first k experts take all rows, others none.
TEST_P(RoutedGroup, HasTheBitsOfTheChainWhereScoresAreEqual) {
  RoutedChain chain(GetParam());
  const RouterLayer &router = GetParam().router;
  chain[GetParam().norm ? "x0" : "x"].fill(0);
  for (int64_t tokens : {1, 8, 65}) {
    EXPECT_EQ(chain.expectSameBits(tokens), MOERT_KERNEL_OK);
    for (int64_t e = 0; e <= router.experts; ++e)
      EXPECT_EQ(chain["plan"].get(e), tokens * std::min(e, router.k));
  }
}

static const Layer layers[] = {
    {{8, 64, 2, Element::BF16}, 70},
    {{64, 301, 4, Element::BF16}, 33},
    {{5, 37, 3, Element::BF16}, 1, /*norm=*/false},
    {{1, 16, 1, Element::F32}, 40},
    {{8, 257, 1, Element::F32, false, "sigmoid)"}, 96},
    {{4, 48, 4, Element::F16, false, "softmax)"}, 129},
    {{60, 96, 2, Element::F32}, 31, /*norm=*/false},
};
INSTANTIATE_TEST_SUITE_P(Layers, RoutedGroup, testing::ValuesIn(layers));
