//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of products with the norm before them, the cache, or the best logits
/// after them: the bits of the kernels of their single operations.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/CpuChain.h"
#include "test/codegen/TestCache.h"

#include <gtest/gtest.h>

#include <cmath>

using namespace moec::test;

namespace {

constexpr int64_t manyTokens = 130;
/// Of steps, around the borders of regimes and of tiles.
constexpr int64_t tokenCounts[] = {1, 2, 7, 8, 9, 13, 63, 64, 65, manyTokens};

/// Adds %x [T, hidden], what products read: of the norm of %x0 or, without, as
/// it is. Returns the operands.
CpuChain::Names addActivations(CpuChain &chain, Element weight, int64_t hidden,
                               bool norm) {
  Element activation = activationOf(weight);
  if (!norm) {
    chain.randomRows("x", activation, hidden);
    return {"x"};
  }
  chain.randomRows("x0", Element::F32, hidden);
  chain.value("nw", vectorOf(hidden, weight),
              TestTensor(weight, hidden).randomize(1));
  chain.rows("x", activation, hidden);
  chain.step("%x = decoder.rms_norm %x0, %nw epsilon(1.0e-05) : $x0, $nw -> $x",
             {"x0", "nw"}, {"x"});
  return {"x0", "nw"};
}

CpuChain::Names joined(CpuChain::Names names, const CpuChain::Names &more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

/// What the prologue makes is a result, too.
CpuChain::Names withNorm(bool norm, const CpuChain::Names &results) {
  return norm ? joined({"x"}, results) : results;
}

void expectSameBits(CpuChain &chain) {
  for (int64_t tokens : tokenCounts)
    EXPECT_EQ(chain.expectSameBits(tokens), MOERT_KERNEL_OK);
}

} // namespace

//===----------------------------------------------------------------------===//
// qkv-cache
//===----------------------------------------------------------------------===//

namespace {

struct Projections {
  int64_t queries, keys, headDim, hidden;
  Element weight, cache;
  bool norm;
};

/// Tokens of three sequences, which cross pages.
std::vector<Place> somePlaces() {
  std::vector<Place> places;
  for (int32_t i = 0; i < manyTokens; ++i)
    places.push_back({i % 3, 17 * (i % 3) + i / 3});
  return places;
}

class QKVCacheGroup : public testing::TestWithParam<Projections> {};

} // namespace

TEST_P(QKVCacheGroup, HasTheBitsOfTheChain) {
  const Projections &shape = GetParam();
  TestCache cache(shape.cache, shape.keys, shape.headDim, 3, 4);
  TestBatch batch(somePlaces(), cache);
  CpuChain chain(manyTokens);
  auto operands = addActivations(chain, shape.weight, shape.hidden, shape.norm);
  int64_t width = shape.keys * shape.headDim;
  chain.batch(batch.batch);
  chain.value("cache", cache.type(), cache.pages());
  chain.sameMemory("after", "cache");
  chain.linear("q", "x",
               {shape.weight, shape.queries * shape.headDim, shape.hidden});
  chain.linear("k", "x", {shape.weight, width, shape.hidden});
  chain.linear("v", "x", {shape.weight, width, shape.hidden});
  chain.rows("qr", Element::F32, shape.queries * shape.headDim);
  chain.rows("kr", Element::F32, width);
  std::string rope =
      ", %batch head_dim(" + std::to_string(shape.headDim) + ") theta(1.0e+04)";
  chain.step("%qr = decoder.rope %q" + rope + " : $q", {"q", "batch"}, {"qr"});
  chain.step("%kr = decoder.rope %k" + rope + " : $k", {"k", "batch"}, {"kr"});
  chain.step("%after = decoder.append_kv %cache, %kr, %v, %batch layer(0) : "
             "$cache, $kr",
             {"cache", "kr", "v", "batch"}, {"after"});
  chain.compile(joined(operands, {"wq", "wk", "wv", "batch", "cache"}),
                withNorm(shape.norm, {"qr", "after"}));
  expectSameBits(chain);
}

static const Projections projections[] = {
    {4, 2, 32, 64, Element::BF16, Element::BF16, false},
    {4, 2, 32, 64, Element::BF16, Element::BF16, true},
    {3, 1, 36, 37, Element::F32, Element::F32, true},
    {2, 2, 128, 301, Element::F16, Element::F16, true},
    {8, 1, 2, 530, Element::BF16, Element::BF16, true},
    {5, 5, 14, 1, Element::F32, Element::F32, false},
};
INSTANTIATE_TEST_SUITE_P(Shapes, QKVCacheGroup, testing::ValuesIn(projections));

//===----------------------------------------------------------------------===//
// norm-products
//===----------------------------------------------------------------------===//

class NormProductsGroup : public testing::TestWithParam<MatmulText> {};

TEST_P(NormProductsGroup, GatesWithTheBitsOfTheChain) {
  MatmulText shape = GetParam();
  CpuChain chain(manyTokens);
  auto operands = addActivations(chain, shape.weight, shape.k, true);
  chain.linear("g", "x", shape);
  chain.linear("u", "x", shape);
  chain.rows("h", activationOf(shape.weight), shape.n);
  chain.step("%h = decoder.swiglu %g, %u : $g -> $h", {"g", "u"}, {"h"});
  chain.compile(joined(operands, {"wg", "wu"}), {"x", "h"});
  expectSameBits(chain);
}

TEST_P(NormProductsGroup, MultipliesWithTheBitsOfTheChain) {
  MatmulText shape = GetParam();
  CpuChain chain(manyTokens);
  auto operands = addActivations(chain, shape.weight, shape.k, true);
  chain.linear("q", "x", shape);
  chain.linear("k", "x", {shape.weight, shape.n + 31, shape.k});
  chain.linear("v", "x", {shape.weight, 1, shape.k});
  chain.compile(joined(operands, {"wq", "wk", "wv"}), {"x", "q", "k", "v"});
  expectSameBits(chain);
}

// A single column, and one beyond a vector: LLVM 22 stores 32 bits of a bf16.
static const MatmulText products[] = {
    {Element::BF16, 70, 601}, {Element::BF16, 17, 1}, {Element::BF16, 1, 256},
    {Element::F16, 75, 300},  {Element::F32, 33, 46},
};
INSTANTIATE_TEST_SUITE_P(Shapes, NormProductsGroup,
                         testing::ValuesIn(products));

//===----------------------------------------------------------------------===//
// head-top
//===----------------------------------------------------------------------===//

namespace {

struct Head {
  MatmulText shape;
  int64_t k, part;
  bool norm;
};

/// linear and part_top, after a norm or not.
class HeadTopGroup : public testing::TestWithParam<Head> {
protected:
  Head head = GetParam();
  CpuChain chain{manyTokens};
  std::string input = head.norm ? "x0" : "x";

  void SetUp() override {
    auto operands =
        addActivations(chain, head.shape.weight, head.shape.k, head.norm);
    int64_t parts = (head.shape.n + head.part - 1) / head.part;
    chain.linear("l", "x", head.shape);
    chain.rows("t", Element::F32, parts * head.k);
    chain.rows("i", Element::I32, parts * head.k);
    chain.step("%t, %i = decoder.part_top %l k(" + std::to_string(head.k) +
                   ") part(" + std::to_string(head.part) + ") : $l -> $t, $i",
               {"l"}, {"t", "i"});
    chain.compile(joined(operands, {"wl"}), withNorm(head.norm, {"t", "i"}));
  }
};

} // namespace

TEST_P(HeadTopGroup, HasTheBitsOfTheChain) {
  expectSameBits(chain);
  // NaN spoils its own row, and is reported.
  chain[input].set(5 * head.shape.k, NAN);
  EXPECT_EQ(chain.expectSameBits(5), MOERT_KERNEL_OK);
  EXPECT_EQ(chain.expectSameBits(9), MOERT_KERNEL_LOGIT_NAN);
}

TEST_P(HeadTopGroup, TheLowerTokenWinsATie) {
  // All logits are 0.
  chain[input].fill(0);
  expectSameBits(chain);
  int64_t parts = (head.shape.n + head.part - 1) / head.part;
  for (int64_t part = 0; part < parts; ++part)
    for (int64_t j = 0; j < std::min(head.k, head.shape.n - part * head.part);
         ++j)
      EXPECT_EQ(chain["i"].get(part * head.k + j),
                double(part * head.part + j));
}

static const Head heads[] = {
    {{Element::BF16, 330, 301}, 3, 256, true},
    {{Element::F16, 33, 40}, 1, 64, false},
    {{Element::F32, 64, 257}, 8, 32, true},
    {{Element::BF16, 600, 64}, 64, 64, false},
};
INSTANTIATE_TEST_SUITE_P(Shapes, HeadTopGroup, testing::ValuesIn(heads));
