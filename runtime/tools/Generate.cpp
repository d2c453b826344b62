//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// moert generate: continues a prompt.
//
//===----------------------------------------------------------------------===//

#include "runtime/tools/Commands.h"
#include "runtime/tools/Failure.h"
#include "runtime/tools/Files.h"
#include "runtime/tools/Flags.h"
#include "runtime/tools/Generation.h"
#include "runtime/tools/TokenList.h"

#include <nlohmann/json.hpp>

#include <cstdio>

using namespace moert::tools;

namespace {

struct GenerateFlags {
  RunFlags run;
  GenerationSettings settings;
  std::string prompt, promptFile, tokens;
  bool json = false;
};

/// Where the prompt comes from.
struct PromptOptions {
  const CLI::Option *text, *file, *tokens;
};

Tokens readPrompt(const Model &model, const GenerateFlags &flags,
                  const PromptOptions &options) {
  if (options.tokens->count() > 0) {
    Tokens tokens = parseTokens(flags.tokens);
    model.checkTokens(tokens, "--tokens");
    return tokens;
  }
  bool isFile = options.file->count() > 0;
  if (!model.info().has_tokenizer)
    model.encode("", false); // says so
  Tokens tokens =
      model.encode(isFile ? readFile(flags.promptFile) : flags.prompt, true);
  if (tokens.empty())
    throw Failure(std::string(isFile ? "--prompt-file" : "-p") +
                  ": the prompt has no tokens, and the model no BOS");
  return tokens;
}

/// The command line has to name one prompt, and ids must be numbers.
void checkPrompt(const GenerateFlags &flags, const PromptOptions &options) {
  size_t prompts = options.text->count() + options.file->count() +
                   options.tokens->count();
  if (prompts != 1)
    throw UsageFailure("generate: give one prompt, with -p, --prompt-file or "
                       "--tokens");
  if (options.tokens->count() == 0)
    return;
  try {
    if (parseTokens(flags.tokens).empty())
      throw UsageFailure("--tokens: there are no token ids");
  } catch (const std::invalid_argument &error) {
    throw UsageFailure(std::string("--tokens: ") + error.what());
  }
}

void reportSpeed(const char *what, int64_t tokens, double seconds) {
  std::fprintf(stderr, "%s%lld tokens in %.3f s, %.2f tokens/s\n", what,
               static_cast<long long>(tokens), seconds,
               seconds > 0 ? double(tokens) / seconds : 0.0);
}

void report(const Generation &generation) {
  const GenerationTiming &timing = generation.timing();
  constexpr double mega = 1e6;
  moert_session_stats stats = generation.stats();
  std::fprintf(stderr, "load:       %.3f s\n", timing.loadSeconds);
  reportSpeed("prompt:     ", timing.promptTokens, timing.promptSeconds);
  reportSpeed("generation: ", timing.generatedTokens, timing.generationSeconds);
  std::fprintf(stderr,
               "memory:     %.1f MB weights mapped, %.1f MB key/value cache, "
               "%.1f MB buffers; %.1f MB resident at most\n",
               double(stats.weight_bytes) / mega,
               double(stats.cache_bytes_used) / mega,
               double(stats.arena_bytes + stats.scratch_bytes) / mega,
               double(peakResidentBytes()) / mega);
}

nlohmann::ordered_json describe(const Generation &generation) {
  const GenerationTiming &timing = generation.timing();
  auto speed = [](int64_t tokens, double seconds) {
    return seconds > 0 ? double(tokens) / seconds : 0.0;
  };
  moert_session_stats stats = generation.stats();
  nlohmann::ordered_json object;
  object["prompt_tokens"] = generation.prompt();
  object["tokens"] = generation.tokens();
  if (generation.hasText())
    object["text"] = generation.text();
  else
    object["text"] = nullptr;
  object["stop_reason"] = generation.stopReason();
  object["timing"] = {
      {"load_s", timing.loadSeconds},
      {"prompt_s", timing.promptSeconds},
      {"prompt_tokens_per_s", speed(timing.promptTokens, timing.promptSeconds)},
      {"generation_s", timing.generationSeconds},
      {"generation_tokens_per_s",
       speed(timing.generatedTokens, timing.generationSeconds)}};
  object["memory"] = {
      {"weight_bytes", stats.weight_bytes},
      {"cache_bytes", stats.cache_bytes_used},
      {"buffer_bytes", stats.arena_bytes + stats.scratch_bytes},
      {"peak_resident_bytes", peakResidentBytes()}};
  return object;
}

void generate(const GenerateFlags &flags, const PromptOptions &options) {
  checkPrompt(flags, options);
  Stopwatch loading;
  Model model(flags.run);
  Tokens prompt = readPrompt(model, flags, options);
  Generation generation(model, prompt, flags.settings, flags.run.threads);
  double loadSeconds = loading.seconds();
  bool isInterrupted = false;
  try {
    generation.run([&](const std::string &piece) {
      if (!flags.json)
        print(piece);
    });
  } catch (const Interrupted &) {
    isInterrupted = true;
  }
  generation.setLoadSeconds(loadSeconds);
  print(flags.json ? describe(generation).dump() + "\n" : "\n");
  if (!flags.json)
    report(generation);
  if (isInterrupted)
    throw Interrupted();
}

const char *const examples =
    R"(Text goes to standard output as it is generated, speed and memory to
standard error. Without --temperature, each token is the likeliest one. If the
artifact has no tokenizer, token ids are printed, separated by spaces.

--json prints one object instead: `prompt_tokens`; `tokens` as generated, the
one that ends the text included; `text`, which continues the prompt (null
without a tokenizer); `stop_reason`: "eos", "length", "context" or, after
Ctrl-C, "interrupted"; `timing`; `memory`.

Examples:
  moert generate mixtral.moe -p "The sea is" -n 64
  moert generate mixtral.moe --prompt-file poem.txt --temperature 0.8 --seed 7
  moert generate mixtral.moe --tokens 1,415,6163 --ignore-eos --json)";

void addSampling(CLI::App &command, GenerationSettings &settings) {
  auto *temperature =
      command
          .add_option("--temperature", settings.sampling.temperature,
                      "draw from the distribution, made flatter above 1 and "
                      "steeper below; 0: take the likeliest [0]")
          ->check(realNumber(0, 1e6))
          ->option_text("T");
  command
      .add_option("--top-k", settings.sampling.top_k,
                  "draw from the K likeliest tokens; 0: from all [0]")
      ->check(wholeNumber(0, maxCount))
      ->needs(temperature)
      ->option_text("K");
  command
      .add_option("--top-p", settings.sampling.top_p,
                  "draw from the fewest tokens that hold this share of the "
                  "probability [1]")
      ->check(realNumber(0, 1))
      ->needs(temperature)
      ->option_text("P");
  command
      .add_option("--seed", settings.seed,
                  "equal seeds draw equal tokens on every machine [0]")
      ->check(wholeNumber(0, std::numeric_limits<int64_t>::max()))
      ->option_text("S");
}

} // namespace

void moert::tools::addGenerate(CLI::App &app) {
  CLI::App *command = app.add_subcommand("generate", "Continue a prompt");
  auto flags = std::make_shared<GenerateFlags>();
  addModel(*command, flags->run.model);
  PromptOptions options{};
  options.text = command->add_option("-p,--prompt", flags->prompt, "the prompt")
                     ->option_text("TEXT");
  options.file = command
                     ->add_option("--prompt-file", flags->promptFile,
                                  "read the prompt from a file; -: from "
                                  "standard input")
                     ->option_text("FILE");
  options.tokens = command
                       ->add_option("--tokens", flags->tokens,
                                    "the prompt as token ids, as they are")
                       ->option_text("1,2,3");
  command
      ->add_option("-n", flags->settings.count, "tokens to generate [128]")
      ->check(wholeNumber(1, maxCount))
      ->option_text("N");
  addSampling(*command, flags->settings);
  command->add_flag("--ignore-eos", flags->settings.ignoreEos,
                    "go on where the model ends the text");
  addChunk(*command, flags->settings.chunk);
  command
      ->add_option("--context", flags->settings.context,
                   "positions of prompt and text together [what they need, at "
                   "most the model's]")
      ->check(wholeNumber(1, maxCount))
      ->option_text("N");
  addRunFlags(*command, flags->run);
  command->add_flag("--json", flags->json, "print one JSON object");
  command->footer(examples);
  command->callback([flags, options] { generate(*flags, options); });
}
