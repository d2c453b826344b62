//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Running a command line, and saying what is wrong with one.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_TOOLS_COMMANDLINE_H
#define COMPILER_TOOLS_COMMANDLINE_H

// CLI.hpp includes <filesystem>, which these parts can do without.
#include "CLI/App.hpp"
#include "CLI/Config.hpp"
#include "CLI/Formatter.hpp"

namespace moec {

/// Parses, which runs the command. Prints help, or one line that begins with
/// "error: " and names the flag or file. Returns the exit code: 0, 1 if the job
/// failed, 2 if the command line is wrong.
int runCommandLine(CLI::App &app, int argc, char **argv);

} // namespace moec

#endif // COMPILER_TOOLS_COMMANDLINE_H
