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

/// Forms of a GPU's code that are text.
enum class GpuForm { LLVM, Ptx };

/// Optimizes a module for `arch`, "sm_90a", in place, and returns it as text.
llvm::Expected<std::string> compileForGpu(llvm::Module &module,
                                          llvm::StringRef arch, GpuForm form);

} // namespace moec

#endif // CODEGEN_NVIDIA_GENERATEPTX_H
