//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// From functions that the builders of GPU kernels made to PTX.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_GENERATEPTX_H
#define CODEGEN_NVIDIA_GENERATEPTX_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <string>

namespace llvm {
class LLVMContext;
class Module;
} // namespace llvm

namespace moec {

/// Lowers scf, arith, math, vector, nvvm and llvm operations to LLVM IR, in
/// place. Null, after an error at the operation, if something does not lower.
std::unique_ptr<llvm::Module> lowerToNVVM(mlir::ModuleOp module,
                                          llvm::LLVMContext &context);

/// Optimizes a module for `arch`, "sm_90a", in place.
llvm::Error optimizeForGpu(llvm::Module &module, llvm::StringRef arch);

/// The PTX of an optimized module.
llvm::Expected<std::string> generatePtx(llvm::Module &module,
                                        llvm::StringRef arch);

} // namespace moec

#endif // CODEGEN_NVIDIA_GENERATEPTX_H
