//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of matrix products for GPUs: single ones against the order of
/// summation that is promised, groups against the chain of their operations.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/GpuChain.h"
#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulCases.h"
#include "test/codegen/TestCache.h"

#include <gmock/gmock.h>

#include <cmath>

using namespace moec::test;
using testing::HasSubstr;

class GpuProduct : public testing::TestWithParam<ProductCase> {};
INSTANTIATE_TEST_SUITE_P(Cases, GpuProduct, testing::ValuesIn(productCases),
                         caseName);
class GpuExactProduct : public WeightElement {};
INSTANTIATE_TEST_SUITE_P(Weights, GpuExactProduct,
                         testing::Values(Element::F32, Element::F16,
                                         Element::BF16),
                         elementName);

//===----------------------------------------------------------------------===//
// Single products
//===----------------------------------------------------------------------===//

static void expectExactLinear(Element weight, int64_t n, int64_t k,
                              int64_t rows) {
  SCOPED_TRACE(std::to_string(n) + "x" + std::to_string(k) + ", " +
               std::to_string(rows) + " rows");
  Matrix x(activationOf(weight), rows, k, 1), w(weight, n, k, 2);
  TestTensor y = nothing(Element::F32, rows * n);
  std::string text = KernelText{{{"%x", rowsOf(k, activationOf(weight))},
                                 {"%w", matrixOf({n, k}, weight)}},
                                "  %y = decoder.linear %x, %w : " +
                                    rowsOf(k, activationOf(weight)) + ", " +
                                    matrixOf({n, k}, weight) + " -> " +
                                    rowsOf(n, Element::F32) + "\n",
                                {{"%y", rowsOf(n, Element::F32)}}}
                         .text();
  GpuKernel kernel(text, "sm_80");
  kernel.run({reads(x.elements), reads(w.elements), writes(y)}, rows);
  std::vector<float> expected;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < n; ++c)
      expected.push_back(chain(x, r, w, c));
  EXPECT_TRUE(sameBits(values(y), expected.data(), rows * n));
}

TEST_P(GpuExactProduct, IsOneChainInTheOrderOfTheCpu) {
  for (auto [n, k] : {std::pair<int64_t, int64_t>{1, 1}, {33, 46}, {70, 101}})
    for (int64_t rows : {1, 5, 70})
      expectExactLinear(GetParam(), n, k, rows);
}

//===----------------------------------------------------------------------===//
// Groups
//===----------------------------------------------------------------------===//

TEST_P(GpuProduct, AddsAResidual) {
  int64_t n = 75, k = GetParam().hidden, rows = GetParam().tokens().back();
  Element weight = GetParam().weight, x = activationOf(weight);
  GpuChain chain(GetParam());
  chain.input("x", rowsOf(k, x), random(x, rows * k, 1));
  chain.input("w", matrixOf({n, k}, weight), random(weight, n * k, 2));
  chain.input("r", rowsOf(n, Element::F32), random(Element::F32, rows * n, 3));
  for (const char *name : {"s", "y"})
    chain.result(name, rowsOf(n, Element::F32),
                 nothing(Element::F32, rows * n));
  chain.step("%s = decoder.linear %x, %w : $x, $w -> $s", {"x", "w"}, {"s"},
             rows);
  chain.step("%y = decoder.add %r, %s : $y", {"r", "s"}, {"y"}, rows);
  chain.expectSameGroup({"x", "w", "r"}, {"y"}, rows);
}

//===----------------------------------------------------------------------===//
// Heads
//===----------------------------------------------------------------------===//

namespace {

/// Projections to 3 query heads and one head of keys and values.
struct Projections {
  ProductCase how;
  int64_t headDim, tokens = how.tokens().back(), hidden = how.hidden;
  Element weight = how.weight;

  Element activation() const { return activationOf(weight); }
  int64_t heads(char which) const { return which == 'q' ? 3 : 1; }
  void addProducts(GpuChain &chain) const;
};

} // namespace

/// From %x to %q, %k and %v.
void Projections::addProducts(GpuChain &chain) const {
  for (char which : {'q', 'k', 'v'}) {
    std::string name(1, which);
    int64_t n = heads(which) * headDim;
    chain.input("w" + name, matrixOf({n, hidden}, weight),
                random(weight, n * hidden, which));
    chain.result(name, rowsOf(n, Element::F32),
                 nothing(Element::F32, tokens * n));
    chain.step("%" + name + " = decoder.linear %x, %w" + name + " : $x, $w" +
                   name + " -> $" + name,
               {"x", "w" + name}, {name}, tokens);
  }
}

TEST_P(GpuProduct, ComputesProductsOfTheSameRows) {
  Projections shape = {GetParam(), 33};
  GpuChain chain(GetParam());
  chain.input("x", rowsOf(shape.hidden, shape.activation()),
              random(shape.activation(), shape.tokens * shape.hidden, 1));
  shape.addProducts(chain);
  chain.expectSameGroup({"x", "wq", "wk", "wv"}, {"q", "k", "v"}, shape.tokens);
}

static void expectRotatedAndAppended(const Projections &shape, bool withNorm) {
  SCOPED_TRACE("heads of " + std::to_string(shape.headDim));
  TestCache cache(shape.activation(), 1, shape.headDim, 2, 3);
  cache.pages().fill(0);
  std::vector<Place> places;
  for (int64_t t = 0; t < shape.tokens; ++t)
    places.push_back(t % 3 ? Place{0, int32_t(20 + t)} : Place{1, int32_t(t)});
  TestBatch batch(places, cache);
  GpuChain chain(shape.how);
  chain.batch(batch.batch);
  std::string rows = rowsOf(shape.hidden, shape.activation());
  GpuChain::Names operands = {"x"}, results;
  if (withNorm) {
    chain.input("x0", rowsOf(shape.hidden, Element::F32),
                random(Element::F32, shape.tokens * shape.hidden, 1));
    chain.input("nw", vectorOf(shape.hidden, Element::F32),
                random(Element::F32, shape.hidden, 2));
    chain.result("x", rows,
                 nothing(shape.activation(), shape.tokens * shape.hidden));
    chain.step("%x = decoder.rms_norm %x0, %nw epsilon(1.0e-05) : $x0, $nw -> "
               "$x",
               {"x0", "nw"}, {"x"}, shape.tokens);
    operands = {"x0", "nw"};
    results = {"x"};
  } else {
    chain.input("x", rows,
                random(shape.activation(), shape.tokens * shape.hidden, 1));
  }
  shape.addProducts(chain);
  chain.input("cache", cache.type(), cache.pages());
  chain.result("after", cache.type(), cache.pages());
  for (std::string name : {"q", "k"}) {
    int64_t n = shape.heads(name[0]) * shape.headDim;
    chain.result(name + "r", rowsOf(n, Element::F32),
                 nothing(Element::F32, shape.tokens * n));
    chain.step("%" + name + "r = decoder.rope %" + name + ", %batch head_dim(" +
                   std::to_string(shape.headDim) + ") theta(1.0e+06) : $" +
                   name,
               {name, "batch"}, {name + "r"}, shape.tokens);
  }
  chain.step("%after = decoder.append_kv %cache, %kr, %v, %batch layer(0) : "
             "$cache, $kr",
             {"cache", "kr", "v", "batch"}, {"after"}, shape.tokens);
  for (const char *name : {"wq", "wk", "wv", "batch", "cache"})
    operands.push_back(name);
  results.push_back("qr");
  results.push_back("after");
  chain.expectSameGroup(operands, results, shape.tokens);
}

TEST_P(GpuProduct, RotatesAndAppendsHeads) {
  for (int64_t headDim : {2, 36, 64, 80, 128, 256})
    expectRotatedAndAppended({GetParam(), headDim}, false);
}

TEST_P(GpuProduct, NormsRowsBeforeProducts) {
  for (int64_t tokens : GetParam().tokens())
    expectRotatedAndAppended({GetParam(), 32, tokens}, true);
}

//===----------------------------------------------------------------------===//
// The best logits
//===----------------------------------------------------------------------===//

TEST_P(GpuProduct, KeepsTheBestOfEachPart) {
  int64_t rows = GetParam().tokens().back(), k = GetParam().hidden;
  int64_t n = 300, part = 128, kept = 3 * 5;
  Element weight = GetParam().weight, x = activationOf(weight);
  GpuChain chain(GetParam());
  chain.input("x", rowsOf(k, x), random(x, rows * k, 1));
  // Two columns of one part are the same, so that their logits tie.
  TestTensor &w =
      chain.input("w", matrixOf({n, k}, weight), random(weight, n * k, 2));
  for (int64_t i = 0; i < k; ++i)
    w.set(20 * k + i, w.get(10 * k + i));
  chain.result("l", rowsOf(n, Element::F32), nothing(Element::F32, rows * n));
  chain.result("t", rowsOf(kept, Element::F32),
               nothing(Element::F32, rows * kept));
  chain.result("i", rowsOf(kept, Element::I32),
               nothing(Element::I32, rows * kept));
  chain.step("%l = decoder.linear %x, %w : $x, $w -> $l", {"x", "w"}, {"l"},
             rows);
  chain.step("%t, %i = decoder.part_top %l k(5) part(" + std::to_string(part) +
                 ") : $l -> $t, $i",
             {"l"}, {"t", "i"}, rows);
  chain.expectSameGroup({"x", "w"}, {"t", "i"}, rows);
}

TEST(GpuProductTop, ReportsALogitThatIsNoNumber) {
  GpuChain chain;
  chain.input("x", rowsOf(8, Element::F32), random(Element::F32, 24, 1))
      .set(9, NAN);
  chain.input("w", matrixOf({20, 8}, Element::F32),
              random(Element::F32, 160, 2));
  chain.result("l", rowsOf(20, Element::F32), nothing(Element::F32, 60));
  chain.result("t", rowsOf(2, Element::F32), nothing(Element::F32, 6));
  chain.result("i", rowsOf(2, Element::I32), nothing(Element::I32, 6));
  chain.step("%l = decoder.linear %x, %w : $x, $w -> $l", {}, {}, 3);
  chain.step("%t, %i = decoder.part_top %l k(2) part(32) : $l -> $t, $i", {},
             {}, 3);
  GpuKernel kernel(chain.group({"x", "w"}, {"t", "i"}), "sm_80");
  EXPECT_EQ(kernel.run(chain.arguments({"x", "w"}, {"t", "i"}), 3),
            MOERT_KERNEL_LOGIT_NAN);
}

//===----------------------------------------------------------------------===//
// Errors
//===----------------------------------------------------------------------===//

static std::string gpuError(const std::string &module) {
  try {
    GpuKernel(module, "sm_86");
  } catch (const std::runtime_error &error) {
    return error.what();
  }
  return "";
}

/// A product of 64 columns, and another of the same x.
static std::string twoProducts(const std::string &first,
                               const std::string &second) {
  return "exec.kernel @k {\n^bb0(%x: tensor<?x64xf32>, %v: " + first +
         ", %w: " + second +
         "):\n  %a = decoder.linear %x, %v : tensor<?x64xf32>, " + first +
         " -> tensor<?x32xf32>\n  %b = decoder.linear %x, %w : "
         "tensor<?x64xf32>, " +
         second +
         " -> tensor<?x32xf32>\n  exec.yield %a, %b : tensor<?x32xf32>, "
         "tensor<?x32xf32>\n}\n";
}

TEST(GpuProductErrors, AllWeightsMustHaveOneElementType) {
  EXPECT_THAT(
      gpuError(twoProducts("tensor<32x64xf32>", "tensor<32x64xf16>")),
      HasSubstr("has weights 'tensor<32x64xf16>' beside 'tensor<32x64xf32>'"));
}

TEST(GpuProductErrors, WhatABlockKeepsMustFitItsSharedMemory) {
  std::string part = R"(exec.kernel @k {
^bb0(%x: tensor<?x64xf32>, %w: tensor<512x64xf32>):
  %l = decoder.linear %x, %w : tensor<?x64xf32>, tensor<512x64xf32> -> tensor<?x512xf32>
  %t, %i = decoder.part_top %l k(1) part(512) : tensor<?x512xf32> -> tensor<?x1xf32>, tensor<?x1xi32>
  exec.yield %t, %i : tensor<?x1xf32>, tensor<?x1xi32>
})";
  EXPECT_THAT(gpuError(part), HasSubstr("bytes of shared memory; a block of "
                                        "sm_86 has 101376"));
}

TEST(GpuProductErrors, AGroupWithoutAKernelIsNamed) {
  EXPECT_THAT(gpuError(R"(exec.kernel @k {
^bb0(%x: tensor<?x64xf32>):
  %p = exec.pack %x : tensor<?x64xf32> -> tensor<?x64xf32, #exec.row_blocks<12, 256, 4>>
  exec.yield %p : tensor<?x64xf32, #exec.row_blocks<12, 256, 4>>
})"),
              HasSubstr("has no kernel builder for exec.pack"));
}

TEST(GpuProductErrors, ExpertsMustBeScoredWhereTheyAreChosen) {
  EXPECT_THAT(gpuError(R"(exec.kernel @k {
^bb0(%l: tensor<?x4xf32>, %x: tensor<?x8xf32>, %w: tensor<4x8x8xf32>):
  %e, %p = moe.top_k %l k(2) score(softmax) : tensor<?x4xf32> -> tensor<?x2xi32>, tensor<?x2xf32>
  %plan = moe.dispatch %e : tensor<?x2xi32> -> !moe.plan<4, 2>
  %xs = moe.permute %x, %plan : tensor<?x8xf32>, !moe.plan<4, 2> -> tensor<?x8xf32>
  %g = moe.grouped_linear %xs, %w, %plan : tensor<?x8xf32>, tensor<4x8x8xf32>, !moe.plan<4, 2> -> tensor<?x8xf32>
  exec.yield %p, %plan, %g : tensor<?x2xf32>, !moe.plan<4, 2>, tensor<?x8xf32>
})"),
              HasSubstr("chooses experts before products, but does not score "
                        "them"));
}
