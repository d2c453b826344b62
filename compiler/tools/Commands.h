//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The commands of moec. Each function adds one to the command line; parsing
/// runs it. A command that fails throws a CommandFailure, a contradiction among
/// its flags a CLI::ParseError.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_TOOLS_COMMANDS_H
#define COMPILER_TOOLS_COMMANDS_H

#include "llvm/Support/Error.h"

#include <stdexcept>
#include <string>

namespace CLI {
class App;
}

namespace moec {

/// The job failed. The message is one line; empty if all has been said.
class CommandFailure : public std::runtime_error {
public:
  using runtime_error::runtime_error;
};

/// Throws a CommandFailure for an error.
void throwIfFailed(llvm::Error error);

void addCompileCommand(CLI::App &app);
void addInspectCommand(CLI::App &app);
void addVerifyCommand(CLI::App &app);

} // namespace moec

#endif // COMPILER_TOOLS_COMMANDS_H
