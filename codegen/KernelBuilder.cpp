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
      &embedKernel,        &selectRowsKernel, &addKernel,      &rmsNormKernel,
      &swigluKernel,       &ropeKernel,       &appendKVKernel, &attentionKernel,
      &topKKernel,         &dispatchKernel,   &permuteKernel,  &combineKernel,
      &packKernelBuilder()};
  for (const KernelBuilder &builder : matrixKernelBuilders())
    builders.push_back(&builder);
  return builders;
}

/// The operations of the kernel, in order, without the yield.
static SmallVector<StringRef> operationNames(exec::KernelOp kernel) {
  SmallVector<StringRef> names;
  for (Operation &op : kernel.getBody().front().without_terminator())
    names.push_back(op.getName().getStringRef());
  return names;
}

FailureOr<const KernelBuilder *>
moec::findKernelBuilder(exec::KernelOp kernel) {
  static const SmallVector<const KernelBuilder *> builders = allBuilders();
  SmallVector<StringRef> names = operationNames(kernel);
  for (const KernelBuilder *builder : builders)
    if (builder->operations.equals(names))
      return builder;
  return kernel.emitOpError("has no kernel builder for ")
         << llvm::join(names, ", ");
}
