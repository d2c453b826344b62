//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The arrays of a `!moe.plan`, as runtime/abi/Kernel.h lays them out.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_PLAN_H
#define CODEGEN_KERNELS_PLAN_H

#include "codegen/Emit.h"
#include "dialects/MoE/MoE.h"

namespace moec {

/// Pointers to the int32 arrays of a plan.
struct PlanArrays {
  mlir::Value offsets;   ///< [E + 1]
  mlir::Value slotOfRow; ///< [slots]
  mlir::Value rowOfSlot; ///< [slots]

  /// `slots` is T * k.
  PlanArrays(Emit &emit, mlir::Value plan, moe::PlanType type,
             mlir::Value slots);
};

} // namespace moec

#endif // CODEGEN_KERNELS_PLAN_H
