//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/Decoder/Decoder.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace moec::decoder;

#include "dialects/Decoder/DecoderDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Decoder/DecoderTypes.cpp.inc"


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
