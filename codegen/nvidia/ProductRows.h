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

namespace moec {

class ProductRows {
public:
  ProductRows(const MatrixOperation &product, int64_t tileRows)
      : experts(product.experts()), isGrouped(bool(product.plan)),
        tileRows(tileRows) {}

  /// Tiles of `rows` rows in all, at most.
  mlir::Value tiles(Emit &emit, mlir::Value rows) const;
  /// What must be added to rows for that many tiles.
  int64_t padding() const { return experts * (tileRows - 1); }

  /// Rows [first, end) of an expert; none if first >= end.
  struct Range {
    mlir::Value expert, first, end;
  };
  /// The rows of a tile. `offsets` are the plan's, or null.
  Range range(Emit &emit, mlir::Value offsets, mlir::Value rows,
              mlir::Value tile) const;

  struct Place {
    mlir::Value tile, rowInTile;
  };
  /// Where a row of an expert is.
  Place find(Emit &emit, mlir::Value offsets, mlir::Value row) const;

private:
  int64_t experts;
  bool isGrouped;
  int64_t tileRows;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_PRODUCTROWS_H
