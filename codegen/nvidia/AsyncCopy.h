//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Copies from global to shared memory that a thread does not wait for.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_ASYNCCOPY_H
#define CODEGEN_NVIDIA_ASYNCCOPY_H

#include "codegen/nvidia/GpuEmit.h"

namespace moec {

/// Bytes of a copy; both addresses are multiples of it.
constexpr int64_t copyBytes = 16;

/// Begins to copy 16 bytes; of `present`, if it is not null, only so many (an
/// i64 of 0 to 16) are read, and zeros follow.
void beginCopy(Emit &emit, mlir::Value from, mlir::Value to,
               mlir::Value present = {});
/// `bytes` (an i64), but no fewer than none and no more than a copy has.
mlir::Value bytesOfCopy(Emit &emit, mlir::Value bytes);
/// Begins to copy `bytes`, a multiple of 16, by `threads` threads of which this
/// is the one of index `thread`. presentAt(offset), if there is one, says of
/// the 16 bytes at an offset how many are there: what is not is not read.
void beginCopies(
    Emit &emit, mlir::Value from, mlir::Value to, int64_t bytes,
    mlir::Value thread, int64_t threads,
    llvm::function_ref<mlir::Value(mlir::Value offset)> presentAt = {});
/// Makes a group of the thread's copies that are in none.
void closeCopies(Emit &emit);
/// Waits until all groups of the thread but the `newest` last ones have
/// arrived. Other threads see them after they have met this one.
void awaitCopies(Emit &emit, int64_t newest);

} // namespace moec

#endif // CODEGEN_NVIDIA_ASYNCCOPY_H
