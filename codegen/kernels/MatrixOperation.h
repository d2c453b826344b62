//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The matrix products of kernels on any machine.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_MATRIXOPERATION_H
#define CODEGEN_KERNELS_MATRIXOPERATION_H

#include "dialects/Decoder/Decoder.h"
#include "dialects/MoE/MoE.h"

namespace moec {

/// One product; operands are arguments of the kernel unless fused.
struct MatrixOperation {
  mlir::Operation *op = nullptr;
  mlir::Value x, weight, plan, bias;

  mlir::RankedTensorType weightType() const {
    return llvm::cast<mlir::RankedTensorType>(weight.getType());
  }
  int64_t experts() const { return plan ? weightType().getDimSize(0) : 1; }
  int64_t columns() const {
    return weightType().getDimSize(weightType().getRank() - 2);
  }
  int64_t depth() const { return weightType().getShape().back(); }
  mlir::Type biasElement() const;
  /// The product that an operation is; without `op` if it is none.
  static MatrixOperation of(mlir::Operation &op);
};

} // namespace moec

#endif // CODEGEN_KERNELS_MATRIXOPERATION_H
