//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The commands of moert. Each function adds one to the command line; parsing
// runs it. They throw Failures.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_COMMANDS_H
#define RUNTIME_TOOLS_COMMANDS_H

namespace CLI {
class App;
}

namespace moert::tools {

void addGenerate(CLI::App &app);
void addScore(CLI::App &app);
void addTokenize(CLI::App &app);
void addBench(CLI::App &app);
void addEmulate(CLI::App &app);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_COMMANDS_H
