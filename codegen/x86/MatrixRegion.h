//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The parts of a matrix kernel, read from its region: how activations are
/// loaded, which products, and what becomes of the sums.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXREGION_H
#define CODEGEN_X86_MATRIXREGION_H

#include "codegen/kernels/MatrixOperation.h"
#include "codegen/x86/MatrixHeads.h"
#include "codegen/x86/MatrixPrologue.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/Exec/Exec.h"
#include "dialects/MoE/MoE.h"

namespace moec {

/// Panels of a product's columns.
int64_t panelsOf(const MatrixOperation &product);

/// (prologue) -> x -> (permute) -> products -> (swiglu | combine) -> (add), or
/// products -> (rope) -> (append_kv), or product -> part_top.
struct MatrixRegion {
  std::unique_ptr<MatrixPrologue> prologue; ///< null if there is none
  mlir::SmallVector<MatrixOperation, 3> products;
  mlir::SmallVector<HeadsEnd, 3> ends; ///< of each product
  /// What activations are loaded from: an argument, or what the prologue makes.
  mlir::Value x;
  moe::PermuteOp permute;
  decoder::SwigluOp swiglu;
  moe::CombineOp combine;
  decoder::AddOp add;
  decoder::PartTopOp top;
  mlir::Value residual; ///< the argument that `add` adds

  const MatrixOperation &first() const { return products.front(); }
  mlir::RankedTensorType xType() const {
    return llvm::cast<mlir::RankedTensorType>(x.getType());
  }
  /// Whether the kernel packs rows itself.
  bool packs() const { return !xType().getEncoding(); }
  bool isGrouped() const { return static_cast<bool>(first().plan); }
  /// Whether several products have a result each.
  bool isParallel() const { return products.size() > 1 && !swiglu; }
  /// Whether sums are heads that are rotated or appended.
  bool hasHeads() const {
    return llvm::any_of(ends, [](const HeadsEnd &end) { return bool(end); });
  }

  /// Whether a region has products and no operations that never go with them.
  static bool matches(mlir::Block &region);
  /// The parts of a kernel, or an error that names its operations.
  static mlir::FailureOr<MatrixRegion> analyze(exec::KernelOp kernel,
                                               const Target &target);
};

} // namespace moec

#endif // CODEGEN_X86_MATRIXREGION_H
