//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What an artifact says about its model, read off the model's IR.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_MODELFACTS_H
#define CODEGEN_MODELFACTS_H

#include "codegen/StepFunction.h"

namespace moec {

/// The name of the module's attribute that describes the model.
inline constexpr llvm::StringLiteral modelAttributeName = "moe.model";

/// Adds to the module's `moe.model` what its entry points, @step first, show:
///
/// | key                                      | value                         |
/// |------------------------------------------|-------------------------------|
/// | vocabulary, hidden, layers               | i64                           |
/// | kv_heads, head_dim                       | i64                           |
/// | cache_type                               | f32, f16 or bf16              |
/// | window                                   | i64; 0: some layer sees all   |
/// | experts, experts_per_token               | i64, the most of any layer; 0 |
/// |                                          | if no layer is sparse         |
/// | parameters                               | i64, elements of all          |
/// | top_logits                               | i64; 0 without @top           |
/// | architecture, bos, eos                   | "custom", -1 and [] if absent |
///
/// Fails with an error at a module without `moe.model`.
mlir::LogicalResult describeModel(mlir::ModuleOp module,
                                  llvm::ArrayRef<StepFunction> steps);

} // namespace moec

#endif // CODEGEN_MODELFACTS_H
