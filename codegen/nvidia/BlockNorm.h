//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The norm of one row by all threads of a block, with the bits of the portable
/// kernel: the order of summation is the same.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_BLOCKNORM_H
#define CODEGEN_NVIDIA_BLOCKNORM_H

#include "codegen/kernels/Region.h"
#include "codegen/nvidia/GpuEmit.h"
#include "dialects/Decoder/Decoder.h"

namespace moec {

class BlockNorm {
public:
  /// The row is kept as f32 in shared memory from `sharedOffset` on.
  BlockNorm(decoder::RMSNormOp op, int64_t threads, int64_t sharedOffset)
      : op(op), threads(threads), sharedOffset(sharedOffset) {}

  static int64_t sharedBytes(decoder::RMSNormOp op) {
    return 4 * rowLength(op.getX());
  }
  /// Norms a row. It is in shared memory then, rounded, for all threads to read;
  /// and in memory, if the kernel yields it.
  void emitRow(Emit &emit, const GpuArguments &arguments,
               mlir::Value row) const;
  /// The same of a row of which load(index) gives the strip of `lanes()` f32
  /// from an element on.
  void emitRow(Emit &emit, const GpuArguments &arguments, mlir::Value row,
               llvm::function_ref<mlir::Value(mlir::Value index)> load) const;
  int64_t lanes() const;
  Row shared(Emit &emit) const {
    return {sharedMemory(emit, sharedOffset), emit.getF32Type()};
  }

private:
  mlir::Value sumOfSquares(Emit &emit) const;
  mlir::Value inverse(Emit &emit) const;

  decoder::RMSNormOp op;
  int64_t threads, sharedOffset;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_BLOCKNORM_H
