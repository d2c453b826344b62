//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// How the products of a kernel are computed, how its tasks are counted and
/// what of a thread's scratch memory they take.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXKERNELPLAN_H
#define CODEGEN_X86_MATRIXKERNELPLAN_H

#include "codegen/kernels/MatrixRegion.h"
#include "codegen/x86/MatrixLoops.h"

namespace moec {

/// How the products of a region are computed.
struct RegionMethod {
  std::unique_ptr<OperandDecoder> decoder;
  std::unique_ptr<Epilogue> epilogue;
  TileShapes shapes;
  int64_t depth; ///< K, padded
  bool usesAmx;

  RegionMethod(const MatrixRegion &region, const Target &target);
  MatrixMethod method() const { return {*decoder, *epilogue, shapes, usesAmx}; }
};

/// Panels of a product's columns.
int64_t panelsOf(const MatrixOperation &product);

/// Tasks of a product: panels, units of heads, or parts of which the best are
/// kept.
int64_t productTasks(const MatrixRegion &region, int64_t product);

/// Scratch memory at the beginning of a thread's, for sums that are not
/// finished by tiles: of the rows of all experts for a group of panels, or of
/// all tokens for a unit of heads or a part.
int64_t unfinishedBytes(const MatrixRegion &region,
                        const KernelContext &context);
/// What the loops take behind it.
int64_t loopBytes(const MatrixRegion &region, const KernelContext &context);

mlir::FailureOr<KernelPlan> planMatrixKernel(exec::KernelOp kernel,
                                             const KernelContext &context);

} // namespace moec

#endif // CODEGEN_X86_MATRIXKERNELPLAN_H
