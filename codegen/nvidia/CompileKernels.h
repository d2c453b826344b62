//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// From the kernels of a module to code for one NVIDIA GPU.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_COMPILEKERNELS_H
#define CODEGEN_NVIDIA_COMPILEKERNELS_H

#include "codegen/KernelBuilder.h"
#include "codegen/nvidia/Assembler.h"
#include "codegen/nvidia/GeneratePtx.h"

#include "mlir/IR/BuiltinOps.h"

namespace moec {

/// Builds every exec.kernel of `module` for the GPU of `context`, as text. Each
/// kernel becomes an entry point of its name: see runtime/abi/GpuKernel.h. The
/// same input gives the same bytes.
///
/// Fails with what the builder of a kernel reports if one cannot be built.
llvm::Expected<std::string> compileGpuKernels(mlir::ModuleOp module,
                                              const KernelContext &context,
                                              GpuForm form);

/// What a driver loads, and what each kernel uses of the GPU.
struct GpuCode {
  std::string fatBinary;
  llvm::StringMap<KernelResources> kernels;
};

/// The same as a fat binary of machine code and PTX. Needs the CUDA Toolkit.
llvm::Expected<GpuCode> assembleGpuKernels(mlir::ModuleOp module,
                                           const KernelContext &context);

} // namespace moec

#endif // CODEGEN_NVIDIA_COMPILEKERNELS_H
