//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The function @step that a model is.
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
  mlir::Value tokens, rows, batch; ///< arguments
  mlir::Value logits;              ///< the first value returned

  /// Finds @step in a module that moe-verify-program accepts. Fails with an
  /// error if there is none, or none of that signature.
  static mlir::FailureOr<StepFunction> find(mlir::ModuleOp module);
};

} // namespace moec

#endif // CODEGEN_STEPFUNCTION_H
