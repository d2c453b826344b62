//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What becomes of the sums of matrix products on a GPU. A new end is a class
/// of its own and a line in makeProductEnd.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_PRODUCTEND_H
#define CODEGEN_NVIDIA_PRODUCTEND_H

#include "codegen/kernels/MatrixRegion.h"
#include "codegen/nvidia/GpuStages.h"
#include "codegen/nvidia/GpuStrips.h"
#include "codegen/nvidia/ProductLoop.h"

namespace moec {

/// Where sums come from.
struct ProductTile {
  mlir::Value block;  ///< of the stage
  mlir::Value expert; ///< 0 if there are none
  mlir::Value firstRow, endRow;
  /// Of the product; endColumn as if there were no gap between them.
  mlir::Value firstColumn, endColumn;
  mlir::Value part; ///< of K, which the sums are of

  mlir::Value rows(Emit &emit) const { return emit.sub(endRow, firstRow); }
  mlir::Value columns(Emit &emit) const {
    return emit.sub(endColumn, firstColumn);
  }
};

/// Sums of a whole tile in shared memory: f32 [row][pitch].
struct SharedTile {
  Row sums;
  int64_t pitch;

  Row row(Emit &emit, mlir::Value index) const {
    return sums.from(emit, emit.mul(index, pitch));
  }
};

/// Columns of a vector, or 1.
int64_t lanesOf(mlir::Value v);

class ProductEnd {
public:
  virtual ~ProductEnd() = default;

  /// Columns that a block computes, given those of the loop's tile.
  virtual int64_t unitColumns(int64_t tileColumns) const { return tileColumns; }
  /// The first column of a unit.
  virtual mlir::Value firstColumn(Emit &emit, mlir::Value unit,
                                  int64_t tileColumns) const {
    return emit.mul(unit, unitColumns(tileColumns));
  }
  /// How much further the second half of a unit is than the first.
  virtual int64_t gap(int64_t tileColumns) const { return 0; }
  /// Whether the end wants the tile in shared memory, else sums one by one.
  virtual bool wantsTile() const { return false; }
  /// Sums at a row and from a column on: of each product a vector, or a number.
  virtual void emitSum(Emit &, const GpuArguments &, const ProductTile &,
                       mlir::Value row, mlir::Value column,
                       mlir::ValueRange sums) const {}
  /// The tile, by all threads of the block, after they have met.
  virtual void emitTile(Emit &, const GpuArguments &, const ProductTile &,
                        const SharedTile &) const {}
  /// What must wait for the sums of all tiles; null: nothing.
  virtual std::unique_ptr<GpuStage> makeLastStage() const { return nullptr; }
  /// Memory of a thread that the last stage reads.
  virtual int64_t scratchBytes() const { return 0; }
};

/// What a region makes of its `product`-th product.
struct EndShape {
  const MatrixRegion &region;
  const ProductLoop &loop;
  int64_t product;
  llvm::StringRef kernel; ///< its name, for names of constants
  int64_t parts;          ///< that K is cut into
};
std::unique_ptr<ProductEnd> makeProductEnd(const EndShape &shape);

// The ends beside those of single sums.
std::unique_ptr<ProductEnd> makeHeadsEnd(const EndShape &shape);
std::unique_ptr<ProductEnd> makeTopEnd(const EndShape &shape);
std::unique_ptr<ProductEnd> makeCombineEnd(const EndShape &shape);

} // namespace moec

#endif // CODEGEN_NVIDIA_PRODUCTEND_H
