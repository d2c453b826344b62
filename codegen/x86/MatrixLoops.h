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

#include "codegen/x86/MatrixTile.h"

namespace moec {

/// How products of one kind are computed.
struct MatrixMethod {
  const OperandDecoder &decoder;
  const StoreSums &epilogue;
  TileShapes shapes;
};

/// The panels from <= p < to of one product result[m, N] = x[m, K] * w[N, K]^T.
struct MatrixProduct {
  mlir::Value x;    ///< row_blocks of m rows
  mlir::Value w;    ///< panels of N rows
  mlir::Value rows; ///< m, at least one
  int64_t depth;    ///< K, padded
  StoreSums::Target target;
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
void emitMatrixLoops(Emit &emit, const MatrixMethod &method,
                     const MatrixProduct &product);

/// Scratch memory of a thread for products of up to `maxRows` rows.
int64_t matrixScratchBytes(int64_t maxRows, const OperandDecoder &decoder);

} // namespace moec

#endif // CODEGEN_X86_MATRIXLOOPS_H
