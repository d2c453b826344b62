//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What the kernels of a lowered module need of each thread.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_SCRATCHMEMORY_H
#define CODEGEN_SCRATCHMEMORY_H

#include "codegen/KernelBuilder.h"

#include "mlir/IR/BuiltinOps.h"

namespace moec {

/// The most rows that a launch of the module's programs can have.
int64_t maxLaunchRows(mlir::ModuleOp module);

/// Bytes of scratch memory of a thread: the most of any kernel. Fails with an
/// error at a kernel that cannot be built.
mlir::FailureOr<int64_t> scratchBytes(mlir::ModuleOp module,
                                      const KernelContext &context);

} // namespace moec

#endif // CODEGEN_SCRATCHMEMORY_H
