//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Constructors, options and registration of the passes declared in Passes.td.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_PASSES_H
#define CODEGEN_PASSES_H

#include "dialects/Exec/Exec.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace moec {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "codegen/Passes.h.inc"

} // namespace moec

#endif // CODEGEN_PASSES_H
