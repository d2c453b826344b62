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

/// A stable counting sort of the slots by expert.
struct SlotSort {
  mlir::Value experts; ///< int32, of each slot; may be the plan's rowOfSlot
  mlir::Value slots;   ///< how many
  mlir::Value next; ///< scratch, int32 [E]: the row that an expert's next slot
                    ///< gets
  int64_t expertCount;

  void emitInto(Emit &emit, const PlanArrays &plan) const;

private:
  void count(Emit &emit) const;
  void placeExperts(Emit &emit, const PlanArrays &plan) const;
};

} // namespace moec

#endif // CODEGEN_KERNELS_PLAN_H
