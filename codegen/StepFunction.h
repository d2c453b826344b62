//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The function @step that a model is, checked for what lowering relies on.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_STEPFUNCTION_H
#define CODEGEN_STEPFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace moec {

inline constexpr llvm::StringLiteral stepFunctionName = "step";

/// The values that a step takes and gives.
struct StepFunction {
  mlir::func::FuncOp op;
  mlir::Value tokens, rows, batch, cache; ///< arguments
  mlir::Value logits;                     ///< the first value returned

  /// Finds @step and checks its signature, what its inputs are used for, and
  /// that the cache is one chain: preconditions 2 to 4 of lower-to-exec. Fails
  /// with an error at what is wrong.
  static mlir::FailureOr<StepFunction> find(mlir::ModuleOp module);
};

} // namespace moec

#endif // CODEGEN_STEPFUNCTION_H
