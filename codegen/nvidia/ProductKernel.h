//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Kernels of matrix products for NVIDIA GPUs, composed of a stage before them
/// (ProductPrologue), a main loop (ProductLoop) and an end (ProductEnd).
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_PRODUCTKERNEL_H
#define CODEGEN_NVIDIA_PRODUCTKERNEL_H

#include "codegen/nvidia/GpuKernels.h"
#include "codegen/nvidia/ProductEnd.h"

namespace moec {

/// A region's parts, and the stages that they become.
class ProductKernel {
public:
  /// The region must be one that MatrixRegion::analyze takes.
  ProductKernel(exec::KernelOp kernel, const MatrixRegion &region,
                const KernelContext &context);

  KernelPlan plan() const;
  void emitInto(Emit &emit) const { staged.emitInto(emit); }

private:
  MatrixRegion region;
  std::unique_ptr<ProductLoop> loop;
  std::string method; ///< see KernelPlan
  llvm::SmallVector<std::unique_ptr<ProductEnd>, 3> ends; ///< of each product
  StagedKernel staged;
  /// Bytes of shared memory.
  int64_t prologueShared = 0, productShared = 0;
  llvm::SmallVector<LayoutUse, 2> layouts;
};

} // namespace moec

#endif // CODEGEN_NVIDIA_PRODUCTKERNEL_H
