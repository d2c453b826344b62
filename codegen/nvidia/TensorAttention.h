//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Attention of many tokens on tensor cores, by an online softmax over steps of
/// pages (arXiv 2307.08691). A block has the query heads that share a
/// key/value head, of a tile of neighbouring tokens: 64 rows, 16 a warp. The
/// tokens of each sequence among them are a run, and see the pages of their
/// sequence in ascending order.
///
/// What is added to what depends on a token's place in its tile and on its
/// chunk. So these are not the bits of other kernels: see docs/decisions.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_TENSORATTENTION_H
#define CODEGEN_NVIDIA_TENSORATTENTION_H

#include "codegen/nvidia/GpuAttention.h"

namespace moec {

/// Rows of one width in shared memory, of which eight have any chunk in all 32
/// banks: chunks of 16 bytes exchanged by the row where they fill 128 bytes,
/// else rows one chunk longer.
struct ChunkRows {
  static constexpr llvm::StringLiteral name = "chunks";

  int64_t chunks; ///< of a row
  int64_t pitch;  ///< bytes
  ChunkExchange exchange;

  explicit ChunkRows(int64_t headDim);
  /// Bytes to a chunk of a row.
  mlir::Value emitOffset(Emit &emit, mlir::Value row, mlir::Value chunk) const;
  LayoutUse use(int64_t at, int64_t rows) const {
    return {name, at, rows, pitch, exchange};
  }
};

/// The keys of a page: pairs of d are rows of 128 bytes, so that eight
/// neighbouring d have any eight positions in all 32 banks.
struct KeyRows : ExchangedRows<2, 0> {
  static constexpr llvm::StringLiteral name = "keys";
  static constexpr int64_t depths = 2; ///< of a row
};

/// How the work is cut, and what is where in shared memory.
struct TensorCut : AttentionSizes {
  static constexpr int64_t warps = 4, threads = warps * warpThreads;
  static constexpr int64_t warpRows = 16, rows = warps * warpRows;
  static constexpr int64_t stages = 2;
  /// Words of bf16 that queries and weights are split into, for their products
  /// to have the precision of f32 but for the last bits.
  static constexpr int64_t parts = 2;

  int64_t heads;     ///< of a group, of a block
  int64_t tiles;     ///< of a group
  int64_t stepPages; ///< that are multiplied at once
  ChunkRows chunkRows;
  int64_t queries, keys, values, sharedBytes; ///< of memory; the first three at

  TensorCut(decoder::AttentionOp op, const Target &target);

  /// Why these kernels cannot compute it; null if they can.
  static const char *obstacle(decoder::AttentionOp op, const Target &target);
  int64_t headTiles() const { return kvHeads * tiles; }
  int64_t tileTokens() const { return rows / heads; }
  int64_t stepPositions() const { return stepPages * MOERT_PAGE_TOKENS; }
  int64_t keyBytes() const; ///< of a page in shared memory
  int64_t valueBytes() const;
  llvm::SmallVector<LayoutUse, 4> layouts() const;
};

KernelPlan planTensorAttention(exec::KernelOp kernel, const TensorCut &cut);
void emitTensorAttention(exec::KernelOp kernel, const TensorCut &cut,
                         Emit &emit);

} // namespace moec

#endif // CODEGEN_NVIDIA_TENSORATTENTION_H
