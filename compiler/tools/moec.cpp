//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The ahead-of-time compiler for mixture-of-experts language models.
///
//===----------------------------------------------------------------------===//

#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Commands.h"

#include "llvm/Config/llvm-config.h"

#include <csignal>

int main(int argc, char **argv) {
  std::signal(SIGXFSZ, SIG_IGN); // writing reports a file that is too large
  CLI::App app{"Compiles mixture-of-experts language models ahead of time."};
  app.name("moec");
  app.set_version_flag("--version",
                       "moec " MOEC_VERSION ", LLVM " LLVM_VERSION_STRING);
  app.require_subcommand(1);
  app.footer("Examples:\n"
             "  moec compile path/to/Mixtral-8x7B-v0.1 "
             "--target=x86-64-v3,znver4\n"
             "  moec inspect Mixtral-8x7B-v0.1.moe\n"
             "  moec verify --deep Mixtral-8x7B-v0.1.moe");
  moec::addCompileCommand(app);
  moec::addInspectCommand(app);
  moec::addVerifyCommand(app);
  return moec::runCommandLine(app, argc, argv);
}
