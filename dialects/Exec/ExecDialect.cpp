//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/Exec/Exec.h"

#include "dialects/Decoder/Decoder.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec::exec;

#include "dialects/Exec/ExecDialect.cpp.inc"
#include "dialects/Exec/ExecEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/Exec/ExecTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/Exec/ExecAttributes.cpp.inc"

LogicalResult ExtentAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t scale, Symbol symbol,
                                 int64_t constant) {
  // extent_c1
  if (scale < 0 || constant < 0)
    return emitError() << "expected a scale and a constant of at least 0, but "
                          "got "
                       << scale << " and " << constant;
  return success();
}

LogicalResult BlockAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                int64_t threads, int64_t tasks, int64_t shared,
                                int64_t scratch) {
  // block_c1
  if (threads < 1 || threads > 1024 || tasks < 1)
    return emitError() << "expected 1 to 1024 threads and a task or more, but "
                          "got "
                       << threads << " and " << tasks;
  if (shared < 0 || scratch < 0)
    return emitError() << "expected bytes of memory, but got " << shared
                       << " and " << scratch;
  return success();
}

LogicalResult
SharedLayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                         StringRef name, int64_t at, int64_t rows,
                         int64_t pitch, int64_t bits, int64_t to) {
  // shared_layout_c1
  if (at < 0 || rows < 1 || pitch < 1 || at % 4 != 0 || pitch % 4 != 0)
    return emitError() << "expected rows at multiples of 4 bytes, but got "
                       << rows << " from " << at << " on, " << pitch
                       << " apart";

  // shared_layout_c2
  if (bits < 0 || bits > 8 || to < 0 || to > 8 ||
      (bits > 0 && pitch % (int64_t(16) << (bits + to)) != 0))
    return emitError() << "expected exchanges inside of rows of " << pitch
                       << " bytes, but got " << bits << " bits to " << to;
  return success();
}

LogicalResult
TensorMapAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      int64_t operand, int64_t rows) {
  // tensor_map_c1
  if (operand < 0 || rows < 1 || rows > 256)
    return emitError() << "expected an operand and boxes of 1 to 256 rows, but "
                          "got "
                       << operand << " and " << rows;
  return success();
}

LogicalResult
LibraryProductAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                           int64_t rows, int64_t weight, int64_t residual,
                           int64_t workspace) {
  // library_product_c1
  if (rows < 0 || weight < 0 || residual < -1)
    return emitError() << "expected arguments for rows and weight, and one or "
                          "-1 for the residual, but got "
                       << rows << ", " << weight << " and " << residual;
  if (workspace < 0)
    return emitError() << "expected bytes of memory, but got " << workspace;
  return success();
}

LogicalResult PanelsAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 int64_t width, int64_t depth, int64_t unit) {
  // panels_c1
  if (width <= 0 || depth <= 0 || unit <= 0)
    return emitError() << "expected a positive width, depth and unit, but got "
                       << width << ", " << depth << " and " << unit;
  if (depth % unit != 0)
    return emitError() << "expected a depth that is a multiple of the unit "
                       << unit << ", but got " << depth;
  return success();
}

LogicalResult
RowBlocksAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                      int64_t rows, int64_t slab, int64_t depth) {
  // row_blocks_c1
  if (rows <= 0 || slab <= 0 || depth <= 0)
    return emitError() << "expected positive rows, slab and depth, but got "
                       << rows << ", " << slab << " and " << depth;
  if (slab % depth != 0)
    return emitError() << "expected a slab that is a multiple of the depth "
                       << depth << ", but got " << slab;
  return success();
}

LogicalResult ExecDialect::verifyOperationAttribute(Operation *op,
                                                    NamedAttribute attribute) {
  if (attribute.getName() != libraryAttributeName)
    return success();
  if (!isa<UnitAttr>(attribute.getValue()) || !isa<decoder::LinearOp>(op))
    return op->emitOpError("expected '")
           << libraryAttributeName
           << "' as a unit attribute of decoder.linear, but got "
           << attribute.getValue();
  return success();
}

void ExecDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Exec/ExecTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/Exec/ExecAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/Exec/Exec.cpp.inc"
      >();
}
