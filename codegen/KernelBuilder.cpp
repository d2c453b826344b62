//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The tables of kernel builders: what can be compiled for which machine.
///
//===----------------------------------------------------------------------===//

#include "codegen/KernelBuilder.h"
#include "codegen/Emit.h"
#include "codegen/kernels/Kernels.h"
#include "codegen/nvidia/GpuKernels.h"
#include "codegen/x86/MatrixKernels.h"

#include "mlir/IR/Verifier.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moec;

using Builders = SmallVector<const KernelBuilder *>;

/// Kernels that know no machine.
static Builders portableBuilders() {
  Builders builders = {
      &embedKernel,     &selectRowsKernel,    &addKernel,
      &rmsNormKernel,   &addNormKernel,       &swigluKernel,
      &ropeKernel,      &rotatedAppendKernel, &appendKVKernel,
      &attentionKernel, &topKKernel,          &dispatchKernel,
      &permuteKernel,   &combineKernel,       &partTopKernel,
      &mergeTopKernel};
  for (const KernelBuilder &builder : routingKernels())
    builders.push_back(&builder);
  return builders;
}

static Builders x86Builders() {
  Builders builders = portableBuilders();
  builders.push_back(&packKernelBuilder());
  for (const KernelBuilder &builder : matrixKernelBuilders())
    builders.push_back(&builder);
  return builders;
}

/// A GPU's own kernels go before the portable ones for the same operations.
static Builders nvidiaBuilders() {
  Builders builders = gpuKernelBuilders();
  builders.append(portableBuilders());
  return builders;
}

static const Builders &buildersOf(Machine machine) {
  static const Builders x86 = x86Builders(), nvidia = nvidiaBuilders();
  return machine == Machine::X86 ? x86 : nvidia;
}

/// The operations of a region, in order, without the yield.
static SmallVector<StringRef> operationNames(Block &region) {
  SmallVector<StringRef> names;
  for (Operation &op : region.without_terminator())
    names.push_back(op.getName().getStringRef());
  return names;
}

const KernelBuilder *moec::lookupKernelBuilder(Block &region,
                                               Machine machine) {
  const Builders &builders = buildersOf(machine);
  SmallVector<StringRef> names = operationNames(region);
  for (const KernelBuilder *builder : builders)
    if (!builder->operations.empty() && builder->operations.equals(names))
      return builder;
  for (const KernelBuilder *builder : builders)
    if (builder->matches && builder->matches(region))
      return builder;
  return nullptr;
}

FailureOr<const KernelBuilder *>
moec::findKernelBuilder(exec::KernelOp kernel, Machine machine) {
  Block &region = kernel.getBody().front();
  if (const KernelBuilder *builder = lookupKernelBuilder(region, machine))
    return builder;
  return kernel.emitOpError("has no kernel builder for ")
         << llvm::join(operationNames(region), ", ");
}

LogicalResult moec::emitKernels(ModuleOp module, const KernelContext &context,
                                ModuleOp into) {
  Emit emit(into.getLoc(), OpBuilder::atBlockEnd(into.getBody()));
  for (auto kernel : module.getOps<exec::KernelOp>()) {
    if (kernel.getLibraryAttr())
      continue;
    auto builder = findKernelBuilder(kernel, context.target.machine);
    if (failed(builder) || failed((*builder)->plan(kernel, context)))
      return failure();
    emit.setLoc(kernel.getLoc());
    (*builder)->emit(kernel, context, emit);
  }
  return verify(into);
}
