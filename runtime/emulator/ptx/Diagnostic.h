//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Refusals of PTX text.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_DIAGNOSTIC_H
#define RUNTIME_EMULATOR_PTX_DIAGNOSTIC_H

#include "runtime/emulator/ptx/Syntax.h"

#include <stdexcept>
#include <string>

namespace emulator::ptx {

/// Why a text was refused. Thrown by the lexer, the parser and the binder, and
/// caught by Module::load.
class Diagnostic : public std::runtime_error {
public:
  Diagnostic(Location at, const std::string &message)
      : std::runtime_error(message), at(at) {}
  Location at;
};

/// `file:line:column: what is wrong`, the form in which a user sees it.
std::string render(const std::string &file, const Diagnostic &diagnostic);

} // namespace emulator::ptx

#endif // RUNTIME_EMULATOR_PTX_DIAGNOSTIC_H
