//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// From PTX to what a GPU's driver loads, by the CUDA Toolkit's ptxas and
/// fatbinary.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_ASSEMBLER_H
#define CODEGEN_NVIDIA_ASSEMBLER_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>

namespace moec {

/// What ptxas says that a kernel uses.
struct KernelResources {
  int64_t registers = 0;   ///< 32-bit, of a thread
  int64_t sharedBytes = 0; ///< static, of a block
  int64_t stackBytes = 0;  ///< local memory of a thread
  int64_t spillStores = 0; ///< bytes
  int64_t spillLoads = 0;  ///< bytes
};

/// PTX, assembled for one GPU.
struct Assembly {
  std::string cubin;                        ///< an ELF file
  llvm::StringMap<KernelResources> kernels; ///< by name
};

/// Assembles `ptx` for `arch`, "sm_90a". Spills, local memory and every other
/// warning of ptxas are errors, which its words explain.
///
/// Fails, too, if there is no ptxas: it is looked for in `bin` of $CUDA_HOME,
/// on $PATH, and in /usr/local/cuda/bin.
llvm::Expected<Assembly> assemblePtx(llvm::StringRef ptx, llvm::StringRef arch);

/// Binds the machine code and the PTX that it was made of into one fat binary:
/// a GPU takes the first, the emulated device the second.
llvm::Expected<std::string>
bindFatBinary(llvm::StringRef cubin, llvm::StringRef ptx, llvm::StringRef arch);

/// What `ptxas -v` prints about kernels.
llvm::StringMap<KernelResources> parseResources(llvm::StringRef log);

} // namespace moec

#endif // CODEGEN_NVIDIA_ASSEMBLER_H
