//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Ctrl-C: the first one asks a command to end after the current step, the
// second one kills it.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_INTERRUPT_H
#define RUNTIME_TOOLS_INTERRUPT_H

#include "runtime/tools/Failure.h"

namespace moert::tools {

/// The user asked to stop: nothing to say, and the exit code of a shell.
class Interrupted : public Failure {
public:
  Interrupted() : Failure("", 130) {}
};

/// Begins to listen for SIGINT and SIGTERM.
void catchInterrupts();

/// Throws an Interrupted if one has come.
void throwIfInterrupted();

} // namespace moert::tools

#endif // RUNTIME_TOOLS_INTERRUPT_H
