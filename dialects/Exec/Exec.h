//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The exec dialect: include this to create, match or register its operations.
///
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_EXEC_EXEC_H
#define DIALECTS_EXEC_EXEC_H

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

namespace moec::exec {
/// On a decoder.linear: that a library of the target multiplies it.
inline constexpr llvm::StringLiteral libraryAttributeName = "exec.library";
} // namespace moec::exec

#include "dialects/Exec/ExecDialect.h.inc"
#include "dialects/Exec/ExecEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Exec/ExecTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Exec/ExecAttributes.h.inc"
#define GET_OP_CLASSES
#include "dialects/Exec/Exec.h.inc"

#endif // DIALECTS_EXEC_EXEC_H
