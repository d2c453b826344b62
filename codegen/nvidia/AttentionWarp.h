//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What one warp computes of attention: a few rows of queries against a page of
/// the cache. A lane has a position of the page, then columns of the values.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_ATTENTIONWARP_H
#define CODEGEN_NVIDIA_ATTENTIONWARP_H

#include "codegen/kernels/Region.h"
#include "codegen/nvidia/GpuEmit.h"
#include "codegen/nvidia/SharedLayout.h"

namespace moec {

/// Sizes of a warp's work.
struct WarpShape {
  int64_t headDim = 0;
  int64_t rows = 0; ///< of queries, at most
  double scale = 1;

  /// Neighbouring columns of a lane, and how many such groups it has.
  int64_t access() const;
  int64_t groups() const;
  /// Columns of a lane: [group][access].
  int64_t columns() const { return access() * groups(); }
  /// Rows of weights, and how many of them an access moves: weights are f32
  /// [rows / access][position][access], so that lanes, who have a position
  /// each, write neighbouring bytes.
  int64_t weightRows() const { return llvm::PowerOf2Ceil(rows); }
  int64_t weightAccess() const;
  int64_t weightBytes() const;
  /// Of such weights for each of `warps` warps, from byte `at` on.
  LayoutUse weightLayout(int64_t at, int64_t warps) const;
};

/// Adds what is known of a class of pages to the total. Both have, of each row,
/// `size` values: the maximum, the sum, and outputs.
llvm::SmallVector<mlir::Value> mergeStates(Emit &emit, int64_t size,
                                           mlir::ValueRange total,
                                           mlir::ValueRange part);

class AttentionWarp {
public:
  /// Of each row: the maximum, the sum and the lane's columns of the outputs.
  /// The first two are the same in all lanes.
  using State = mlir::SmallVector<mlir::Value>;
  /// The visible positions [from, to) of a page, one at least.
  struct Page {
    Row keys, values;
    mlir::Value from, to;
  };

  /// `weights`: WarpShape::weightBytes of shared memory, the warp's own.
  AttentionWarp(Emit &emit, const WarpShape &shape, Row weights)
      : emit(emit), shape(shape), weights(weights), lane(laneIndex(emit)) {}

  int64_t stateSize() const { return 2 + shape.columns(); } ///< of a row
  /// Of each row of queries, f32 [rows][head_dim] in shared memory, the scaled
  /// score of the lane's position; minus infinity if it is not visible.
  State scores(Row queries, const Page &page, int64_t rows) const;
  /// Writes the weights of the lane's position to shared memory, and reads
  /// those of a position.
  void storeWeights(llvm::ArrayRef<mlir::Value> ofRows) const;
  State loadWeights(mlir::Value slot, int64_t rows) const;
  /// Of all lanes, in one order.

  /// That of `rows` rows which have seen nothing.
  State initial(int64_t rows) const;
  /// Adds the weights of a page's positions to the sums of the rows whose
  /// queries are f32 [rows][head_dim] in shared memory, and writes them to
  /// shared memory. Outputs shrink to the new maximum.
  State weigh(Row queries, const Page &page, mlir::ValueRange state) const;
  /// Adds the weighted values. Between the two, and after this, the warp must
  /// meet.
  State addValues(const Page &page, mlir::ValueRange state) const;
  /// Adds the state of a class of pages to the total.
  State merge(mlir::ValueRange total, mlir::ValueRange part) const {
    return mergeStates(emit, stateSize(), total, part);
  }

  /// body(columns, d): the columns of `row` from d on that the lane has, a
  /// scalar or a vector.
  void forEachColumn(
      mlir::ValueRange state, int64_t row,
      llvm::function_ref<void(mlir::Value v, mlir::Value d)> body) const;
  mlir::Value maximum(mlir::ValueRange state, int64_t row) const {
    return state[row * stateSize()];
  }
  mlir::Value sum(mlir::ValueRange state, int64_t row) const {
    return state[row * stateSize() + 1];
  }

private:
  int64_t rowsOf(mlir::ValueRange state) const {
    return state.size() / stateSize();
  }
  mlir::Value column(int64_t group) const;
  State scoreStep(Row queries, Row keys, mlir::Value position, mlir::Value d,
                  mlir::ValueRange sums) const;
  /// The first of a position's weights of rows from `row` on.
  mlir::Value weightIndex(mlir::Value position, int64_t row) const;
  State valueStep(const Page &page, mlir::Value slot,
                  mlir::ValueRange state) const;

  Emit &emit;
  const WarpShape &shape;
  Row weights;
  mlir::Value lane;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_ATTENTIONWARP_H
