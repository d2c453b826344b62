//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The function @step that a model is, or its versions for regimes.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_STEPFUNCTION_H
#define CODEGEN_STEPFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace moec {

inline constexpr llvm::StringLiteral stepFunctionName = "step";

/// The values that a step takes and gives, and the steps that it is for.
struct StepFunction {
  mlir::func::FuncOp op;
  mlir::Value tokens, rows, batch; ///< arguments
  mlir::Value logits;              ///< the first value returned
  mlir::StringAttr regime;         ///< "any" if there are none
  int64_t maxTokens;
};

/// Finds the versions of @step that moe-split-regimes made, or @step alone, for
/// steps of `maxTokens`, in a module that moe-verify-program accepts. Fails with
/// an error if there is none, or one of another signature.
mlir::FailureOr<llvm::SmallVector<StepFunction>>
findStepFunctions(mlir::ModuleOp module, int64_t maxTokens);

} // namespace moec

#endif // CODEGEN_STEPFUNCTION_H
