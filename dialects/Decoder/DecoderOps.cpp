//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "dialects/Decoder/Decoder.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace moec::decoder;

#define GET_OP_CLASSES
#include "dialects/Decoder/Decoder.cpp.inc"

LogicalResult EmbedOp::verify() { return success(); }
LogicalResult SelectRowsOp::verify() { return success(); }
LogicalResult RMSNormOp::verify() { return success(); }
LogicalResult LinearOp::verify() { return success(); }
LogicalResult SwigluOp::verify() { return success(); }
LogicalResult RopeOp::verify() { return success(); }
LogicalResult AppendKVOp::verify() { return success(); }
LogicalResult AttentionOp::verify() { return success(); }
LogicalResult KVCacheType::verify(function_ref<InFlightDiagnostic()>, int64_t, int64_t, int64_t, Type) { return success(); }
