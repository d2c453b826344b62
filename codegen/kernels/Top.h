//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The k best of a row of logits, for the kernels that keep them.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_TOP_H
#define CODEGEN_KERNELS_TOP_H

#include "codegen/kernels/Strips.h"

namespace moec {

/// Candidates in memory, and where the best of them go.
struct TopChoice {
  mlir::Value logits;      ///< f32 [count]
  mlir::Value candidates;  ///< int32 [count]: their tokens; null: first + index
  mlir::Value first;       ///< i64; null with candidates
  mlir::Value count;       ///< i64
  int64_t k;               ///< may be more than count
  mlir::Value top, tokens; ///< f32 [k], int32 [k]: written
};

/// Writes the k best in descending order, of equal logits the lower token
/// first, and -infinity and 2^31 - 1 for those that are missing. The order of
/// candidates makes no difference. A NaN is never among them.
void emitTopChoice(Emit &emit, const TopChoice &choice);

/// Whether one of the logits is NaN: i1.
mlir::Value emitAnyNaN(Emit &emit, mlir::Value logits, mlir::Value count);

} // namespace moec

#endif // CODEGEN_KERNELS_TOP_H
