//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Sine and cosine of f32 vectors, the same bits on every target.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_SINCOS_H
#define CODEGEN_KERNELS_SINCOS_H

#include "codegen/Emit.h"

namespace moec {

struct SinCos {
  mlir::Value sin, cos;
};

/// Sine and cosine of f32 angles |x| < 2^30, within one unit in the last
/// place; a vector or a scalar. Beyond, precision fades; infinity gives NaN.
SinCos emitSinCos(Emit &emit, mlir::Value x);

} // namespace moec

#endif // CODEGEN_KERNELS_SINCOS_H
