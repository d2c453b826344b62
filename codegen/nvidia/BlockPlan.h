//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The plan of a sparse layer by one block, as SlotSort makes it
/// (codegen/kernels/Plan.h).
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_BLOCKPLAN_H
#define CODEGEN_NVIDIA_BLOCKPLAN_H

#include "codegen/kernels/Plan.h"
#include "codegen/nvidia/GpuEmit.h"

namespace moec {

class BlockPlan {
public:
  /// `experts`: int32, of each slot; may be the plan's rowOfSlot.
  BlockPlan(Emit &emit, const PlanArrays &plan, mlir::Value experts,
            int64_t expertCount, int64_t threads)
      : emit(emit), plan(plan), experts(experts), expertCount(expertCount),
        threads(threads) {}

  /// From offset 0 of the block's shared memory on.
  static int64_t sharedBytes(int64_t expertCount) { return 4 * expertCount; }
  /// All threads of the block take part. `slots`: how many.
  void emitInto(mlir::Value slots) const;

private:
  mlir::Value counts() const { return sharedMemory(emit); }
  mlir::Value
  forEachSlots(mlir::Value slots, mlir::Value expert, mlir::Value init,
               llvm::function_ref<void(mlir::Value slot, mlir::Value is,
                                       mlir::Value before)>
                   body) const;
  mlir::Value firstRow(mlir::Value expert) const;

  Emit &emit;
  const PlanArrays &plan;
  mlir::Value experts;
  int64_t expertCount, threads;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_BLOCKPLAN_H
