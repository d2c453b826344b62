//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// moert score: log-probabilities and perplexity of texts.
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/Commands.h"
#include "runtime/tools/Failure.h"
#include "runtime/tools/Files.h"
#include "runtime/tools/Flags.h"
#include "runtime/tools/Scoring.h"
#include "runtime/tools/TokenList.h"

#include <nlohmann/json.hpp>

#include <cstdio>

using namespace moert::tools;

namespace {

struct ScoreFlags {
  RunFlags run;
  ScoringSettings settings;
  std::vector<std::string> texts, tokens;
  std::string logits;
  bool json = false;
};

/// A file to score, in the order of the command line.
struct Input {
  std::string path;
  bool isText;
};

std::vector<Input> orderInputs(const CLI::App &command, const ScoreFlags &flags,
                               const CLI::Option *text,
                               const CLI::Option *tokens) {
  std::vector<Input> inputs;
  size_t nextText = 0, nextTokens = 0;
  for (const CLI::Option *option : command.parse_order()) {
    if (option == text)
      inputs.push_back({flags.texts[nextText++], true});
    if (option == tokens)
      inputs.push_back({flags.tokens[nextTokens++], false});
  }
  return inputs;
}

Tokens readInput(const Model &model, const Input &input) {
  std::string bytes = readFile(input.path);
  if (input.isText)
    return model.encode(bytes, true);
  try {
    return parseTokens(bytes);
  } catch (const std::invalid_argument &error) {
    throw Failure(input.path + ": " + error.what());
  }
}

std::vector<ScoredText> readInputs(const Model &model,
                                   const std::vector<Input> &inputs) {
  std::vector<ScoredText> texts;
  for (const Input &input : inputs) {
    ScoredText text;
    text.source = input.path;
    text.tokens = readInput(model, input);
    model.checkTokens(text.tokens, input.path);
    model.checkLength(static_cast<int64_t>(text.tokens.size()), input.path);
    texts.push_back(std::move(text));
  }
  return texts;
}

/// OUT.npy, or OUT.0.npy, OUT.1.npy, ... for several texts.
void openLogits(const std::string &path, int64_t vocabulary,
                std::vector<ScoredText> &texts) {
  const std::string extension = ".npy";
  size_t stem = path.size();
  if (stem > extension.size() &&
      path.compare(stem - extension.size(), stem, extension) == 0)
    stem -= extension.size();
  for (size_t i = 0; i < texts.size(); ++i) {
    std::string name = path;
    if (texts.size() > 1)
      name.insert(stem, "." + std::to_string(i));
    texts[i].logits = std::make_unique<NpyWriter>(
        name, static_cast<int64_t>(texts[i].tokens.size()), vocabulary);
  }
}

nlohmann::ordered_json describe(const ScoredText &text) {
  nlohmann::ordered_json object;
  object["file"] = text.source;
  object["tokens"] = text.tokens;
  object["logprobs"] = text.logProbabilities;
  object["nll"] = text.nll();
  object["perplexity"] = text.perplexity();
  return object;
}

std::string formatJson(const std::vector<ScoredText> &texts) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const ScoredText &text : texts)
    list.push_back(describe(text));
  const nlohmann::ordered_json &result = texts.size() == 1 ? list[0] : list;
  return result.dump(-1, ' ', false,
                     nlohmann::ordered_json::error_handler_t::replace) +
         "\n";
}

std::string formatTable(const std::vector<ScoredText> &texts) {
  std::string table = "    tokens           nll   perplexity  file\n";
  for (const ScoredText &text : texts) {
    char row[80];
    std::snprintf(row, sizeof row, "%10zu  %12.4f  %11.4f  ",
                  text.tokens.size(), text.nll(), text.perplexity());
    table += row + text.source + "\n";
  }
  return table;
}

void score(const ScoreFlags &flags, const std::vector<Input> &inputs) {
  if (inputs.empty())
    throw UsageFailure("score: give files to score, with --text or --tokens");
  Model model(flags.run);
  std::vector<ScoredText> texts = readInputs(model, inputs);
  if (!flags.logits.empty())
    openLogits(flags.logits, model.info().vocabulary, texts);
  scoreTexts(model, texts, flags.settings);
  for (ScoredText &text : texts)
    if (text.logits)
      text.logits->finish();
  print(flags.json ? formatJson(texts) : formatTable(texts));
}

const char *const examples =
    R"(Computes ln p(token | tokens before it) for all tokens but the first.
`nll` is the negated sum in nats, perplexity e^(nll / predicted tokens).
Several files are sequences of the same steps; their results are those of each
alone.

--json prints an object with `file`, `tokens`, `logprobs` (one less than
tokens), `nll` and `perplexity` (null if nothing is predicted); for several
files a list of them.

Examples:
  moert score mixtral.moe --text book.txt
  moert score mixtral.moe --tokens ids.txt --logits logits.npy
  moert score mixtral.moe --text a.txt --text b.txt --json)";

CLI::Option *addFiles(CLI::App &command, const char *name,
                      std::vector<std::string> &files, const char *what) {
  return command.add_option(name, files, what)
      ->allow_extra_args(false)
      ->option_text("FILE ...");
}

} // namespace

void moert::tools::addScore(CLI::App &app) {
  CLI::App *command =
      app.add_subcommand("score", "Compute the perplexity of texts");
  auto flags = std::make_shared<ScoreFlags>();
  addModel(*command, flags->run.model);
  auto *text = addFiles(*command, "--text", flags->texts,
                        "text; BOS is put first if the model has one");
  auto *tokens =
      addFiles(*command, "--tokens", flags->tokens,
               "token ids separated by commas, spaces or newlines, or a JSON "
               "array");
  command
      ->add_option("--logits", flags->logits,
                   "write the logits of every token, float32 [tokens, "
                   "vocabulary]; of several files to OUT.0.npy, OUT.1.npy, ...")
      ->option_text("OUT.npy");
  addChunk(*command, flags->settings.chunk);
  addRunFlags(*command, flags->run);
  command->add_flag("--json", flags->json, "print JSON");
  command->footer(examples);
  command->callback([flags, command, text, tokens] {
    flags->settings.threads = flags->run.threads;
    score(*flags, orderInputs(*command, *flags, text, tokens));
  });
}
