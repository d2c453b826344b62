//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// From the region of an exec.kernel to the arguments of its launch.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_REGION_H
#define CODEGEN_KERNELS_REGION_H

#include "codegen/kernels/Strips.h"
#include "dialects/Exec/Exec.h"

namespace moec {

/// Checks that the kernel yields all results of an operation, and that every
/// tensor is row-major (no layout) with static dimensions after the first.
mlir::LogicalResult checkRowMajor(mlir::Operation *op);
/// The part of it about tensors.
mlir::LogicalResult checkRowMajorTypes(mlir::Operation *op);

/// Whether a value of the region is a result of its kernel.
bool isYielded(mlir::Value value);

/// The first operation of the kernel, of the kind that its builder is for.
template <class Op> Op firstOperation(exec::KernelOp kernel) {
  return mlir::cast<Op>(&kernel.getBody().front().front());
}

/// The last dimension of a tensor.
int64_t rowLength(mlir::Value tensor);

/// The pointer to a value of the region: an argument or a yielded result.
mlir::Value pointerTo(Emit &emit, KernelArguments arguments, mlir::Value value);

/// A row-major matrix.
struct Matrix {
  mlir::Value base;
  mlir::Type element;
  int64_t width;

  Row row(Emit &emit, mlir::Value index) const {
    return Row{base, element}.from(emit, emit.mul(index, width));
  }
};
/// A tensor of the region, as what its argument points to.
Matrix matrixOf(Emit &emit, KernelArguments arguments, mlir::Value tensor);
Row rowOf(Emit &emit, KernelArguments arguments, mlir::Value vector);

/// Element i of an int32 array, as i64; and an i64 to it.
mlir::Value loadIndex(Emit &emit, mlir::Value array, mlir::Value i);
void storeIndex(Emit &emit, mlir::Value v, mlir::Value array, mlir::Value i);

/// Tasks of one row that a thread should take at once, so that fetching them
/// costs little beside their work of `elements` elements each.
int64_t rowGrain(int64_t elements);

/// Tasks of a kernel: body(row) for each row from begin to end.
void forEachTask(Emit &emit, KernelArguments arguments,
                 llvm::function_ref<void(mlir::Value)> body);

/// Cuts the scratch memory of a thread into aligned areas.
class ScratchAreas {
public:
  /// The offset of a new area.
  int64_t take(int64_t bytes);
  int64_t bytes() const { return used; }

private:
  int64_t used = 0;
};
/// An area of the scratch memory.
Row scratchArea(Emit &emit, KernelArguments arguments, int64_t offset,
                mlir::Type element);

} // namespace moec

#endif // CODEGEN_KERNELS_REGION_H
