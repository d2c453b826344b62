//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The parts of a matrix kernel, read from its region: how activations are
/// loaded, which products, and what becomes of the sums.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELS_MATRIXREGION_H
#define CODEGEN_KERNELS_MATRIXREGION_H

#include "codegen/kernels/MatrixOperation.h"
#include "codegen/kernels/Router.h"
#include "dialects/Decoder/Decoder.h"
#include "dialects/Exec/Exec.h"
#include "dialects/MoE/MoE.h"

namespace moec {

/// What becomes of the sums of one product that are heads.
struct HeadsEnd {
  decoder::RopeOp rope; ///< null: not rotated
  /// Where heads go; null: to the kernel's result.
  decoder::AppendKVOp append;
  bool isKeys = false; ///< of what is appended; else values

  explicit operator bool() const { return rope || append; }
  int64_t headDim() const;
};

/// (prologue) -> x -> (permute) -> products -> (swiglu | combine) -> (add), or
/// products -> (rope) -> (append_kv), or product -> part_top.
struct MatrixRegion {
  /// What comes first: the choice of experts, or a norm alone, or nothing.
  Routing prologue;
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
  bool routes() const { return prologue.topK && prologue.dispatch; }
  bool hasPrologue() const { return prologue.norm || routes(); }
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
  static mlir::FailureOr<MatrixRegion> analyze(exec::KernelOp kernel);
};

} // namespace moec

#endif // CODEGEN_KERNELS_MATRIXREGION_H
