//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The end of a kernel that combines the results of experts: the weighted sum
/// of each token's rows, which are in scratch memory, in the order of choices.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXCOMBINE_H
#define CODEGEN_X86_MATRIXCOMBINE_H

#include "codegen/Emit.h"

namespace moec {

/// Panels of results, of all experts, and what becomes of them.
struct ExpertSums {
  mlir::Value sums;     ///< [slots][pitch] f32, of the panels from..to
  int64_t pitch;        ///< columns
  mlir::Value from, to; ///< panels
  mlir::Value tokens;
  mlir::Value rowOfSlot; ///< i32 [slots]
  mlir::Value weights;   ///< f32 [slots]
  int64_t choices;       ///< slots of a token
  mlir::Value residual;  ///< f32 [tokens, columns], or null
  mlir::Value result;    ///< f32 [tokens, columns]
  int64_t columns;
};

/// result[t] = sum_j weights[t, j] * sums[row of (t, j)] (+ residual[t]).
void emitCombine(Emit &emit, const ExpertSums &sums);

} // namespace moec

#endif // CODEGEN_X86_MATRIXCOMBINE_H
