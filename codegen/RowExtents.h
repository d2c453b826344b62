//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// How many rows each value of a step function has, as a size that depends on
/// the step: T tokens, R rows of logits, k rows for each dispatched token.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_ROWEXTENTS_H
#define CODEGEN_ROWEXTENTS_H

#include "dialects/Decoder/Decoder.h"
#include "dialects/Exec/Exec.h"
#include "dialects/MoE/MoE.h"

#include "llvm/ADT/DenseMap.h"

namespace moec {

/// factor * extent + constant.
exec::ExtentAttr scaled(exec::ExtentAttr extent, int64_t factor,
                        int64_t constant = 0);

class RowExtents {
public:
  /// The extent of a value that the function takes.
  void set(mlir::Value value, exec::ExtentAttr extent) {
    extents[value] = extent;
  }

  /// Infers the extents of the results of `op` from those of its operands, and
  /// returns the extent of a launch of it: the rows of its first result, or of
  /// its first operand that has rows. Fails with an error at `op` if operands
  /// that are read together differ.
  mlir::FailureOr<exec::ExtentAttr> infer(mlir::Operation *op);

  /// Rows of a value. Of a plan: the tokens that it dispatched; of a batch: T.
  exec::ExtentAttr of(mlir::Value value) const { return extents.lookup(value); }

private:
  /// An operand and the factor by which its rows exceed those of others.
  struct Operand {
    mlir::Value value;
    int64_t factor = 1;
  };
  mlir::FailureOr<exec::ExtentAttr> require(mlir::Operation *op,
                                            llvm::ArrayRef<Operand> operands);
  mlir::FailureOr<exec::ExtentAttr> inferRouted(mlir::Operation *op);
  mlir::FailureOr<exec::ExtentAttr> inferSelected(decoder::SelectRowsOp select);
  mlir::FailureOr<exec::ExtentAttr> inferPlain(mlir::Operation *op);
  mlir::FailureOr<exec::ExtentAttr> inferGroup(exec::GroupOp group);

  llvm::DenseMap<mlir::Value, exec::ExtentAttr> extents;
};

} // namespace moec

#endif // CODEGEN_ROWEXTENTS_H
