//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Rows in a GPU's memory, in strips of up to 16 bytes that one access of a
/// thread moves.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_GPUSTRIPS_H
#define CODEGEN_NVIDIA_GPUSTRIPS_H

#include "codegen/kernels/Region.h"
#include "codegen/nvidia/GpuEmit.h"

namespace moec {

/// A tensor of the region in device memory.
Matrix matrixOf(const GpuArguments &arguments, mlir::Value tensor);
Row rowOf(const GpuArguments &arguments, mlir::Value vector);

/// Lanes of the strips that rows of these elements are cut into: as many as
/// make 16 bytes of the largest, or as divide a row, so that there is no tail.
int64_t accessLanes(llvm::ArrayRef<mlir::Type> elements, int64_t width);

/// As loadStrip and storeStrip, in one access: the strip begins at a multiple
/// of its own size.
mlir::Value loadWhole(Emit &emit, Row row, mlir::Value index, int64_t lanes);
void storeWhole(Emit &emit, mlir::Value v, Row row, mlir::Value index);

/// Values of any type, unchanged; the address is a multiple of their size.
mlir::Value loadAligned(Emit &emit, mlir::Type type, mlir::Value address);
void storeAligned(Emit &emit, mlir::Value v, mlir::Value address);

/// body(index) for each strip of a row, which the threads of a block share:
/// neighbours have neighbouring strips.
void forEachBlockStrip(Emit &emit, int64_t width, int64_t lanes,
                       int64_t threads,
                       llvm::function_ref<void(mlir::Value index)> body);

} // namespace moec

#endif // CODEGEN_NVIDIA_GPUSTRIPS_H
