//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The choice of experts for one token, for the kernels that make it.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_TOPK_H
#define CODEGEN_KERNELS_TOPK_H

#include "codegen/Emit.h"
#include "dialects/MoE/MoE.h"

#include <limits>

namespace moec {

/// Pointers to what belongs to one token.
struct TokenRoute {
  mlir::Value logits;           ///< f32 [E]
  mlir::Value bias;             ///< f32 [E], or null
  mlir::Value experts, weights; ///< int32 [k], f32 [k]: written
  mlir::Value scratch;          ///< routeScratchBytes
};

int64_t routeScratchBytes(moe::TopKOp op);

/// An i32 that orders like the number: -0 equals 0, NaN equals -infinity.
mlir::Value orderKey(Emit &emit, mlir::Value v);
/// The key of what is chosen already; below that of every number.
constexpr int64_t takenExpertKey = std::numeric_limits<int32_t>::min();
mlir::Value sigmoid(Emit &emit, mlir::Value logit);

/// Chooses and weighs the experts of a token. Returns whether a logit is NaN.
mlir::Value routeToken(Emit &emit, moe::TopKOp op, const TokenRoute &token);

} // namespace moec

#endif // CODEGEN_KERNELS_TOPK_H
