//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Operands of instructions: PTX ISA, section 6.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_OPERANDPARSER_H
#define RUNTIME_EMULATOR_PTX_OPERANDPARSER_H

#include "runtime/emulator/ptx/TokenStream.h"

namespace emulator::ptx {

/// One operand. `inCall`: a parenthesis opens a list of arguments, not an
/// expression.
Operand parseOperand(TokenStream &tokens, bool inCall);

} // namespace emulator::ptx

#endif // RUNTIME_EMULATOR_PTX_OPERANDPARSER_H
