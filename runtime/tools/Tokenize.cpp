//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// moert tokenize: text to token ids, and back.
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/Commands.h"
#include "runtime/tools/Failure.h"
#include "runtime/tools/Files.h"
#include "runtime/tools/Flags.h"
#include "runtime/tools/Model.h"
#include "runtime/tools/TokenList.h"

#include <nlohmann/json.hpp>

using namespace moert::tools;

namespace {

struct TokenizeFlags {
  std::string model;
  std::string prompt;
  std::string file = "-";
  bool hasPrompt = false;
  bool decode = false;
  bool noBos = false;
  bool json = false;
};

void printJson(const nlohmann::ordered_json &object) {
  print(object.dump() + "\n");
}

void encode(const Model &model, const TokenizeFlags &flags,
            const std::string &input) {
  Tokens tokens = model.encode(input, !flags.noBos);
  if (flags.json)
    return printJson({{"tokens", tokens}});
  print(formatTokens(tokens) + "\n");
}

void decode(const Model &model, const TokenizeFlags &flags,
            const std::string &input) {
  Tokens tokens;
  try {
    tokens = parseTokens(input);
  } catch (const std::invalid_argument &error) {
    throw Failure((flags.hasPrompt ? "-p" : flags.file) + ": " + error.what());
  }
  std::string text = model.decode(tokens);
  if (flags.json)
    return printJson({{"text", text}});
  print(text + "\n");
}

void tokenize(const TokenizeFlags &flags) {
  Model model({flags.model, "", "none"});
  if (!model.info().has_tokenizer)
    model.encode("", false); // says so
  std::string input = flags.hasPrompt ? flags.prompt : readFile(flags.file);
  flags.decode ? decode(model, flags, input) : encode(model, flags, input);
}

const char *const examples =
    R"(Prints token ids separated by spaces, BOS first if the model has one, or
with --decode the text of token ids. Reads standard input if neither -p nor
--file is given.

Examples:
  moert tokenize mixtral.moe -p "The sea is"
  moert tokenize mixtral.moe --file book.txt --json
  moert tokenize mixtral.moe --decode -p "415 6163 349")";

} // namespace

void moert::tools::addTokenize(CLI::App &app) {
  CLI::App *command =
      app.add_subcommand("tokenize", "Turn text into token ids, or back");
  auto flags = std::make_shared<TokenizeFlags>();
  addModel(*command, flags->model);
  auto *prompt = command->add_option("-p,--prompt", flags->prompt,
                                     "the text, or the token ids to decode");
  prompt->option_text("TEXT");
  command->add_option("--file", flags->file, "read it from a file")
      ->excludes(prompt)
      ->option_text("FILE");
  command->add_flag("--decode", flags->decode,
                    "token ids to text; ids are separated by commas, spaces "
                    "or newlines, or a JSON array");
  command->add_flag("--no-bos", flags->noBos, "do not put BOS first");
  command->add_flag("--json", flags->json,
                    "print an object with `tokens`, or `text`");
  command->footer(examples);
  command->callback([flags, prompt] {
    flags->hasPrompt = prompt->count() > 0;
    tokenize(*flags);
  });
}
