//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace moec::moe;

#define GET_OP_CLASSES
#include "dialects/MoE/MoE.cpp.inc"

LogicalResult ParameterOp::verify() { return success(); }
LogicalResult RouterOp::verify() { return success(); }
LogicalResult TopKOp::verify() { return success(); }
LogicalResult DispatchOp::verify() { return success(); }
LogicalResult PermuteOp::verify() { return success(); }
LogicalResult GroupedLinearOp::verify() { return success(); }
LogicalResult CombineOp::verify() { return success(); }
LogicalResult ReadParameterOp::verifySymbolUses(SymbolTableCollection &) { return success(); }
LogicalResult PlanType::verify(function_ref<InFlightDiagnostic()>, int64_t, int64_t) { return success(); }
LogicalResult BytesAttr::verify(function_ref<InFlightDiagnostic()>, StringAttr, int64_t, int64_t) { return success(); }
