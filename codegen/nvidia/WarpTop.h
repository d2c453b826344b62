//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The choice of the best logits by a warp, for the kernels that keep them.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_WARPTOP_H
#define CODEGEN_NVIDIA_WARPTOP_H

#include "codegen/kernels/Region.h"
#include "codegen/nvidia/GpuEmit.h"

namespace moec {

/// Candidates in memory, and where the best of them go: as TopChoice of
/// codegen/kernels/Top.h.
struct WarpTopChoice {
  Row logits;             ///< f32 [count]
  mlir::Value candidates; ///< int32 [count]: their tokens; null: first + index
  mlir::Value first;      ///< null with candidates
  mlir::Value count;
  int64_t k;
  Row top, tokens; ///< f32 [k], int32 [k]: written
};

/// Writes the k best, as emitTopChoice does. All lanes of the warp take part.
void emitWarpTop(Emit &emit, const WarpTopChoice &choice);

/// Reports MOERT_KERNEL_LOGIT_NAN if one of the candidates is NaN.
void failOnNaN(Emit &emit, const GpuArguments &arguments,
               const WarpTopChoice &choice);

} // namespace moec

#endif // CODEGEN_NVIDIA_WARPTOP_H
