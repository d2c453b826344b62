//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// A ring of stages in shared memory that some warps of a block fill and others
/// empty, handed over by mbarriers: of each stage one says that it is full, one
/// that it is empty. PTX ISA, "mbarrier".
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_STAGERING_H
#define CODEGEN_NVIDIA_STAGERING_H

#include "codegen/nvidia/GpuEmit.h"

namespace moec {

class StageRing {
public:
  /// `stages` stages of `stageBytes` bytes from the beginning of shared memory,
  /// and the barriers behind them.
  StageRing(int64_t stages, int64_t stageBytes)
      : stages(stages), stageBytes(stageBytes) {}

  const int64_t stages, stageBytes;
  int64_t sharedBytes() const { return stages * (stageBytes + 2 * barrierBytes); }

  /// Where a warp is in the ring: a stage, and the parity of the phase in which
  /// it is filled or read.
  struct Position {
    mlir::Value stage, parity;

    static constexpr int64_t count = 2; ///< of its values
    mlir::SmallVector<mlir::Value> values() const { return {stage, parity}; }
    static Position of(mlir::ValueRange values) {
      return {values[0], values[1]};
    }
  };
  Position start(Emit &emit) const;
  Position next(Emit &emit, const Position &at) const;
  /// The stage before; there is one.
  mlir::Value previousStage(Emit &emit, mlir::Value stage) const;

  /// The address of a stage's first byte.
  mlir::Value address(Emit &emit, mlir::Value stage) const;

  /// By all threads of the block: makes the barriers. A stage is full after
  /// `fillers` arrivals, an i32, and what bulk copies were announced; empty
  /// after `readers`.
  void open(Emit &emit, mlir::Value fillers, mlir::Value readers) const;
  /// By all threads of the block, when none will wait or arrive any more.
  void close(Emit &emit) const;

  /// The barriers as the operations take them.
  mlir::Value full(Emit &emit, mlir::Value stage) const;
  mlir::Value empty(Emit &emit, mlir::Value stage) const;

  /// Waits until the stage is full, or has been emptied; the first time round
  /// all are empty.
  void awaitFull(Emit &emit, const Position &at) const;
  void awaitEmpty(Emit &emit, const Position &at) const;

private:
  static constexpr int64_t barrierBytes = 8;

  mlir::Value barrier(Emit &emit, mlir::Value index) const;
};

/// A lane's arrival.
void arrive(Emit &emit, mlir::Value barrier);
/// What this thread has seen written to shared memory, bulk copies and products
/// of warpgroups see, too.
void fenceForAsync(Emit &emit);

} // namespace moec

#endif // CODEGEN_NVIDIA_STAGERING_H
