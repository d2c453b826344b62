//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/Decoder/Decoder.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include <limits>

using namespace mlir;
using namespace moec::decoder;

#include "dialects/Decoder/DecoderDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Decoder/DecoderTypes.cpp.inc"

LogicalResult KVCacheType::verify(function_ref<InFlightDiagnostic()> emitError,
                                  int64_t layers, int64_t heads,
                                  int64_t headDim, Type element) {
  // kv_cache_c1
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (layers <= 0 || heads <= 0 || headDim <= 0 || layers > most ||
      heads > most || headDim > most)
    return emitError() << "expected layers, heads and head_dim from 1 to "
                       << most << ", but got " << layers << ", " << heads
                       << " and " << headDim;
  if (!element.isF32() && !element.isF16() && !element.isBF16())
    return emitError() << "expected elements of f32, f16 or bf16, but got "
                       << element;
  return success();
}

void DecoderDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/Decoder/DecoderTypes.cpp.inc"
      >();

  addOperations<
#define GET_OP_LIST
#include "dialects/Decoder/Decoder.cpp.inc"
      >();
}
