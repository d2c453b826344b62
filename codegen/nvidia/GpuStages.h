//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of several stages, whose blocks wait for those of the stages before:
/// what a norm or a routing makes is read by products, and what products make
/// is read by what combines them, in one launch.
///
/// A block of a kernel of several stages takes a ticket, and that is its index:
/// who waits has begun later than those it waits for, in whatever order the
/// device begins blocks. moert_gpu_launch::finished counts both, tickets in its
/// low half and finished blocks in its high half.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_GPUSTAGES_H
#define CODEGEN_NVIDIA_GPUSTAGES_H

#include "codegen/nvidia/GpuEmit.h"

#include <memory>

namespace moec {

/// Tasks of a launch of `rows` rows: perRow * rows + fixed.
struct TaskCount {
  int64_t perRow = 0, fixed = 0;
};

/// A stage has a block for each `unit` tasks; what is left over gets none.
class GpuStage {
public:
  virtual ~GpuStage() = default;
  virtual TaskCount tasks() const = 0;
  /// What a block does before it knows its index: loads that are on their way
  /// while it takes a ticket. All threads of the block are here.
  virtual void prepare(Emit &, const GpuArguments &) {}
  /// Whether a block has anything to do; else it waits for nobody. Null: yes.
  virtual mlir::Value hasWork(Emit &, const GpuArguments &, mlir::Value) {
    return {};
  }
  /// Asks for what `block` reads whatever the stages before make, while it
  /// waits for them.
  virtual void prefetch(Emit &emit, const GpuArguments &arguments,
                        mlir::Value block) {}
  /// `block` counts from 0 in the stage; all threads of the block are here.
  virtual void emitBlock(Emit &emit, const GpuArguments &arguments,
                         mlir::Value block) = 0;
};

using GpuStages = llvm::SmallVector<std::unique_ptr<GpuStage>, 3>;

struct StagedKernel {
  exec::KernelOp kernel;
  int64_t threads;      ///< of a block
  int64_t unit;         ///< tasks of a block
  int64_t ticketOffset; ///< of 8 bytes of shared memory
  int64_t maps = 0;     ///< tensor maps
  GpuStages stages;

  /// Of all stages.
  TaskCount tasks() const;
  /// Defines the entry point.
  void emitInto(Emit &emit) const;

private:
  void emitBlocks(Emit &emit, const GpuArguments &arguments) const;
  void emitWork(Emit &emit, const GpuArguments &arguments, GpuStage &stage,
                mlir::Value first, mlir::Value block) const;
};

/// Bytes of shared memory for a ticket.
constexpr int64_t ticketBytes = 16;

/// Whether a block's shared memory is large enough, else an error.
mlir::LogicalResult checkSharedMemory(exec::KernelOp kernel,
                                      const KernelPlan &plan,
                                      const Target &target);

} // namespace moec

#endif // CODEGEN_NVIDIA_GPUSTAGES_H
