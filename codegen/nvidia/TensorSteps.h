//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The inner part of attention on tensor cores: 64 rows of queries in shared
/// memory against the pages of a sequence, some at a time, the next ones on
/// their way.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_TENSORSTEPS_H
#define CODEGEN_NVIDIA_TENSORSTEPS_H

#include "codegen/nvidia/MatrixFragment.h"
#include "codegen/nvidia/TensorPages.h"

namespace moec {

/// The positions [first, end) that each of the lane's two rows sees.
struct TensorRows {
  mlir::Value first[2], end[2]; ///< first: only if there is a window
  /// Of all rows of the warp.
  mlir::Value leastEnd, mostEnd, mostFirst;
};

class TensorSteps {
public:
  /// Sums of weighted values [head_dim / 8][4], as multiply16 has them; then
  /// the maxima of the two rows, and the lane's part of their sums of weights.
  using State = llvm::SmallVector<mlir::Value>;

  TensorSteps(Emit &emit, const TensorCut &cut);

  State initial() const;
  /// Writes 8 elements of a row of queries, two quads of f32.
  void storeQueries(mlir::Value row, mlir::Value chunk,
                    mlir::ValueRange quads) const;
  /// Adds all pages. `before` is done while the first ones are on their way.
  State walk(const TensorPages &pages, const TensorRows &rows,
             mlir::ValueRange state, llvm::function_ref<void()> before);
  /// The sum of a row's weights, in all lanes that have the row.
  mlir::Value sumOfRow(mlir::ValueRange state, int64_t row) const;
  /// body(pair, d): the lane's outputs of a row.
  void forEachPair(
      mlir::ValueRange state, int64_t row,
      llvm::function_ref<void(mlir::Value pair, mlir::Value d)> body) const;

private:
  using Value = mlir::Value;
  /// Four sums for each 8 columns.
  using Tiles = llvm::SmallVector<State>;

  int64_t outputTiles() const { return cut.headDim / 8; }
  Value strip(Value base, int64_t rowTile, int64_t pair) const;
  Value keyStrip(Value base, int64_t depthTile, int64_t pair) const;
  State addStep(const TensorRows &rows, Value start, Value slot,
                mlir::ValueRange state);
  Tiles scores(Value slot) const;
  Tiles masked(const Tiles &scores, const TensorRows &rows, Value start) const;
  Tiles weigh(Tiles scores, State &state) const;
  void addValues(const Tiles &weights, Value slot, State &state) const;

  Emit &emit;
  const TensorCut &cut;
  Value lane, warp;
  /// Of the matrix whose row the lane addresses, see loadMatrices.
  Value matrixRow, lowMatrix, highMatrix;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_TENSORSTEPS_H
