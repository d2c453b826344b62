//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What lanes of a warp hold of small bf16 matrices, for products on tensor
/// cores: loads of them from shared memory, products, roundings.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_MATRIXFRAGMENT_H
#define CODEGEN_NVIDIA_MATRIXFRAGMENT_H

#include "codegen/Emit.h"

namespace moec {

/// Words of two bf16 each.
using Fragment = llvm::SmallVector<mlir::Value, 4>;

/// Four matrices of 8 rows of 16 bytes in shared memory. `row` is the address
/// of row lane % 8 of matrix lane / 8. A lane gets of each matrix elements
/// 2 * (lane % 4) and the next one of row lane / 4; transposed, of column
/// lane / 4. All lanes of the warp take part.
Fragment loadMatrices(Emit &emit, mlir::Value row, bool transposed);

/// sums + rows * columns, of 16 rows, 16 k and 8 columns. `rows`: as
/// loadMatrices gives rows 0 and 8 of k 0, then of k 8. `columns`: the same of
/// k 0 and k 8, transposed. `sums`: f32, at row lane / 4 columns 2 * (lane % 4)
/// and the next one, then the same 8 rows on.
llvm::SmallVector<mlir::Value> multiply16(Emit &emit, mlir::ValueRange rows,
                                          mlir::ValueRange columns,
                                          mlir::ValueRange sums);

/// Two f32 as a word of bf16, rounded to nearest, the first one low.
mlir::Value packPair(Emit &emit, mlir::Value low, mlir::Value high);

/// Two f32 as two such words, whose sum has 16 of their bits at least: the
/// rounded pair, and what rounding took away.
struct SplitPair {
  mlir::Value high, low;
};
SplitPair splitPair(Emit &emit, mlir::Value low, mlir::Value high);

/// 2^v of an f32, to within 2 units in the last place: not as Emit::exp, but
/// one instruction.
mlir::Value approximateExp2(Emit &emit, mlir::Value v);

} // namespace moec

#endif // CODEGEN_NVIDIA_MATRIXFRAGMENT_H
