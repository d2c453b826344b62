//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/x86/CompileKernels.h"

#include "codegen/Emit.h"
#include "codegen/ErrorText.h"
#include "codegen/x86/LinkSharedObject.h"
#include "codegen/x86/LowerToLLVM.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"

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
createMachine(const Target &target) {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeX86TargetInfo();
    LLVMInitializeX86Target();
    LLVMInitializeX86TargetMC();
    LLVMInitializeX86AsmPrinter();
  });
  llvm::Triple triple("x86_64-unknown-linux-gnu");
  std::string message;
  const auto *backend = llvm::TargetRegistry::lookupTarget(triple, message);
  if (!backend)
    return llvm::createStringError("internal: " + message);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(backend->createTargetMachine(
      triple, target.cpu, featureString(target), options, llvm::Reloc::PIC_,
      std::nullopt, llvm::CodeGenOptLevel::Aggressive));
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

static void optimize(llvm::Module &module, llvm::TargetMachine &machine) {
  llvm::LoopAnalysisManager lam;
  llvm::FunctionAnalysisManager fam;
  llvm::CGSCCAnalysisManager cgam;
  llvm::ModuleAnalysisManager mam;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(mam);
  builder.registerCGSCCAnalyses(cgam);
  builder.registerFunctionAnalyses(fam);
  builder.registerLoopAnalyses(lam);
  builder.crossRegisterProxies(lam, fam, cgam, mam);
  builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3)
      .run(module, mam);
}

static llvm::Expected<std::string> generate(llvm::Module &module,
                                            llvm::TargetMachine &machine,
                                            llvm::CodeGenFileType type) {
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream os(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr, type))
    return llvm::createStringError("internal: no code generator for x86-64");
  passes.run(module);
  return std::string(bytes);
}

static llvm::Expected<std::string>
compileLLVM(llvm::Module &module, const Target &target, CodeForm form) {
  auto machine = createMachine(target);
  if (!machine)
    return machine.takeError();
  module.setDataLayout((*machine)->createDataLayout());
  module.setTargetTriple((*machine)->getTargetTriple());
  setFunctionAttributes(module, target);
  optimize(module, **machine);
  if (form == CodeForm::LLVM) {
    std::string text;
    llvm::raw_string_ostream os(text);
    module.print(os, nullptr);
    return text;
  }
  if (form == CodeForm::Assembly)
    return generate(module, **machine, llvm::CodeGenFileType::AssemblyFile);
  auto object = generate(module, **machine, llvm::CodeGenFileType::ObjectFile);
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
