//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What all main loops on tensor cores have in common: one order of summation,
/// so that a sum has the same bits in each of them.
///
/// K is cut into blocks of 64, and blocks into at most 8 segments of equal
/// length, both zero beyond K. The sum of a segment is one chain of products of
/// 16 k, and sums of segments are added in ascending order. A product of 16 k
/// takes, of each chunk of 8 of a step of 32, the lower half of each chunk, the
/// next one the upper: that is what lanes have who load chunks of 16 bytes.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_TENSORPRODUCT_H
#define CODEGEN_NVIDIA_TENSORPRODUCT_H

#include "codegen/Emit.h"

namespace moec {

constexpr int64_t blockDepth = 64, stepDepth = 32, chunkDepth = 8;

/// The segments of K.
struct DepthSegments {
  int64_t blocks;     ///< of 64, in all
  int64_t perSegment; ///< but for the last
  int64_t count;      ///< none is empty

  explicit DepthSegments(int64_t depth);
};

/// What a lane loads at once: 4 words, 8 k of a row.
using Chunk = mlir::Value;
mlir::Type chunkType(Emit &emit);
Chunk zeroChunk(Emit &emit);
/// Of a row of bf16, from k = 8 * `index` on. The row is aligned so.
Chunk loadChunk(Emit &emit, mlir::Value row, mlir::Value index);

/// Sums of 16 rows and 8 columns: a lane has four of them, at rows lane / 4
/// and 8 more, and columns 2 * (lane % 4) and the one after it.
using Sums4 = llvm::ArrayRef<mlir::Value>;

/// What 16 rows bring into half `half`, 0 or 1, of a step of 32 k: words of
/// chunk lane % 4 of rows lane / 4 (`low`) and 8 more (`high`), side by side.
using RowWords = llvm::SmallVector<mlir::Value, 4>;
RowWords rowWords(Emit &emit, int64_t half, Chunk low, Chunk high);
/// The same, for words that several products read. Where they are words of a
/// load, ptxas copies them anew for nearly every product; what is computed it
/// computes in place, once. `ones` is of hiddenOnes.
RowWords rowWordsOnce(Emit &emit, int64_t half, Chunk low, Chunk high,
                      mlir::Value ones);

/// Adds half `half`, 0 before 1, of the product of a step of 32 k. `column` is
/// chunk lane % 4 of column lane / 4.
llvm::SmallVector<mlir::Value> multiplyHalf(Emit &emit, int64_t half,
                                            const RowWords &rows, Chunk column,
                                            Sums4 sums);

} // namespace moec

#endif // CODEGEN_NVIDIA_TENSORPRODUCT_H
