//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/CompileKernels.h"

#include "codegen/Emit.h"
#include "codegen/ErrorText.h"
#include "codegen/LLVMBackend.h"
#include "codegen/x86/LinkSharedObject.h"
#include "codegen/x86/LowerToLLVM.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/TargetSelect.h"

#include <mutex>

using namespace mlir;
using namespace moec;

//===----------------------------------------------------------------------===//
// Kernels to MLIR
//===----------------------------------------------------------------------===//

void moec::loadEmitDialects(MLIRContext &context) {
  context.loadDialect<arith::ArithDialect, LLVM::LLVMDialect, math::MathDialect,
                      scf::SCFDialect, vector::VectorDialect,
                      x86vector::X86VectorDialect>();
}

//===----------------------------------------------------------------------===//
// LLVM IR to code
//===----------------------------------------------------------------------===//

static std::string featureString(const Target &target) {
  std::string features;
  for (const std::string &feature : target.extraFeatures)
    features += (features.empty() ? "+" : ",+") + feature;
  return features;
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createX86Machine(const Target &target) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  return createMachine({"x86_64-unknown-linux-gnu", target.cpu,
                        featureString(target), llvm::Reloc::PIC_});
}

static void setFunctionAttributes(llvm::Module &module, const Target &target) {
  for (llvm::Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    function.addFnAttr("tune-cpu", target.tune);
    if (!target.extraFeatures.empty())
      function.addFnAttr("target-features", featureString(target));
    function.addFnAttr("prefer-vector-width", llvm::utostr(target.vectorBits));
    // A loop that copies or clears must not become a call of libc.
    function.addFnAttr("no-builtins");
    function.addFnAttr(llvm::Attribute::NoUnwind);
  }
}

static llvm::Expected<std::string>
compileLLVM(llvm::Module &module, const Target &target, CodeForm form) {
  auto machine = createX86Machine(target);
  if (!machine)
    return machine.takeError();
  setMachine(module, **machine);
  setFunctionAttributes(module, target);
  optimizeModule(module, **machine, /*unrolling=*/true);
  if (form == CodeForm::LLVM)
    return printModule(module);
  if (form == CodeForm::Assembly)
    return generateCode(module, **machine, llvm::CodeGenFileType::AssemblyFile);
  auto object =
      generateCode(module, **machine, llvm::CodeGenFileType::ObjectFile);
  if (!object || form == CodeForm::Object)
    return object;
  return linkSharedObject(*object);
}

llvm::Expected<std::string> moec::compileFunctions(ModuleOp functions,
                                                   const Target &target,
                                                   CodeForm form) {
  ErrorText errors(*functions.getContext());
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> module = lowerToLLVM(functions, context);
  if (!module)
    return llvm::createStringError("internal: kernels do not lower to LLVM: " +
                                   errors.text);
  return compileLLVM(*module, target, form);
}

llvm::Expected<std::string> moec::compileKernels(ModuleOp module,
                                                 const KernelContext &context,
                                                 CodeForm form) {
  loadEmitDialects(*module.getContext());
  OwningOpRef<ModuleOp> functions = ModuleOp::create(module.getLoc());
  {
    ErrorText errors(*module.getContext());
    if (failed(emitKernels(module, context, *functions)))
      return llvm::createStringError(errors.text);
  }
  return compileFunctions(*functions, context.target, form);
}
