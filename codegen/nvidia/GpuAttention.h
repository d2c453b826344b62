//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The kernel of attention over the paged cache, with the bits of the portable
/// one. A block has one key/value head and up to 8 query heads that share it,
/// and
///
/// * of one token a class of pages (PageWalk); then blocks of a second stage
///   merge the results of a token's classes, in their order; or
/// * one token, all classes in turn; or
/// * a tile of neighbouring tokens of one sequence: each warp has its own
///   tokens, and all share the pages that the block brings to shared memory.
///
/// The first is for steps of few tokens, whatever they are. In others a block
/// sees from the step which of the others it is to do; where bits may depend on
/// the batch, these are kernels of tensor cores (TensorAttention).
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_GPUATTENTION_H
#define CODEGEN_NVIDIA_GPUATTENTION_H

#include "codegen/kernels/AttentionTask.h"
#include "codegen/kernels/PageWalk.h"
#include "codegen/nvidia/AttentionWarp.h"
#include "codegen/nvidia/GpuStages.h"

namespace moec {

/// How the work is cut.
struct AttentionCut : AttentionSizes {
  /// The most tokens whose classes of pages are dealt to blocks: more have
  /// enough heads and tiles for all multiprocessors.
  static constexpr int64_t mostDealt = 64;

  int64_t pageBytes;  ///< of the keys of a page and head, and of the values
  int64_t rows;       ///< query heads of a block
  int64_t tiles;      ///< of a group
  int64_t warpTokens; ///< of a warp, if a block has a tile of tokens
  int64_t warps;
  bool copies; ///< pages are brought to shared memory; else they do not fit
  int64_t mostTokens;      ///< of a step
  int64_t dealtBlocks = 0; ///< that share classes of pages; 0: none do

  AttentionCut(exec::KernelOp kernel, const KernelContext &context);

  int64_t threads() const { return warps * warpThreads; }
  int64_t tileTokens() const { return warps * warpTokens; }
  /// Of a token.
  int64_t headTiles() const { return kvHeads * tiles; }
  /// Elements of a class's state in scratch memory, f32.
  int64_t stateElements() const;
  /// Bytes of scratch memory of each thread, so that there is a state for each
  /// token, head and class.
  int64_t scratchBytes() const;
  int64_t sharedBytes() const;
  /// What single tokens, and tiles of them, have in shared memory; none of what
  /// is one row.
  llvm::SmallVector<LayoutUse, 4> layouts() const;
  WarpShape warpShape(int64_t rows) const { return {headDim, rows, scale}; }
};

/// The operands of a launch.
struct AttentionOperands {
  Matrix queries, y;
  CachePages cache;
  BatchFields batch;
  mlir::Value tokens; ///< of the step

  AttentionOperands(Emit &emit, const GpuArguments &arguments,
                    decoder::AttentionOp op);
};

/// Which query heads of the group a block has.
struct HeadTile {
  mlir::Value kvHead, first; ///< first: of the group's

  /// The index-th of AttentionCut::headTiles.
  HeadTile(Emit &emit, const AttentionCut &cut, mlir::Value index);
};

/// What a token sees: [first, end) of its sequence's positions.
struct VisibleRange {
  mlir::Value first, end;

  VisibleRange(Emit &emit, const AttentionCut &cut, mlir::Value position);
  /// The pages of the range.
  mlir::Value firstPage(Emit &emit) const;
  mlir::Value lastPage(Emit &emit) const;
  /// The visible positions of a page; none if `to` is not after `from`.
  AttentionWarp::Page of(Emit &emit, mlir::Value page) const;
};

/// How many of the 16 bytes at an offset of a page's keys, or values, are of
/// positions before `to`: behind them nothing may have been written.
mlir::Value keyBytes(Emit &emit, const AttentionCut &cut, mlir::Value to,
                     mlir::Value offset);
mlir::Value valueBytes(Emit &emit, const AttentionCut &cut, mlir::Value to,
                       mlir::Value offset);

/// The first of a token's elements that belong to the tile.
mlir::Value firstElement(Emit &emit, const AttentionCut &cut,
                         const HeadTile &heads);

/// Offsets in shared memory.
struct TokenAreas {
  /// Of the warps' pages, a number for each row: [warp][weightRows].
  int64_t maxima, sums, corrections;
  int64_t queries, weights, pages, bytes;
  explicit TokenAreas(const AttentionCut &cut);
};
struct TileAreas {
  int64_t queries, weights, pages, bytes;
  explicit TileAreas(const AttentionCut &cut);
};

/// The stages of a kernel that deals classes to blocks.
GpuStages attentionStages(decoder::AttentionOp op, const AttentionCut &cut);

/// One token, by the block.
void attendToken(Emit &emit, const AttentionCut &cut,
                 const AttentionOperands &operands, const HeadTile &heads,
                 mlir::Value token);
/// The tokens of one sequence first .. last, at most a tile, by the block.
void attendTile(Emit &emit, const AttentionCut &cut,
                const AttentionOperands &operands, const HeadTile &heads,
                mlir::Value first, mlir::Value last);

} // namespace moec

#endif // CODEGEN_NVIDIA_GPUATTENTION_H
