//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What all fusions share: whether operations may become one group, whether it
/// pays, and making it.
///
//===----------------------------------------------------------------------===//

#ifndef PASSES_FUSIONGROUP_H
#define PASSES_FUSIONGROUP_H

#include "dialects/Decoder/Decoder.h"
#include "dialects/Exec/Exec.h"
#include "passes/FusionCost.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/STLExtras.h"

#include <string>

namespace moec {

/// Operations that one kernel could compute.
struct FusionCandidate {
  /// In an order in which they can run; the group keeps it, so that it does not
  /// depend on the order in the program. A group that is a member is dissolved:
  /// its operations take its place.
  llvm::SmallVector<mlir::Operation *> members;
  /// The results that the kernel can write; all others stay inside of it.
  llvm::SmallVector<mlir::Value> outputs;
  /// Results that members read of each other through memory: the kernel
  /// computes all of them before it goes on. They must fit on chip.
  llvm::SmallVector<mlir::Value> shared;
  /// What the kernel keeps of a whole step in memory of its own: on chip.
  int64_t onChipBytes = 0;
  /// A result that members read as soon as a part of it is there for all rows of
  /// a step, and the bytes of a part. If they do not fit on chip beside the
  /// others, they go through memory, as they do without the group.
  mlir::Value kept;
  int64_t keptBytes = 0;
  double addedFlops = 0;
};

/// Makes the groups of one fusion in one version of @step.
class Fuser {
public:
  Fuser(llvm::StringRef fusion, mlir::func::FuncOp step, FusionCost cost)
      : fusion(fusion), step(step), cost(cost) {}

  /// The operations of a kind that are in no group, in program order.
  template <typename Op> llvm::SmallVector<Op> roots() {
    return llvm::to_vector(step.getBody().front().getOps<Op>());
  }

  /// Makes a group of the candidate if that is legal and pays, else records why
  /// not, as `refuse` does.
  void fuse(mlir::Operation *root, const FusionCandidate &candidate);
  /// Records that operations, which the fusion is meant for, do not fit it.
  /// `root` is the one where it begins to look for the others.
  void refuse(mlir::Operation *root, const llvm::Twine &reason);

  /// The most tokens of a step of this version.
  int64_t maxTokens();
  int64_t groups() const { return made; }

private:
  int64_t onChipBytes(const FusionCandidate &candidate);
  double savedBytes(const FusionCandidate &candidate);
  std::string findObstacle(const FusionCandidate &candidate);
  std::string findTrafficObstacle(const FusionCandidate &candidate);
  void makeGroup(const FusionCandidate &candidate);

  llvm::StringRef fusion;
  mlir::func::FuncOp step;
  FusionCost cost;
  int64_t made = 0;
};

/// The operation itself, or the group that it is in.
mlir::Operation *unitOf(mlir::Operation *op);
/// What a value inside of a group is called outside: for an argument, the
/// operand, for a yielded value, the result. Null if it does not leave.
mlir::Value outside(mlir::Value value);
/// The operation of type `Op` that makes a value, in a group or not.
mlir::Operation *sourceOf(mlir::Value value);
template <typename Op> Op source(mlir::Value value) {
  return llvm::dyn_cast_if_present<Op>(sourceOf(value));
}

/// The rotated queries, in a group or not, that first attend to what was
/// appended; null if there are none.
decoder::RopeOp queriesAfter(decoder::AppendKVOp append);

/// The operation of type `Op` that makes a value, if it is in no group.
template <typename Op> Op producer(mlir::Value value) {
  return value.getDefiningOp<Op>();
}

} // namespace moec

#endif // PASSES_FUSIONGROUP_H
