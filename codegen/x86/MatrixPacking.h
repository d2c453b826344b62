//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Packing of activations inside of a matrix kernel: row-major rows, or the
/// rows that a plan names, to blocks in scratch memory.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXPACKING_H
#define CODEGEN_X86_MATRIXPACKING_H

#include "codegen/Emit.h"

namespace moec {

/// The activations of one product, in rows.
struct RowSource {
  mlir::Value rows;    ///< first element of row 0
  mlir::Type element;  ///< bf16 or f32
  int64_t columns = 0; ///< K
  /// The slot (i32) of the product's first row, if row i is that of the token
  /// slot(i) / choices; null if it is row i.
  mlir::Value slots;
  int64_t choices = 1;
};

/// Rows of a source, in a function that is given them.
struct GatheredRows {
  mlir::Value source; ///< row 0
  mlir::Value pitch;  ///< bytes from row to row
  mlir::Value slots;  ///< see RowSource
  int64_t choices;    ///< 0: rows in order

  /// Where the row of an index begins.
  mlir::Value address(Emit &emit, mlir::Value index) const;
};

/// One block of rows of one slab of K. A word is what fills 32 bits of a row.
struct PackedBlock {
  mlir::Value row, rows;   ///< first row; at most blockRows
  mlir::Value word, words; ///< of the slab; multiples of depthSteps
  mlir::Value to;          ///< [words][rows]
};

/// Bytes behind a packed block that packing may write, too.
constexpr int64_t packingSlack = 64;

/// Packs a block, zeros where rows have ended. Blocks that follow each other in
/// memory must be packed in ascending order.
void emitPacking(Emit &emit, const RowSource &source, const PackedBlock &block);

} // namespace moec

#endif // CODEGEN_X86_MATRIXPACKING_H
