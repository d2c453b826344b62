//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "compiler/artifact/Inspect.h"
#include "compiler/tools/CommandLine.h"
#include "compiler/tools/Commands.h"

#include <memory>

void moec::addInspectCommand(CLI::App &app) {
  CLI::App *command =
      app.add_subcommand("inspect", "Show what is in an artifact");
  command->footer("Examples:\n"
                  "  moec inspect mixtral.moe\n"
                  "  moec inspect --json mixtral.moe");
  auto options = std::make_shared<InspectOptions>();
  command->add_option("FILE", options->path, "An artifact")->required();
  command->add_flag("--json", options->json, "Print one JSON object");
  auto report = std::make_shared<std::string>();
  command
      ->add_option("--fusion-report", *report,
                   "Print what fusion made of the programs; =json for JSON")
      ->expected(0, 1)
      ->default_str("text")
      ->check(CLI::IsMember({"text", "json"}));
  command->callback([options, report, command] {
    options->fusionReport = command->count("--fusion-report") > 0;
    options->json |= *report == "json";
    throwIfFailed(inspectArtifact(*options, llvm::outs()));
  });
}
