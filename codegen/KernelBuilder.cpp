//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The table of kernel builders: what can be compiled.
///
//===----------------------------------------------------------------------===//

#include "codegen/KernelBuilder.h"
#include "codegen/kernels/Kernels.h"
#include "codegen/x86/MatrixKernels.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace moec;

static SmallVector<const KernelBuilder *> allBuilders() {
  SmallVector<const KernelBuilder *> builders = {
      &embedKernel,     &selectRowsKernel,    &addKernel,
      &rmsNormKernel,   &addNormKernel,       &swigluKernel,
      &ropeKernel,      &rotatedAppendKernel, &appendKVKernel,
      &attentionKernel, &topKKernel,          &dispatchKernel,
      &permuteKernel,   &combineKernel,       &packKernelBuilder(),
      &partTopKernel,   &mergeTopKernel};
  for (const KernelBuilder &builder : routingKernels())
    builders.push_back(&builder);
  for (const KernelBuilder &builder : matrixKernelBuilders())
    builders.push_back(&builder);
  return builders;
}

/// The operations of a region, in order, without the yield.
static SmallVector<StringRef> operationNames(Block &region) {
  SmallVector<StringRef> names;
  for (Operation &op : region.without_terminator())
    names.push_back(op.getName().getStringRef());
  return names;
}

const KernelBuilder *moec::lookupKernelBuilder(Block &region) {
  static const SmallVector<const KernelBuilder *> builders = allBuilders();
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
moec::findKernelBuilder(exec::KernelOp kernel) {
  Block &region = kernel.getBody().front();
  if (const KernelBuilder *builder = lookupKernelBuilder(region))
    return builder;
  return kernel.emitOpError("has no kernel builder for ")
         << llvm::join(operationNames(region), ", ");
}
