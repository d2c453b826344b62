//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// LLVM's way from a module to code, the same for every machine: no contraction
/// of floating-point operations, O3, then the back end.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_LLVMBACKEND_H
#define CODEGEN_LLVMBACKEND_H

#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>
#include <optional>
#include <string>

namespace llvm {
class Module;
} // namespace llvm

namespace moec {

/// What code is made for, in LLVM's words. Its target is initialized.
struct BackendTarget {
  std::string triple, cpu;
  std::string features; ///< "+avx512bf16,+avx512vnni"
  std::optional<llvm::Reloc::Model> relocation;
};

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createMachine(const BackendTarget &target);

/// Makes the module one for the machine.
void setMachine(llvm::Module &module, llvm::TargetMachine &machine);

/// Runs O3; without `unrolling`, loops stay as the builders made them.
void optimizeModule(llvm::Module &module, llvm::TargetMachine &machine,
                    bool unrolling);

/// The module as assembly or as an object.
llvm::Expected<std::string> generateCode(llvm::Module &module,
                                         llvm::TargetMachine &machine,
                                         llvm::CodeGenFileType type);

/// The module as text.
std::string printModule(const llvm::Module &module);

} // namespace moec

#endif // CODEGEN_LLVMBACKEND_H
