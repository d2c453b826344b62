//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Layouts of shared memory: for each that kernels say they have, that every
/// instruction which uses it meets as few bank conflicts as is promised; and
/// that the emulated device counts as many in the kernels.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/AttentionWarp.h"
#include "codegen/nvidia/ProductStage.h"
#include "codegen/nvidia/SharedLayout.h"
#include "runtime/emulator/check/BankConflicts.h"
#include "test/codegen/AttentionCase.h"
#include "test/codegen/GpuChain.h"
#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulCases.h"
#include "test/codegen/RouterChain.h"

#include <functional>
#include <set>

using namespace moec;
using namespace moec::test;

//===----------------------------------------------------------------------===//
// Proofs
//===----------------------------------------------------------------------===//

namespace {

using Layout = exec::SharedLayoutAttr;
/// The byte of shared memory that a lane begins at.
using Address = std::function<int64_t(int64_t lane)>;

} // namespace

/// The most turns that lanes take who are served at once: 32 for up to 4 bytes
/// each, 16 for 8, 8 for 16. In a turn each of 32 banks gives one word. 1: no
/// conflicts. Source: CUDA C++ Best Practices Guide, "Shared Memory and Memory
/// Banks".
static size_t turns(int64_t bytes, const Address &address) {
  int64_t together = bytes == 16 ? 8 : bytes == 8 ? 16 : 32;
  size_t most = 0;
  for (int64_t first = 0; first < 32; first += together) {
    std::map<int64_t, std::set<int64_t>> wordsOf;
    for (int64_t lane = first; lane < first + together; ++lane)
      for (int64_t byte = 0; byte < bytes; byte += 4) {
        int64_t word = (address(lane) + byte) / 4;
        wordsOf[word % 32].insert(word);
      }
    for (const auto &[bank, words] : wordsOf)
      most = std::max(most, words.size());
  }
  return most;
}

static Layout layoutOf(const GpuKernel &kernel, llvm::StringRef name) {
  for (Layout layout : kernel.plan().layouts)
    if (layout.getName() == name)
      return layout;
  throw std::runtime_error("the kernel has no layout " + name.str());
}

/// y = x w^T, of bf16 for steps of up to `tokens`, or of f32.
static GpuChain linear(int64_t n, int64_t k, int64_t rows, int64_t tokens) {
  Element element = tokens ? Element::BF16 : Element::F32;
  GpuChain chain(tokens);
  chain.input("x", rowsOf(k, element), random(element, rows * k, 1));
  chain.input("w", matrixOf({n, k}, element), random(element, n * k, 2));
  chain.result("y", rowsOf(n, Element::F32), nothing(Element::F32, rows * n));
  chain.step("%y = decoder.linear %x, %w : $x, $w -> $y", {"x", "w"}, {"y"},
             rows);
  return chain;
}

static GpuKernel linearKernel(int64_t tokens) {
  return {linear(200, 640, 1, tokens).group({"x", "w"}, {"y"}), "sm_90a"};
}

TEST(GpuLayout, HalvesServeCopiesAndLoadsOfChunksAtOnce) {
  for (int64_t tokens : {64, 512}) {
    GpuKernel kernel = linearKernel(tokens);
    Layout layout = layoutOf(kernel, "halves");
    for (int64_t row = 0; row < layout.getRows(); row += 8) {
      // ld.shared.v4 of a lane: chunk lane % 4 of step 0 or 1, row lane / 4.
      for (int64_t step : {0, 1})
        EXPECT_EQ(turns(16,
                        [&](int64_t lane) {
                          return layout.byteOf(row + lane / 4,
                                               64 * step + 16 * (lane % 4));
                        }),
                  1u)
            << "row " << row << ", step " << step;
      // cp.async: the chunks of four rows.
      for (int64_t first : {row, row + 4})
        EXPECT_EQ(turns(16,
                        [&](int64_t lane) {
                          return layout.byteOf(first + lane / 8,
                                               16 * (lane % 8));
                        }),
                  1u)
            << "row " << first;
    }
  }
}

TEST(GpuLayout, EveryChunkHasAPlaceOfItsOwn) {
  GpuKernel kernel = linearKernel(512);
  Layout layout = layoutOf(kernel, "halves");
  std::set<int64_t> places;
  for (int64_t row = 0; row < layout.getRows(); ++row)
    for (int64_t byte = 0; byte < layout.getPitch(); byte += 16)
      places.insert(layout.byteOf(row, byte));
  EXPECT_EQ(int64_t(places.size()), layout.getRows() * layout.getPitch() / 16);
  EXPECT_EQ(*places.begin(), layout.getAt());
  EXPECT_EQ(*places.rbegin(), layout.end() - 16);
}

TEST(GpuLayout, TheLayoutIsWhereTheKernelCopiesTo) {
  GpuKernel kernel = linearKernel(512);
  Layout layout = layoutOf(kernel, "halves");
  for (int64_t row : {0, 1, 6, 9})
    for (int64_t chunk = 0; chunk < 8; ++chunk)
      EXPECT_EQ(HalvesLayout::offset(row, chunk),
                layout.byteOf(row, 16 * chunk));
}

TEST(GpuLayout, LanesServeSumsAndPairsOfThem) {
  GpuKernel kernel = linearKernel(8);
  Layout layout = layoutOf(kernel, "lanes");
  for (int64_t row = 0; row < layout.getRows(); ++row) {
    EXPECT_EQ(
        turns(16, [&](int64_t lane) { return layout.byteOf(row, 16 * lane); }),
        1u);
    for (int64_t warp : {0, 1}) // of a pair, half of a row each
      EXPECT_EQ(turns(8,
                      [&](int64_t lane) {
                        return layout.byteOf(row, 8 * (32 * warp + lane));
                      }),
                1u);
  }
}

/// Of other elements than bf16.
TEST(GpuLayout, SlabsServeStoresAndLoadsOfColumns) {
  GpuKernel kernel = linearKernel(0);
  Layout layout = layoutOf(kernel, "slabs");
  for (int64_t row = 0; row < layout.getRows(); row += 4)
    // st.shared of a lane: k = 4 * (lane % 4) + i, of column lane / 4 and on.
    for (int64_t first = 0; first < 64; first += 8)
      EXPECT_EQ(turns(4,
                      [&](int64_t lane) {
                        return layout.byteOf(row + lane % 4,
                                             4 * (first + lane / 4));
                      }),
                1u);
  for (int64_t row = 0; row < layout.getRows(); ++row) {
    // ld.shared.v4: 16 times four columns; two times four rows.
    EXPECT_EQ(turns(16,
                    [&](int64_t lane) {
                      return layout.byteOf(row, 16 * (lane % 16));
                    }),
              1u);
    EXPECT_EQ(turns(16,
                    [&](int64_t lane) {
                      return layout.byteOf(row, 16 * (lane / 16));
                    }),
              1u);
  }
}

/// A tile of sums for heads or for the best logits, of any width.
TEST(GpuLayout, PaddedServesPairsOfSumsAndColumns) {
  for (int64_t columns : {2, 33, 64, 128, 160}) {
    int64_t pitch = ProductStage::tilePitchOf(columns) * 4;
    mlir::MLIRContext context;
    context.loadDialect<exec::ExecDialect>();
    Layout layout = Layout::get(&context, "padded", 0, 16, pitch, 0, 0);
    // st.shared.v2 of a lane: row lane / 4, columns from 2 * (lane % 4) on.
    EXPECT_EQ(turns(8,
                    [&](int64_t lane) {
                      return layout.byteOf(lane / 4, 8 * (lane % 4));
                    }),
              1u)
        << columns << " columns";
    EXPECT_EQ(
        turns(4, [&](int64_t lane) { return layout.byteOf(1, 4 * lane); }), 1u);
  }
}

/// Weights of attention: a lane writes those of its position, of up to four
/// rows at once; then all lanes read one position's.
TEST(GpuLayout, PositionsServeLanesAndPositions) {
  for (int64_t rows : {1, 2, 3, 4, 6, 8}) {
    WarpShape shape = {128, rows, 1.0};
    mlir::MLIRContext context;
    context.loadDialect<exec::ExecDialect>();
    Layout layout = shape.weightLayout(0, 2).attribute(&context);
    EXPECT_EQ(layout.end(), 2 * shape.weightBytes());
    int64_t bytes = 4 * shape.weightAccess();
    for (int64_t group = 0; group < layout.getRows(); ++group) {
      EXPECT_EQ(turns(bytes,
                      [&](int64_t lane) {
                        return layout.byteOf(group, bytes * lane);
                      }),
                1u)
          << rows << " rows";
      EXPECT_EQ(turns(bytes,
                      [&](int64_t) { return layout.byteOf(group, bytes * 5); }),
                1u);
    }
  }
}

/// Keys and values of attention: what lanes copy and load are neighbours, keys
/// of 32 positions, and columns of a position's values.
TEST(GpuLayout, PagesServeNeighbours) {
  AttentionCase shape = {1, 4, 128, Element::BF16, Element::BF16};
  TestCache cache(shape.cacheType, 1, 128, 1, 1);
  GpuKernel kernel(shape.module(cache), "sm_80");
  Layout layout = layoutOf(kernel, "pages");
  EXPECT_EQ(layout.getPitch(), 128 * 32 * 2);
  for (int64_t bytes : {2, 4, 8, 16})
    for (int64_t first = 0; first < layout.getPitch(); first += 32 * bytes)
      EXPECT_EQ(turns(bytes,
                      [&](int64_t lane) {
                        return layout.byteOf(1, first + bytes * lane);
                      }),
                1u);
}

//===----------------------------------------------------------------------===//
// What the emulated device counts
//===----------------------------------------------------------------------===//

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
    GpuChain chain = linear(200, 640, rows, tokens);
    GpuKernel kernel(chain.group({"x", "w"}, {"y"}), "sm_80");
    EXPECT_EQ(countConflicts(kernel, chain.arguments({"x", "w"}, {"y"}), rows),
              Conflicts())
        << tokens << " tokens";
  }
}

TEST(GpuBanks, ExactProductsHaveNoConflicts) {
  GpuChain chain = linear(70, 70, 70, 0);
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

/// Of Mixtral's heads, by tokens alone and by tiles.
TEST(GpuBanks, AttentionHasNoConflicts) {
  AttentionCase shape = {1, 4, 128, Element::BF16, Element::BF16};
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
    GpuKernel kernel(shape.module(cache), "sm_80");
    EXPECT_EQ(countConflicts(kernel,
                             {reads(queries), reads(cache.pages()),
                              reads(batch.batch), writes(y)},
                             tokens),
              Conflicts())
        << tokens << " tokens";
  }
}

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
