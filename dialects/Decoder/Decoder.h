//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The decoder dialect: include this to create, match or register its operations.
///
//===----------------------------------------------------------------------===//

#ifndef DIALECTS_DECODER_DECODER_H
#define DIALECTS_DECODER_DECODER_H

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

#include "dialects/Decoder/DecoderDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Decoder/DecoderTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Decoder/Decoder.h.inc"

#endif // DIALECTS_DECODER_DECODER_H
