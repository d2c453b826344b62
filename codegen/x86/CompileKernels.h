//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// From the kernels of a module to machine code for one target.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_COMPILEKERNELS_H
#define CODEGEN_X86_COMPILEKERNELS_H

#include "codegen/KernelBuilder.h"

#include "mlir/IR/BuiltinOps.h"

namespace moec {

/// What code generation can hand out, each made from the one before it.
enum class CodeForm {
  LLVM,        ///< optimized LLVM IR, as text
  Assembly,    ///< as text
  Object,      ///< a relocatable ELF object
  SharedObject ///< an ELF shared object that needs no other library
};

/// Builds every exec.kernel of `module` for the target of `context` and returns
/// the code in the form asked for. Each kernel becomes an exported function of
/// its name, a moert_kernel of runtime/abi/Kernel.h. The same input gives the
/// same bytes.
///
/// Fails with what the builder of a kernel reports if one cannot be built.
/// Loads the dialects that it needs into the module's context; leaves the
/// module as it is.
llvm::Expected<std::string> compileKernels(mlir::ModuleOp module,
                                           const KernelContext &context,
                                           CodeForm form);

/// Loads the dialects that Emit builds in.
void loadEmitDialects(mlir::MLIRContext &context);

/// The same for functions that Emit has made: lowers `functions` in place.
llvm::Expected<std::string>
compileFunctions(mlir::ModuleOp functions, const Target &target, CodeForm form);

} // namespace moec

#endif // CODEGEN_X86_COMPILEKERNELS_H
