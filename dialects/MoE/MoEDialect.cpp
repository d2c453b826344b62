//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/MoE/MoE.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/Path.h"

#include <limits>

using namespace mlir;
using namespace moec::moe;

#include "dialects/MoE/MoEDialect.cpp.inc"
#include "dialects/MoE/MoEEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/MoE/MoETypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/MoE/MoEAttributes.cpp.inc"

LogicalResult PlanType::verify(function_ref<InFlightDiagnostic()> emitError,
                               int64_t experts, int64_t choices) {
  // plan_c1
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (experts <= 0 || experts > most)
    return emitError() << "expected 1 to " << most << " experts, but got "
                       << experts;
  if (choices <= 0 || choices > experts)
    return emitError() << "expected 1 to " << experts
                       << " choices, the number of experts, but got "
                       << choices;
  return success();
}

LogicalResult BytesAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                StringAttr file, int64_t offset,
                                int64_t length) {
  // bytes_c1
  StringRef path = file.getValue();
  auto parts = llvm::make_range(llvm::sys::path::begin(path),
                                llvm::sys::path::end(path));
  if (path.empty() || llvm::sys::path::is_absolute(path) ||
      llvm::is_contained(parts, ".."))
    return emitError() << "expected a relative path inside the checkpoint "
                          "folder, but got "
                       << file;

  // bytes_c2
  if (offset < 0 || length <= 0)
    return emitError() << "expected an offset of at least 0 and a length of at "
                          "least 1, but got "
                       << offset << " and " << length;
  return success();
}

void MoEDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/MoE/MoETypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/MoE/MoEAttributes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/MoE/MoE.cpp.inc"
      >();
}
