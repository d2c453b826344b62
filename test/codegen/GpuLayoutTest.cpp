//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Layouts of shared memory: for each that kernels say they have, that every
/// instruction which uses it meets as few bank conflicts as is promised.
/// GpuBanksTest compares what the emulated device counts.
///
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/AttentionWarp.h"
#include "codegen/nvidia/ProductStage.h"
#include "codegen/nvidia/SharedLayout.h"
#include "codegen/nvidia/TensorAttention.h"
#include "test/codegen/AttentionCase.h"
#include "test/codegen/GpuChain.h"

#include <functional>
#include <set>

using namespace moec;
using namespace moec::test;

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

static GpuKernel linearKernel(int64_t tokens) {
  return {linearChain(200, 640, 1, tokens).group({"x", "w"}, {"y"}), "sm_80"};
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

/// A product of a warpgroup, as ldmatrix, wants a chunk of eight rows; tensor
/// copies write rows.
TEST(GpuLayout, SwizzledServesEightRowsAtOnce) {
  mlir::MLIRContext context;
  context.loadDialect<exec::ExecDialect>();
  Layout layout = useOf<SwizzledLayout>(0, 64).attribute(&context);
  for (int64_t row = 0; row < layout.getRows(); row += 8)
    for (int64_t chunk = 0; chunk < 8; ++chunk) {
      auto chunkOf = [&](int64_t row) {
        return layout.byteOf(row, 16 * chunk);
      };
      EXPECT_EQ(
          turns(16, [&](int64_t lane) { return chunkOf(row + lane % 8); }), 1u);
      // What the hardware does to an address: bits 4 to 6 ^ bits 7 to 9.
      for (int64_t r = row; r < row + 8; ++r) {
        int64_t plain = 128 * r + 16 * chunk;
        EXPECT_EQ(chunkOf(r), plain ^ (plain >> 3 & 0x70));
        EXPECT_EQ(chunkOf(r), SwizzledLayout::offset(r, chunk));
      }
    }
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
  GpuKernel kernel(shape.module(cache), "sm_80, batch");
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

/// Attention on tensor cores: ldmatrix wants a chunk of each of eight
/// neighbouring d of keys; cp.async writes eight chunks of a row.
TEST(GpuLayout, KeysServeEightDepthsAtOnce) {
  AttentionCase shape = {1, 4, 128, Element::BF16, Element::BF16};
  TestCache cache(shape.cacheType, 1, 128, 1, 1);
  Layout layout = layoutOf(GpuKernel(shape.module(cache), "sm_80"), "keys");
  for (int64_t d = 0; d < 2 * layout.getRows(); d += 8)
    for (int64_t chunk = 0; chunk < 4; ++chunk)
      EXPECT_EQ(turns(16,
                      [&](int64_t lane) {
                        int64_t own = d + lane % 8;
                        return layout.byteOf(own / 2,
                                             64 * (own % 2) + 16 * chunk);
                      }),
                1u);
  for (int64_t row = 0; row < layout.getRows(); ++row)
    EXPECT_EQ(turns(16,
                    [&](int64_t lane) {
                      return layout.byteOf(row, 16 * (lane % 8));
                    }),
              1u);
}

/// The same of queries and values, of eight neighbouring tokens or positions.
TEST(GpuLayout, ChunksServeEightRowsAtOnce) {
  mlir::MLIRContext context;
  context.loadDialect<exec::ExecDialect>();
  for (int64_t headDim = 16; headDim <= 128; headDim += 16) {
    ChunkRows rows(headDim);
    Layout layout = rows.use(0, 64).attribute(&context);
    for (int64_t row = 0; row < 64; row += 8)
      for (int64_t chunk = 0; chunk < rows.chunks; ++chunk)
        EXPECT_EQ(turns(16,
                        [&](int64_t lane) {
                          return layout.byteOf(row + lane % 8, 16 * chunk);
                        }),
                  1u)
            << "heads of " << headDim;
  }
}
