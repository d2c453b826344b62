//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_PARSER_H
#define RUNTIME_EMULATOR_PTX_PARSER_H

#include "runtime/emulator/ptx/Syntax.h"

#include <string>
#include <string_view>

namespace emulator::ptx {

/// The tree of a module's text; `file` names it in messages. Throws Diagnostic
/// on anything that is not PTX, and on text over 256 MiB or nested deeper than
/// 256 blocks.
Module parse(std::string_view text, std::string file);

} // namespace emulator::ptx

#endif // RUNTIME_EMULATOR_PTX_PARSER_H
