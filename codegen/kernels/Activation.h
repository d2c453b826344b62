//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Activation functions that several kernels compute.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_ACTIVATION_H
#define CODEGEN_KERNELS_ACTIVATION_H

#include "codegen/Emit.h"

namespace moec {

/// a / (1 + exp(-a)), f32. Where exp overflows, to infinity, the result is -0.
mlir::Value silu(Emit &emit, mlir::Value a);

} // namespace moec

#endif // CODEGEN_KERNELS_ACTIVATION_H
