//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The loops around the tiles of a matrix product, specialised to its shape.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXLOOPS_H
#define CODEGEN_X86_MATRIXLOOPS_H

#include "codegen/x86/MatrixPacking.h"
#include "codegen/x86/MatrixTile.h"

#include <optional>

namespace moec {

/// Panels that share a slab of activations while it is in L2. On AMX, products
/// are so fast that packing a slab for each group counts.
constexpr int64_t groupPanels = 8, amxGroupPanels = 16;

/// How products of one kind are computed.
struct MatrixMethod {
  const OperandDecoder &decoder;
  const Epilogue &epilogue;
  TileShapes shapes;
  bool usesAmx; ///< see AmxLoops.h

  int64_t panelsOfGroup() const {
    return usesAmx ? amxGroupPanels : groupPanels;
  }
};

/// The panels from <= p < to of one product result[m, N] = x[m, K] * w[N, K]^T,
/// or of as many as the epilogue takes, of the same x.
struct MatrixProduct {
  mlir::Value x;                   ///< row_blocks of m rows
  std::optional<RowSource> source; ///< instead of x: rows to be packed
  /// Panels of N rows, of each of the epilogue's products.
  llvm::SmallVector<mlir::Value, 2> w;
  mlir::Value rows; ///< m, at least one
  int64_t depth;    ///< K, padded
  TileTarget target;
  mlir::Value from, to;
  mlir::Value scratch; ///< matrixScratchBytes
};

/// Emits the loops over panels, rows and K.
///
/// Up to streamRows rows, each panel is one sequential stream of weights. With
/// more rows, panels go in groups, and K in slabs for each group, so that a
/// slab of activations, the sums of a group (in scratch memory) and a slab of
/// weights meet in L2; each tile prefetches its share of the slab of weights
/// that comes next.
///
/// Rows are packed first if they fit scratch memory with all of K, else a slab
/// of them for each group.
void emitMatrixLoops(Emit &emit, const MatrixMethod &method,
                     const MatrixProduct &product);

/// What scratch memory is needed for.
struct MatrixScratch {
  int64_t maxRows; ///< of a product
  int64_t depth;   ///< K, padded
  bool packs;      ///< whether products have a RowSource
};

/// Scratch memory of a thread.
int64_t matrixScratchBytes(const MatrixMethod &method,
                           const MatrixScratch &needs);

} // namespace moec

#endif // CODEGEN_X86_MATRIXLOOPS_H
