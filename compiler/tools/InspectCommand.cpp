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
                  "  moec inspect --json mixtral.moe\n"
                  "  moec inspect --fusion-report mixtral.moe\n"
                  "  moec inspect --kernels mixtral.moe\n"
                  "  moec inspect --memory-map=svg mixtral.moe > map.svg");
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
  auto map = std::make_shared<std::string>();
  command
      ->add_option("--memory-map", *map,
                   "Print what lives where in the arena, and when; =json for "
                   "JSON, =svg for a drawing")
      ->expected(0, 1)
      ->default_str("text")
      ->check(CLI::IsMember({"text", "json", "svg"}))
      ->excludes("--fusion-report");
  command
      ->add_flag("--kernels", options->kernels,
                 "Print what a launch of each kernel moves, computes and takes "
                 "at best, and what its blocks take of a GPU")
      ->excludes("--fusion-report")
      ->excludes("--memory-map");
  command->callback([options, report, map, command] {
    options->fusionReport = command->count("--fusion-report") > 0;
    options->json |= *report == "json";
    if (command->count("--memory-map") > 0)
      options->memoryMap = *map == "svg" ? MemoryMapForm::Svg
                           : *map == "json" || options->json
                               ? MemoryMapForm::Json
                               : MemoryMapForm::Text;
    throwIfFailed(inspectArtifact(*options, llvm::outs()));
  });
}
