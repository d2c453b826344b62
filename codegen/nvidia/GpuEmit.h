//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What bodies of GPU kernels have beside Emit: threads, blocks, shared memory,
/// entry points.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_GPUEMIT_H
#define CODEGEN_NVIDIA_GPUEMIT_H

#include "codegen/Emit.h"
#include "codegen/KernelBuilder.h"

namespace moec {

/// The parameters of an entry point: see runtime/abi/GpuKernel.h.
class GpuArguments {
public:
  GpuArguments(exec::KernelOp kernel, mlir::ValueRange parameters, int64_t maps)
      : kernel(kernel), parameters(parameters), maps(maps) {}

  /// The address of the i-th operand or result.
  mlir::Value pointer(int64_t i) const { return parameters[i]; }
  /// The address of a value of the region: an argument or a yielded result.
  mlir::Value pointerTo(mlir::Value value) const;
  /// The address of the i-th tensor map.
  mlir::Value tensorMap(int64_t i) const { return parameters[count() + i]; }
  /// Fields of moert_gpu_launch.
  mlir::Value rows(Emit &emit) const;
  mlir::Value tasks(Emit &emit) const;
  mlir::Value status(Emit &emit) const;
  mlir::Value finished(Emit &emit) const;
  mlir::Value scratch(Emit &emit) const;
  mlir::Value scratchPitch(Emit &emit) const;
  /// Operands and results.
  int64_t count() const;
  /// Reports a moert_kernel_status.
  void fail(Emit &emit, int32_t status) const;

private:
  mlir::Value field(Emit &emit, mlir::Type type, size_t offset) const;

  exec::KernelOp kernel;
  mlir::SmallVector<mlir::Value> parameters;
  int64_t maps;
};

/// Defines the entry point of a kernel for blocks of `threads` threads, with so
/// many tensor maps.
void emitEntry(Emit &emit, exec::KernelOp kernel, int64_t threads,
               llvm::function_ref<void(const GpuArguments &)> body,
               int64_t maps = 0);

constexpr int64_t warpThreads = 32;

/// Indices as i64.
mlir::Value threadIndex(Emit &emit);
mlir::Value laneIndex(Emit &emit); ///< in the warp
mlir::Value warpIndex(Emit &emit); ///< in the block
mlir::Value blockIndex(Emit &emit);
mlir::Value gridSize(Emit &emit);

/// All threads of the block, or of the warp, meet.
void blockBarrier(Emit &emit);
void warpBarrier(Emit &emit);

using IndexBody = llvm::function_ref<void(mlir::Value)>;
/// body(i) for every i < count that this thread takes of a block of `threads`,
/// of its warp, or that its warp takes of the block.
void forEachOfBlock(Emit &emit, int64_t threads, mlir::Value count,
                    IndexBody body);
void forEachOfLanes(Emit &emit, mlir::Value count, IndexBody body);
void forEachOfWarps(Emit &emit, int64_t threads, mlir::Value count,
                    IndexBody body);

/// Whether an i1 is true in all lanes of the warp, which all take part; and, as
/// the bits of an i32, in which.
mlir::Value allOfWarp(Emit &emit, mlir::Value v);
mlir::Value ballot(Emit &emit, mlir::Value v);
/// The bits that are set in an i32, as i64.
mlir::Value countOnes(Emit &emit, mlir::Value v);

/// An i32 whose bits are all ones, which no compiler knows. All lanes of the
/// warp take part.
mlir::Value hiddenOnes(Emit &emit);

/// Keeps ptxas from unrolling the loop that these are results of: where it
/// does, it hoists loads until registers spill.
void keepRolled(mlir::ValueRange results);

/// What the lane at an exclusive-or distance holds, or a lane of that index; an
/// f32 or i32. All lanes of the warp take part.
mlir::Value shuffleXor(Emit &emit, mlir::Value v, int64_t distance);
mlir::Value shuffleFrom(Emit &emit, mlir::Value v, mlir::Value lane);

/// The lane's value combined with those at exclusive-or distances from `from`
/// down to `to`, halved from step to step: all of 2 * from lanes that are a
/// multiple of `to` apart. An f32, i32, or i64 that fits 32 bits.
mlir::Value
combineLanes(Emit &emit, mlir::Value v, int64_t from, int64_t to,
             llvm::function_ref<mlir::Value(mlir::Value, mlir::Value)> combine);
/// Of f32 in `lanes` neighbouring lanes, a power of two.
mlir::Value sumOfLanes(Emit &emit, mlir::Value v, int64_t lanes = warpThreads);
mlir::Value maximumOfLanes(Emit &emit, mlir::Value v);

/// A byte of the block's dynamic shared memory.
mlir::Value sharedMemory(Emit &emit, int64_t offset = 0);

} // namespace moec

#endif // CODEGEN_NVIDIA_GPUEMIT_H
