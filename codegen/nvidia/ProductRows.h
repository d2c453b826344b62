//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The rows of matrix products in tiles: of each expert a number of its own,
/// rounded up.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_PRODUCTROWS_H
#define CODEGEN_NVIDIA_PRODUCTROWS_H

#include "codegen/Emit.h"
#include "codegen/kernels/MatrixOperation.h"
#include "codegen/nvidia/ProductLoop.h"

namespace moec {

class ProductRows {
public:
  ProductRows(const MatrixOperation &product, const ProductLoop &loop)
      : experts(product.experts()), isGrouped(bool(product.plan)),
        holdsExpert(loop.holdsExpert), tileRows(loop.tileRows) {}

  /// Tiles of `rows` rows in all, at most.
  mlir::Value tiles(Emit &emit, mlir::Value rows) const;
  /// As many tiles take tasksPerRow() tasks for each row, and padding() more,
  /// if a tile takes tileRows.
  int64_t tasksPerRow() const { return isOneEach() ? tileRows : 1; }
  int64_t padding() const { return isOneEach() ? 0 : experts * (tileRows - 1); }

  /// Rows [first, end) of an expert; none if first >= end.
  struct Range {
    mlir::Value expert, first, end;
  };
  /// The rows of a tile. `offsets` are the plan's, or null.
  Range range(Emit &emit, mlir::Value offsets, mlir::Value rows,
              mlir::Value tile) const;

private:
  /// Whether there is one tile for each expert that has rows.
  bool isOneEach() const { return isGrouped && holdsExpert; }

  int64_t experts;
  bool isGrouped, holdsExpert;
  int64_t tileRows;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_PRODUCTROWS_H
