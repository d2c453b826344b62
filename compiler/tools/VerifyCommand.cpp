//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Verify.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Commands.h"

#include <memory>

void moec::addVerifyCommand(CLI::App &app) {
  CLI::App *command =
      app.add_subcommand("verify", "Check that artifacts are intact");
  command->footer("Examples:\n"
                  "  moec verify mixtral.moe\n"
                  "  moec verify --deep *.moe");
  auto options = std::make_shared<VerifyOptions>();
  command->add_option("FILE", options->paths, "Artifacts")->required();
  command->add_flag("--deep", options->deep, "Read the weights, too");
  command->callback([options] {
    if (verifyArtifacts(*options, llvm::outs(), llvm::errs()))
      throw CommandFailure("");
  });
}
