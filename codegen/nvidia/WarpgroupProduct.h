//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Products of bf16 that the four warps of a warpgroup compute together, both
/// operands in shared memory. PTX ISA, "wgmma".
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_WARPGROUPPRODUCT_H
#define CODEGEN_NVIDIA_WARPGROUPPRODUCT_H

#include "codegen/nvidia/GpuEmit.h"

namespace moec {

constexpr int64_t warpgroupWarps = 4,
                  warpgroupThreads = warpgroupWarps * warpThreads,
                  warpgroupRows = 64;

/// Sums of 64 rows and `columns` columns, f32, as one value. A thread has, for
/// each 8 columns, those at row lane / 4 of its warp's 16 rows and columns
/// 2 * (lane % 4) and the one after it, then the same 8 rows below.
mlir::Type warpgroupSums(Emit &emit, int64_t columns);
mlir::Value zeroWarpgroupSums(Emit &emit, int64_t columns);
mlir::SmallVector<mlir::Value> listWarpgroupSums(Emit &emit, mlir::Value sums);

/// Begins to add the product of 64 k of 64 rows and of `columns` rows of the
/// other operand, in SwizzledLayout at these addresses, as one group. What the
/// threads that wrote them wrote is seen (fenceForAsync).
mlir::Value beginWarpgroupProduct(Emit &emit, mlir::Value rows,
                                  mlir::Value others, int64_t columns,
                                  mlir::Value sums);
/// Waits until all groups of this warp but the `newest` last ones are complete.
void awaitWarpgroupProducts(Emit &emit, int64_t newest);

} // namespace moec

#endif // CODEGEN_NVIDIA_WARPGROUPPRODUCT_H
