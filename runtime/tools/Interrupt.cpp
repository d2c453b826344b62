//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Interrupt.h"

#include <csignal>

using namespace moert::tools;

static volatile std::sig_atomic_t interrupted = 0;

static void onSignal(int) { interrupted = 1; }

void moert::tools::catchInterrupts() {
  struct sigaction action = {};
  action.sa_handler = onSignal;
  // The default action is back for the next signal. Calls that wait are not
  // restarted: they fail with EINTR.
  action.sa_flags = SA_RESETHAND;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

void moert::tools::throwIfInterrupted() {
  if (interrupted)
    throw Interrupted();
}
