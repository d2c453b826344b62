//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// State spaces of PTX, which instructions want of addresses that are generic
/// otherwise.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_STATESPACE_H
#define CODEGEN_NVIDIA_STATESPACE_H

#include "codegen/Emit.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

namespace moec {

/// By LLVM's numbers of address spaces (NVPTX usage guide).
enum class StateSpace : unsigned { Global = 1, Shared = 3, SharedCluster = 7 };

/// A generic address, as one of a state space that it lies in.
inline mlir::Value inSpace(Emit &emit, mlir::Value address, StateSpace space) {
  mlir::Type type = mlir::LLVM::LLVMPointerType::get(
      emit.getContext(), static_cast<unsigned>(space));
  return mlir::LLVM::AddrSpaceCastOp::create(emit, type, address);
}

} // namespace moec

#endif // CODEGEN_NVIDIA_STATESPACE_H
