//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What a matrix kernel computes before its products: activations, or which
/// expert takes which row. Its tasks, one a row, come before those of the
/// products, which wait until all of them are finished; results go through
/// memory, as the kernel's. So a launch does the work of two, and nothing is
/// computed twice.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_X86_MATRIXPROLOGUE_H
#define CODEGEN_X86_MATRIXPROLOGUE_H

#include "codegen/KernelBuilder.h"
#include "codegen/kernels/MatrixRegion.h"

#include <memory>

namespace moec {

class MatrixPrologue {
public:
  virtual ~MatrixPrologue() = default;

  /// The prologue of a region; null if it has none.
  static std::unique_ptr<MatrixPrologue> of(const MatrixRegion &region,
                                            const Target &target);

  /// Checks that it can be built, with an error at an operation if not.
  virtual mlir::LogicalResult check() = 0;
  virtual int64_t scratchBytes() const = 0;
  /// Matrix arithmetic of a row.
  virtual int64_t flopsPerRow() { return 0; }
  /// Emits the rows that are the tasks of `arguments`, and counts them as
  /// finished.
  virtual void emitRows(Emit &emit, const KernelArguments &arguments) = 0;
  /// What the counter is when all of `rows` are finished.
  virtual mlir::Value finishedCount(Emit &emit, mlir::Value rows) = 0;
};

/// Emits a kernel of the prologue's tasks, then those of `tasks`, which get
/// arguments of their own range, numbered from 0.
void emitAfterPrologue(Emit &emit, const KernelArguments &arguments,
                       MatrixPrologue &prologue,
                       llvm::function_ref<void(const KernelArguments &)> tasks);

} // namespace moec

#endif // CODEGEN_X86_MATRIXPROLOGUE_H
