//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Declarations of registers, variables and parameters: PTX ISA, chapter 5.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_VARIABLEPARSER_H
#define RUNTIME_EMULATOR_PTX_VARIABLEPARSER_H

#include "runtime/emulator/ptx/TokenStream.h"

namespace emulator::ptx {

/// Whether the token begins a declaration: a state space.
bool beginsVariable(const Token &token);

/// `.space .align N .type name[...] = {...}, ...;` up to its semicolon.
std::vector<Variable> parseVariables(TokenStream &tokens, Linkage linkage);

/// `(.param .type name, ...)`. Names may be left out or `_`.
std::vector<Variable> parseParameters(TokenStream &tokens);

} // namespace emulator::ptx

#endif // RUNTIME_EMULATOR_PTX_VARIABLEPARSER_H
