//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The kernels of a module: one for all operations that mean the same.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELTABLE_H
#define CODEGEN_KERNELTABLE_H

#include "codegen/Target.h"
#include "dialects/Exec/Exec.h"

#include <string>

namespace moec {

class KernelTable {
public:
  KernelTable(mlir::SymbolTable &symbols, Machine machine)
      : symbols(symbols), machine(machine) {}

  /// The kernel that computes `op` in steps of up to `maxTokens` tokens: an
  /// equal one that is in the table already, or a new one at the end of the
  /// module. The layer of a cache is no part of what makes kernels different,
  /// tokens only where the builder of the machine says so.
  exec::KernelOp get(mlir::Operation *op, int64_t maxTokens);

  llvm::ArrayRef<exec::KernelOp> all() const { return kernels; }

private:
  mlir::SymbolTable &symbols;
  Machine machine;
  llvm::SmallVector<exec::KernelOp> kernels;
};

/// A name that says what an operation computes and on which shapes:
/// "linear_4096x14336_bf16".
std::string describeKernel(mlir::Operation *op);

} // namespace moec

#endif // CODEGEN_KERNELTABLE_H
