//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/CompileKernels.h"

#include "codegen/Emit.h"
#include "codegen/ErrorText.h"
#include "codegen/nvidia/GpuKernels.h"
#include "codegen/nvidia/PortableEntry.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Verifier.h"

#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

using namespace mlir;
using namespace moec;

static void loadGpuDialects(MLIRContext &context) {
  context
      .loadDialect<arith::ArithDialect, LLVM::LLVMDialect, math::MathDialect,
                   NVVM::NVVMDialect, scf::SCFDialect, vector::VectorDialect>();
}

/// Gives kernels of ranges of tasks, which the builders emitted as functions,
/// their entry points.
static LogicalResult emitEntries(ModuleOp module, const KernelContext &context,
                                 ModuleOp into) {
  Emit emit(into.getLoc(), OpBuilder::atBlockEnd(into.getBody()));
  for (auto kernel : module.getOps<exec::KernelOp>()) {
    if (kernel.getLibraryAttr())
      continue;
    auto builder = findKernelBuilder(kernel, Machine::Nvidia);
    if (failed(builder))
      return failure();
    FailureOr<KernelPlan> plan = (*builder)->plan(kernel, context);
    if (failed(plan))
      return failure();
    if (plan->blockThreads == 0)
      emitPortableEntry(emit, kernel);
  }
  return verify(into);
}

llvm::Expected<std::string>
moec::compileGpuKernels(ModuleOp module, const KernelContext &context,
                        GpuForm form) {
  loadGpuDialects(*module.getContext());
  OwningOpRef<ModuleOp> functions = ModuleOp::create(module.getLoc());
  ErrorText errors(*module.getContext());
  if (failed(emitKernels(module, context, *functions)) ||
      failed(emitEntries(module, context, *functions)))
    return llvm::createStringError(errors.text);
  llvm::LLVMContext llvmContext;
  std::unique_ptr<llvm::Module> code = lowerToNVVM(*functions, llvmContext);
  if (!code)
    return llvm::createStringError("internal: kernels do not lower to LLVM: " +
                                   errors.text);
  return compileForGpu(*code, context.target.gpu.arch, form);
}

llvm::Expected<GpuCode> moec::assembleGpuKernels(ModuleOp module,
                                                 const KernelContext &context) {
  const std::string &arch = context.target.gpu.arch;
  auto ptx = compileGpuKernels(module, context, GpuForm::Ptx);
  if (!ptx)
    return ptx.takeError();
  auto assembly = assemblePtx(*ptx, arch);
  if (!assembly)
    return assembly.takeError();
  auto fatBinary = bindFatBinary(assembly->cubin, *ptx, arch);
  if (!fatBinary)
    return fatBinary.takeError();
  return GpuCode{std::move(*fatBinary), std::move(assembly->kernels)};
}
