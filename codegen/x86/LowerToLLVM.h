//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// From what Emit builds to LLVM IR.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_LOWERTOLLVM_H
#define CODEGEN_X86_LOWERTOLLVM_H

#include "mlir/IR/BuiltinOps.h"

#include <memory>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace moec {

/// Lowers a module of Emit's functions in place and translates it. Returns null
/// after an error has been reported.
std::unique_ptr<llvm::Module> lowerToLLVM(mlir::ModuleOp module,
                                          llvm::LLVMContext &context);

} // namespace moec

#endif // CODEGEN_X86_LOWERTOLLVM_H
