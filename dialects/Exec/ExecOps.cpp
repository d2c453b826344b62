//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/Exec/Exec.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace moec::exec;

#define GET_OP_CLASSES
#include "dialects/Exec/Exec.cpp.inc"

LogicalResult PackOp::verify() { return success(); }
LogicalResult TensorOp::verify() { return success(); }
LogicalResult KernelOp::verify() { return success(); }
LogicalResult AllocOp::verify() { return success(); }
LogicalResult TensorOp::verifySymbolUses(SymbolTableCollection &) { return success(); }
LogicalResult WeightOp::verifySymbolUses(SymbolTableCollection &) { return success(); }
LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &) { return success(); }
LogicalResult PanelsAttr::verify(function_ref<InFlightDiagnostic()>, int64_t, int64_t, int64_t) { return success(); }
LogicalResult RowBlocksAttr::verify(function_ref<InFlightDiagnostic()>, int64_t, int64_t, int64_t) { return success(); }
int64_t AllocOp::getRowBytes() {
  if (auto tensor = dyn_cast<RankedTensorType>(getRow()))
    return tensor.getNumElements() * tensor.getElementTypeBitWidth() / 8;
  return getRow().getIntOrFloatBitWidth() / 8;
}
