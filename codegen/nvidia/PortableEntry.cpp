//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/PortableEntry.h"

#include "codegen/nvidia/GpuEmit.h"
#include "codegen/nvidia/GpuKernels.h"
#include "runtime/abi/Kernel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"

#include <cstddef>

using namespace mlir;
using namespace moec;

/// Renames the function to what no kernel is called, and has it inlined: its
/// arguments then need no memory.
static std::string makeInternal(ModuleOp module, exec::KernelOp kernel) {
  auto function = module.lookupSymbol<LLVM::LLVMFuncOp>(kernel.getSymName());
  std::string name = kernel.getSymName().str() + ".tasks";
  function.setSymName(name);
  function.setLinkage(LLVM::Linkage::Internal);
  Builder builder(module.getContext());
  for (auto inner : module.getOps<LLVM::LLVMFuncOp>())
    if (inner.getLinkage() == LLVM::Linkage::Internal)
      inner.setPassthroughAttr(builder.getStrArrayAttr({"alwaysinline"}));
  return name;
}

/// Memory of this thread.
static Value local(Emit &emit, int64_t bytes) {
  return LLVM::AllocaOp::create(emit, emit.pointer(), emit.getI8Type(),
                                emit.i64(bytes), /*alignment=*/8);
}

static Value field(Emit &emit, Value base, size_t offset) {
  return emit.at(base, emit.getI8Type(), emit.i64(offset));
}

/// A moert_launch that says what the parameters say.
static Value makeLaunch(Emit &emit, const GpuArguments &arguments) {
  Value pointers = local(emit, arguments.count() * sizeof(void *));
  for (int64_t i = 0; i < arguments.count(); ++i)
    emit.store(arguments.pointer(i), field(emit, pointers, i * sizeof(void *)));
  Value launch = local(emit, sizeof(moert_launch));
  auto set = [&](size_t offset, Value v) {
    emit.store(v, field(emit, launch, offset));
  };
  set(offsetof(moert_launch, arguments), pointers);
  set(offsetof(moert_launch, rows), arguments.rows(emit));
  set(offsetof(moert_launch, status), arguments.status(emit));
  set(offsetof(moert_launch, finished), arguments.finished(emit));
  return launch;
}

void moec::emitPortableEntry(Emit &emit, exec::KernelOp kernel) {
  auto module = cast<ModuleOp>(emit.getInsertionBlock()->getParentOp());
  std::string tasks = makeInternal(module, kernel);
  int64_t threads = blockShape(KernelPlan()).threads;
  emitEntry(emit, kernel, threads, [&](const GpuArguments &arguments) {
    Value launch = makeLaunch(emit, arguments);
    Value thread =
        emit.add(emit.mul(blockIndex(emit), threads), threadIndex(emit));
    Value step = emit.mul(gridSize(emit), threads);
    Value scratch = emit.at(arguments.scratch(emit), emit.getI8Type(),
                            emit.mul(thread, arguments.scratchPitch(emit)));
    auto loop = scf::ForOp::create(emit, thread, arguments.tasks(emit), step);
    OpBuilder::InsertionGuard guard(emit);
    emit.setInsertionPointToStart(loop.getBody());
    Value task = loop.getInductionVar();
    emit.call(tasks, {launch, task, emit.add(task, 1), scratch});
  });
}
