//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The end of matrix kernels whose sums are heads: queries and keys are rotated
/// by their positions, keys and values go to the cache.
///
/// A task is a unit of whole heads and whole panels. Its sums go to scratch
/// memory; what is made of them is what the kernels of the single operations
/// make, so the bits are the same.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXHEADS_H
#define CODEGEN_X86_MATRIXHEADS_H

#include "codegen/kernels/MatrixRegion.h"
#include "codegen/kernels/Rope.h"
#include "dialects/Decoder/Decoder.h"

#include <optional>

namespace moec {

/// Panels of a task: whole heads, and as many as share activations.
int64_t unitPanels(const HeadsEnd &end);

/// Sums of a unit in scratch memory.
struct HeadsUnit {
  Row sums; ///< f32 [tokens][pitch]
  int64_t pitch;
  mlir::Value first; ///< the first head of the product
  mlir::Value count; ///< heads
  mlir::Value tokens;
};

/// Emits what becomes of the units of a kernel.
class HeadsEmitter {
public:
  HeadsEmitter(exec::KernelOp kernel, llvm::ArrayRef<HeadsEnd> ends)
      : kernel(kernel), ends(ends) {}

  /// Scratch memory for the angles of all rotations.
  int64_t scratchBytes() const;
  /// Defines the constants of the rotations; `scratch` as above.
  void bind(Emit &emit, mlir::Value scratch);
  /// Finishes the heads of a unit of the i-th product.
  void emitUnit(Emit &emit, const KernelArguments &arguments, int64_t i,
                const HeadsUnit &unit);

private:
  exec::KernelOp kernel;
  llvm::ArrayRef<HeadsEnd> ends;
  llvm::SmallVector<std::optional<Rotation>, 3> rotations; ///< of each end
};

} // namespace moec

#endif // CODEGEN_X86_MATRIXHEADS_H
