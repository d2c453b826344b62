//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The moe dialect: include this to create, match or register its operations.
///
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_MOE_MOE_H
#define DIALECTS_MOE_MOE_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Attributes.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/MoE/MoEDialect.h.inc"
#include "dialects/MoE/MoEEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/MoE/MoETypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/MoE/MoEAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/MoE/MoE.h.inc"

namespace moec::moe {

/// On a version of @step: its regime (string) and the tokens that a step of it
/// may have (i64).
inline constexpr llvm::StringLiteral regimeAttributeName = "moe.regime";
inline constexpr llvm::StringLiteral maxTokensAttributeName = "moe.max_tokens";
/// On a version of @step, and on its program: what was not fused, as
/// dictionaries of `fusion`, `operation`, `reason`, `location` and `count`.
inline constexpr llvm::StringLiteral notFusedAttributeName = "moe.not_fused";

} // namespace moec::moe

#endif // DIALECTS_MOE_MOE_H
