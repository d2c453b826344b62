//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The entry points of a model, @step and maybe @top, or their versions for
/// regimes.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_STEPFUNCTION_H
#define CODEGEN_STEPFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace moec {

inline constexpr llvm::StringLiteral stepFunctionName = "step";
/// Of the function that moe-add-top-entry adds.
inline constexpr llvm::StringLiteral topFunctionName = "top";

/// The values that a step takes and gives, and the steps that it is for.
struct StepFunction {
  mlir::func::FuncOp op;
  mlir::Value tokens, rows, batch; ///< arguments
  /// What is returned before the cache: logits; or the best and their tokens.
  llvm::SmallVector<mlir::Value, 2> results;
  mlir::StringAttr entry;  ///< "step" or "top"
  mlir::StringAttr regime; ///< "any" if there are none
  int64_t maxTokens;
};

/// Finds the entry points, or the versions of them that moe-split-regimes made,
/// for steps of `maxTokens`, in a module that moe-verify-program accepts; those
/// of @step first. Fails with an error if there is no @step, or an entry point
/// of another signature.
mlir::FailureOr<llvm::SmallVector<StepFunction>>
findStepFunctions(mlir::ModuleOp module, int64_t maxTokens);

} // namespace moec

#endif // CODEGEN_STEPFUNCTION_H
