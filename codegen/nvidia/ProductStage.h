//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The stage of a kernel that computes its products.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_PRODUCTSTAGE_H
#define CODEGEN_NVIDIA_PRODUCTSTAGE_H

#include "codegen/nvidia/ProductEnd.h"
#include "codegen/nvidia/ProductRows.h"

namespace moec {

/// A block computes a unit of columns of one product, or of two that make one
/// result, for a tile of rows and a part of K. Tiles of rows come first, so
/// that blocks that run together share weights; then parts.
class ProductStage : public GpuStage {
public:
  using Ends = llvm::ArrayRef<std::unique_ptr<ProductEnd>>;

  /// K is cut into parts that blocks of their own add.
  ProductStage(const MatrixRegion &region, const ProductLoop &loop, Ends ends,
               int64_t parts);

  TaskCount tasks() const override;
  void prefetch(Emit &emit, const GpuArguments &arguments,
                mlir::Value block) override;
  void emitBlock(Emit &emit, const GpuArguments &arguments,
                 mlir::Value block) override;

  int64_t sharedBytes() const;
  /// Of the loop's bytes, and of the tile if there is one.
  llvm::SmallVector<LayoutUse, 2> layouts() const;
  /// Elements from row to row of a tile in shared memory: neighbouring rows
  /// begin in other banks.
  static int64_t tilePitchOf(int64_t columns);

private:
  /// Which product a block computes, and its weights.
  struct Part : LoopWeights {
    mlir::Value product; ///< index
  };

  /// Products that a block may choose from: those of one result are one.
  int64_t choices() const { return ends.size(); }
  int64_t unitColumns(int64_t i) const {
    return ends[i]->unitColumns(loop.tileColumns);
  }
  int64_t units(int64_t i) const {
    return llvm::divideCeil(region.products[i].columns(), unitColumns(i));
  }
  int64_t allUnits() const;
  /// Rows of the products for each row of the launch.
  int64_t rowsPerRow() const;
  int64_t widestUnit() const;

  // Of a tile for an end that wants one.
  int64_t tilePitch(int64_t i) const { return tilePitchOf(unitColumns(i)); }
  int64_t tileBytes() const;
  /// Whether the tile takes the place of what the loop had: if the unit is one
  /// tile of the loop.
  bool sharesTile() const;
  int64_t tileOffset() const { return sharesTile() ? 0 : loop.sharedBytes; }
  SharedTile sharedTile(Emit &emit, int64_t i) const;

  /// A block's place among units and tiles of rows.
  struct Place {
    mlir::Value unit, part, rowTile;
  };
  Place placeOf(Emit &emit, mlir::Value slots, mlir::Value block) const;
  Part findPart(Emit &emit, const GpuArguments &arguments, mlir::Value unit,
                mlir::Value expert) const;
  mlir::Value rowAddress(Emit &emit, const GpuArguments &arguments,
                         mlir::Value row) const;
  void emitPart(Emit &emit, const GpuArguments &arguments, ProductTile tile,
                const Part &part) const;
  void place(Emit &emit, const GpuArguments &arguments, const ProductTile &tile,
             int64_t i, mlir::Value row, mlir::Value column,
             mlir::ValueRange sums) const;
  void placeLanes(Emit &emit, const GpuArguments &arguments,
                  const ProductTile &tile, int64_t i, mlir::Value row,
                  mlir::Value column, mlir::ValueRange sums) const;
  void handOn(Emit &emit, const GpuArguments &arguments,
              const ProductTile &tile, const Part &part, const ThreadSums &sums,
              mlir::Value subtile) const;
  void forProduct(Emit &emit, mlir::Value product,
                  llvm::function_ref<void(int64_t)> body) const;

  const MatrixRegion &region;
  const ProductLoop &loop;
  Ends ends;
  int64_t parts;
  ProductRows rows;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_PRODUCTSTAGE_H
