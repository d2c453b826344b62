//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The choice of a token's experts by a warp, with the bits of routeToken
/// (codegen/kernels/TopK.h).
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_WARPTOPK_H
#define CODEGEN_NVIDIA_WARPTOPK_H

#include "codegen/kernels/TopK.h"
#include "codegen/nvidia/GpuEmit.h"

namespace moec {

/// Scratch memory that TokenRoute::scratch must point to; often none.
int64_t warpRouteScratchBytes(moe::TopKOp op);

/// Chooses and weighs the experts of a token, and reports
/// MOERT_KERNEL_ROUTER_NAN if a logit is NaN. All lanes of the warp take part.
void emitWarpRoute(Emit &emit, const GpuArguments &arguments, moe::TopKOp op,
                   const TokenRoute &token);

} // namespace moec

#endif // CODEGEN_NVIDIA_WARPTOPK_H
