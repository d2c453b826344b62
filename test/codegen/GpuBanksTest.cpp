//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Bank conflicts that the emulated device counts in kernels of each kind: as
/// many as GpuLayoutTest proves of their layouts.
///
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/BankConflicts.h"
#include "test/codegen/AttentionCase.h"
#include "test/codegen/GpuChain.h"
#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulCases.h"
#include "test/codegen/RouterChain.h"

using namespace moec;
using namespace moec::test;

namespace {

/// Wavefronts beyond the least, for each access of the instructions that have
/// any: {"st.shared.b32", 1}.
using Conflicts = std::map<std::string, double>;

} // namespace

static Conflicts countConflicts(const GpuKernel &kernel,
                                const std::vector<Argument> &arguments,
                                int64_t rows) {
  emulator::BankConflicts banks;
  GpuMode mode;
  mode.monitor = &banks;
  kernel.run(arguments, rows, mode);
  Conflicts conflicts;
  uint64_t accesses = 0;
  for (const emulator::BankCount &count : banks.counts()) {
    accesses += count.accesses;
    double each = double(count.conflicts()) / double(count.accesses);
    if (each > 0)
      conflicts[count.instruction] =
          std::max(conflicts[count.instruction], each);
  }
  EXPECT_GT(accesses, 0u) << "the kernel uses no shared memory";
  return conflicts;
}

TEST(GpuBanks, ProductsOnTensorCoresHaveNoConflicts) {
  for (int64_t tokens : {8, 16, 64, 512}) {
    int64_t rows = std::min<int64_t>(tokens, 150);
    GpuChain chain = linearChain(200, 640, rows, tokens);
    GpuKernel kernel(chain.group({"x", "w"}, {"y"}), "sm_80");
    EXPECT_EQ(countConflicts(kernel, chain.arguments({"x", "w"}, {"y"}), rows),
              Conflicts())
        << tokens << " tokens";
  }
}

TEST(GpuBanks, ExactProductsHaveNoConflicts) {
  GpuChain chain = linearChain(70, 70, 70, 0);
  GpuKernel kernel(chain.group({"x", "w"}, {"y"}), "sm_80");
  EXPECT_EQ(countConflicts(kernel, chain.arguments({"x", "w"}, {"y"}), 70),
            Conflicts());
}

TEST(GpuBanks, TwoProductsOfOneResultHaveNoConflicts) {
  for (int64_t tokens : {8, 64, 512}) {
    int64_t rows = std::min<int64_t>(tokens, 130);
    GpuChain chain(tokens);
    chain.input("x", rowsOf(136, Element::BF16),
                random(Element::BF16, rows * 136, 1));
    for (std::string name : {"g", "u"}) {
      chain.input("w" + name, matrixOf({72, 136}, Element::BF16),
                  random(Element::BF16, 72 * 136, name[0]));
      chain.result(name, rowsOf(72, Element::F32),
                   nothing(Element::F32, rows * 72));
      chain.step("%" + name + " = decoder.linear %x, %w" + name + " : $x, $w" +
                     name + " -> $" + name,
                 {"x", "w" + name}, {name}, rows);
    }
    chain.result("h", rowsOf(72, Element::BF16),
                 nothing(Element::BF16, rows * 72));
    chain.step("%h = decoder.swiglu %g, %u : $g -> $h", {"g", "u"}, {"h"},
               rows);
    GpuChain::Names operands = {"x", "wg", "wu"};
    GpuKernel kernel(chain.group(operands, {"h"}), "sm_80");
    EXPECT_EQ(countConflicts(kernel, chain.arguments(operands, {"h"}), rows),
              Conflicts())
        << tokens << " tokens";
  }
}

/// Half of a warp reads a row's head of 32, the other half the next one: two
/// turns. Wider heads are read by whole warps.
TEST(GpuBanks, HeadsOf64AndMoreHaveNoConflicts) {
  for (int64_t headDim : {32, 64, 128}) {
    constexpr int64_t rows = 20, hidden = 64;
    int64_t n = 256;
    GpuChain chain(64);
    TestCache cache(Element::BF16, 1, headDim, 1, 1);
    TestBatch batch(std::vector<Place>(rows), cache);
    chain.batch(batch.batch);
    chain.input("x", rowsOf(hidden, Element::BF16),
                random(Element::BF16, rows * hidden, 1));
    chain.input("w", matrixOf({n, hidden}, Element::BF16),
                random(Element::BF16, n * hidden, 2));
    for (const char *name : {"q", "y"})
      chain.result(name, rowsOf(n, Element::F32),
                   nothing(Element::F32, rows * n));
    chain.step("%q = decoder.linear %x, %w : $x, $w -> $q", {"x", "w"}, {"q"},
               rows);
    chain.step("%y = decoder.rope %q, %batch head_dim(" +
                   std::to_string(headDim) + ") theta(1.0e+06) : $q",
               {"q", "batch"}, {"y"}, rows);
    GpuChain::Names operands = {"x", "w", "batch"};
    GpuKernel kernel(chain.group(operands, {"y"}), "sm_80");
    Conflicts expected;
    if (headDim == 32)
      expected["ld.shared.b32"] = 1;
    EXPECT_EQ(countConflicts(kernel, chain.arguments(operands, {"y"}), rows),
              expected)
        << "heads of " << headDim;
  }
}

/// Of Mixtral's heads, by classes of pages, by tokens alone and by tiles, and
/// on tensor cores.
class GpuBanksOfAttention
    : public testing::TestWithParam<std::pair<const char *, int64_t>> {};

TEST_P(GpuBanksOfAttention, HaveNoConflicts) {
  auto [target, maxTokens] = GetParam();
  AttentionCase shape = {1, 4, 128, Element::BF16, Element::BF16};
  shape.maxTokens = maxTokens;
  TestCache cache(shape.cacheType, 1, 128, 1, 4);
  fillSequence(cache, 0, 100);
  for (int32_t tokens : {1, 16}) {
    std::vector<Place> places;
    for (int32_t t = 0; t < tokens; ++t)
      places.push_back({0, 80 + t});
    TestTensor queries(Element::F32, tokens * shape.width());
    setQueries(queries, places, shape.width());
    TestTensor y = nothing(shape.resultType, tokens * shape.width());
    TestBatch batch(places, cache);
    GpuKernel kernel(shape.module(cache), target);
    EXPECT_EQ(countConflicts(kernel,
                             {reads(queries), reads(cache.pages()),
                              reads(batch.batch), writes(y)},
                             tokens),
              Conflicts())
        << tokens << " tokens";
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, GpuBanksOfAttention,
                         testing::Values(std::pair("sm_80", 64),
                                         std::pair("sm_80, batch", 512),
                                         std::pair("sm_80", 512),
                                         std::pair("sm_86", 512)));

/// Each lane multiplies 8 neighbouring elements of the row, 4 at a time, so
/// that eight lanes meet 16 banks: two turns for each of four parts of a warp.
/// The row is in the order that its norm reads.
TEST(GpuBanks, RoutersLoadTheRowInTwoTurns) {
  RouterLayer layer = {8, 512, 2, Element::BF16};
  RouterChain chain(layer);
  constexpr int64_t tokens = 20;
  RouterValues values(layer, tokens);
  values.x.randomize(1);
  KernelText text = {layer.operands(),
                     layer.normOp() + layer.routing(),
                     {{"%p", layer.weights()},
                      {"%y", layer.normed()},
                      {"%plan", layer.plan()}}};
  GpuKernel kernel(text.text(), "sm_80");
  EXPECT_EQ(countConflicts(kernel,
                           {reads(values.x), reads(chain.normWeight),
                            reads(chain.gate.elements), writes(values.weights),
                            writes(values.normed), writes(values.plan)},
                           tokens),
            (Conflicts{{"ld.shared.v4.b32", 4}}));
}
