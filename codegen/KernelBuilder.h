//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// How a kernel's meaning (an exec.kernel) becomes code: each builder makes one
/// kind of kernel; the table of them is the list of what can be compiled.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_KERNELBUILDER_H
#define CODEGEN_KERNELBUILDER_H

#include "codegen/Target.h"
#include "dialects/Exec/Exec.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <optional>

namespace moec {
class Emit;

/// A tensor map that a kernel reads one of its operands by: boxes of rows of
/// 128 bytes, swizzled by as many; see runtime/abi/GpuKernel.h.
struct TensorMapPlan {
  int64_t operand;
  int64_t boxRows;
};

/// A kernel that a library computes: which operands it reads, and the memory
/// that it may use; see exec.library_product.
struct LibraryPlan {
  int64_t rows = 0, weight = 0, residual = -1;
  int64_t workspaceBytes = 0;
};

/// How a kernel is launched, and what a launch costs.
struct KernelPlan {
  /// Tasks of a launch of `rows` rows: tasksPerRow * rows + fixedTasks.
  int64_t tasksPerRow = 0, fixedTasks = 0;
  /// Tasks that a thread should take at once.
  int64_t grain = 1;
  /// Matrix arithmetic per row, a multiply-add being two.
  int64_t flopsPerRow = 0;
  exec::WeightUse weights = exec::WeightUse::Whole;
  /// Scratch memory of each thread.
  int64_t scratchBytes = 0;
  /// Whether tasks wait for those before them, so that ranges must begin in
  /// ascending order.
  bool isOrdered = false;
  /// On a GPU: threads of a block, the tasks that it computes together, and its
  /// dynamic shared memory. 0 threads: a kernel of ranges of tasks, of which
  /// each thread takes one after the other.
  int64_t blockThreads = 0, blockTasks = 1, sharedBytes = 0;
  /// What is where in the shared memory.
  llvm::SmallVector<exec::SharedLayoutAttr, 2> layouts;
  llvm::SmallVector<TensorMapPlan, 0> tensorMaps;
  /// Then no code is emitted.
  std::optional<LibraryPlan> library;
  /// For people: how it is computed, and why so. May be empty.
  std::string method;
};

/// What a kernel is built for.
struct KernelContext {
  const Target &target;
  /// Upper bound of rows of a launch, where it matters for scratch memory.
  int64_t maxRows;

  /// The most tokens of a step that launches the kernel.
  int64_t mostTokens(exec::KernelOp kernel) const {
    return kernel.getMaxTokens().value_or(maxRows);
  }
};

struct KernelBuilder {
  /// The operations that make up such a kernel, in order: "decoder.linear".
  /// Empty if the builder composes kernels, see matches.
  llvm::ArrayRef<llvm::StringRef> operations;
  /// Checks that the kernel can be built, with an error at its operation if
  /// not, and plans its launch.
  mlir::FailureOr<KernelPlan> (*plan)(exec::KernelOp, const KernelContext &);
  /// Appends a function named as the kernel, a moert_kernel of
  /// runtime/abi/Kernel.h, to the module in which `emit` stands, and what that
  /// function calls. Called only if plan succeeded.
  void (*emit)(exec::KernelOp, const KernelContext &, Emit &emit);
  /// Of builders that compose kernels of several operations: whether a region
  /// is of the kind that this one builds. That it cannot build a combination is
  /// still an error of plan, which says why.
  bool (*matches)(mlir::Block &) = nullptr;
  /// Whether the kernel reads row-major activations of its matrix products and
  /// packs them itself, so that no exec.pack goes before it.
  bool packsActivations = false;
  /// Whether it builds other kernels of a region for steps of few tokens: each
  /// regime then has its own, which says so (`max_tokens`). Null: never.
  bool (*dependsOnTokens)(mlir::Block &) = nullptr;
};

/// The builder of a machine for a region (of a kernel, or of what will be one),
/// or null. Exact lists of operations go before composed kernels.
const KernelBuilder *lookupKernelBuilder(mlir::Block &region, Machine machine);

/// The builder for the kernel, or an error at the kernel that names its
/// operations.
mlir::FailureOr<const KernelBuilder *> findKernelBuilder(exec::KernelOp kernel,
                                                         Machine machine);

/// Emits every kernel of `module` that no library computes into another one,
/// for the target of `context`, and verifies what came of it.
mlir::LogicalResult emitKernels(mlir::ModuleOp module,
                                const KernelContext &context,
                                mlir::ModuleOp into);

} // namespace moec

#endif // CODEGEN_KERNELBUILDER_H
