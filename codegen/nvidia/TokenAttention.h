//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Attention of one token by a block, a class of pages at a time (PageWalk).
///
/// Warps have a page each, up to a segment of them in a round: each its page's
/// scores, then all the columns of the outputs, position after position. So a
/// class has the bits of one online softmax, and takes a quarter of its time.
///
/// A warp brings its page to shared memory, keys and values apart: keys of the
/// next round are on their way while the block adds values, and values while it
/// computes scores.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_TOKENATTENTION_H
#define CODEGEN_NVIDIA_TOKENATTENTION_H

#include "codegen/nvidia/GpuAttention.h"

namespace moec {

class TokenBlock {
public:
  /// Of each row: the maximum, the sum (both in all threads), and the thread's
  /// columns of the outputs.
  using State = mlir::SmallVector<mlir::Value>;

  TokenBlock(Emit &emit, const AttentionCut &cut,
             const AttentionOperands &operands, const HeadTile &heads,
             mlir::Value token);

  /// Classes that have pages.
  mlir::Value classCount() const { return walk.classCount(); }
  /// Brings the queries to shared memory. Then threads must meet.
  void loadQueries();
  /// The state of the i-th class that has pages. `before` is done while the
  /// first pages are on their way; behind it threads meet.
  State walkClass(mlir::Value i, llvm::function_ref<void()> before);
  /// That of having seen nothing.
  State initial() const;
  State merge(mlir::ValueRange total, mlir::ValueRange part) const {
    return mergeStates(emit, stateSize(), total, part);
  }
  /// Divides by the sums and writes the token's outputs.
  void storeOutputs(mlir::ValueRange total);
  /// Writes the state: f32 [rows][head_dim] outputs, [rows] maxima, [rows]
  /// sums.
  void storeState(mlir::ValueRange state, Row to);

private:
  using Value = mlir::Value;
  static constexpr int64_t none = -1;
  /// Pages of a class that warps have at once: first .. last, as many as there
  /// are warps, or fewer.
  struct Round {
    Value first, last;
  };
  /// The page of a warp: none, or its number and place in the cache.
  struct WarpPage {
    Value number, place;
  };

  int64_t columns() const;
  int64_t stateSize() const { return 2 + columns(); }
  Row area(int64_t offset) {
    return {sharedMemory(emit, offset), emit.getF32Type()};
  }
  Row pages(Value slot, int64_t half);
  Row keysOf(Value place);
  WarpPage pageOf(const Round &round);
  void begin(const WarpPage &page, int64_t half);
  Round roundAfter(const Round &round, Value segment);
  State addRound(const Round &round, const WarpPage &own, const WarpPage &next,
                 mlir::ValueRange state);
  State scores(const WarpPage &page);
  void storeRows(int64_t offset, Value index, mlir::ValueRange ofRows);
  State loadRows(int64_t offset, Value index);
  State weigh(mlir::ValueRange scores, mlir::ValueRange state);
  State addValues(const Round &round, mlir::ValueRange state);
  State addPage(Value number, Value slot, mlir::ValueRange state);
  State valueStep(Row values, Row weights, Value position,
                  mlir::ValueRange state);
  Value column(int64_t group) const;
  void forEachColumn(mlir::ValueRange state,
                     llvm::function_ref<void(int64_t row, Value d, Value v)>);

  Emit &emit;
  const AttentionCut &cut;
  const AttentionOperands &operands;
  HeadTile heads;
  Value token, pageTable;
  TokenAreas areas;
  WarpShape shape;
  Value thread, warp, lane;
  VisibleRange range;
  PageWalk walk;
  AttentionWarp worker;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_TOKENATTENTION_H
