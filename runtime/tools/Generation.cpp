//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Generation.h"

#include <algorithm>
#include <sys/resource.h>

using namespace moert::tools;

/// The positions that a generation may fill: asked for, or those it needs. The
/// last token it generates takes none.
static int64_t chooseContext(const Model &model, int64_t promptTokens,
                             const GenerationSettings &settings) {
  int64_t most = model.info().max_positions;
  model.checkLength(promptTokens, "prompt");
  if (settings.context == 0)
    return std::min(most, promptTokens + settings.count - 1);
  if (settings.context > most)
    throw Failure("--context: " + std::to_string(settings.context) +
                  " positions are more than the model has, " +
                  std::to_string(most));
  if (promptTokens > settings.context)
    throw Failure("prompt: " + std::to_string(promptTokens) +
                  " tokens are more than the " +
                  std::to_string(settings.context) + " positions of --context");
  return settings.context;
}

/// Whether a step for the best logits gives all that sampling looks at.
static bool looksAtBestOnly(const moert_sampling &sampling,
                            const moert_model_info &info) {
  if (info.top_logits == 0)
    return false;
  return sampling.temperature == 0 ||
         (sampling.top_k > 0 && sampling.top_k <= info.top_logits);
}

moert_session_options Generation::sessionOptions(int32_t threads) {
  moert_session_options options{};
  options.threads = threads;
  options.max_sequences = 1;
  options.cache_positions = context;
  return options;
}

Generation::Generation(const Model &model, Tokens prompt,
                       const GenerationSettings &settings, int32_t threads)
    : model(model), promptTokens(std::move(prompt)), settings(settings),
      chunk(chunkTokens(model, settings.chunk)),
      context(chooseContext(model, static_cast<int64_t>(promptTokens.size()),
                            settings)),
      session(model, sessionOptions(threads)),
      sequence(session.createSequence()),
      needsBestOnly(looksAtBestOnly(settings.sampling, model.info())) {
  moert_rng_seed(&rng, settings.seed);
  if (!model.info().has_tokenizer)
    return;
  // The text continues the prompt's: a space between them is kept.
  decoder.emplace(model);
  for (int32_t token : promptTokens)
    decoder->push(token);
}

void Generation::computePrompt() {
  auto size = static_cast<int64_t>(promptTokens.size());
  Stopwatch watch;
  for (int64_t begin = 0; begin < size; begin += chunk) {
    int64_t count = std::min(chunk, size - begin);
    moert_logits_mode logits =
        begin + count == size ? MOERT_LOGITS_LAST : MOERT_LOGITS_NONE;
    step({sequence, promptTokens.data() + begin, count, logits});
    times.promptTokens += count;
    times.promptSeconds = watch.seconds();
  }
}

void Generation::step(const moert_chunk &chunk) {
  if (needsBestOnly)
    session.stepTop({chunk});
  else
    session.step({chunk});
}

int32_t Generation::drawToken() {
  int32_t token = 0;
  moert_error error{};
  moert_status status;
  if (needsBestOnly) {
    Session::Top top = session.top(0, 0);
    status = moert_sample_top(top.logits, top.tokens, top.count,
                              &settings.sampling, &rng, &token, &error);
  } else {
    status = moert_sample(session.logits(0, 0), model.info().vocabulary,
                          &settings.sampling, &rng, &token, &error);
  }
  if (status != MOERT_OK)
    throw Failure(error.message);
  return token;
}

void Generation::emit(int32_t token,
                      const std::function<void(const std::string &)> &onText) {
  generated.push_back(token);
  std::string piece =
      decoder ? decoder->push(token)
              : (generated.size() > 1 ? " " : "") + std::to_string(token);
  generatedText += piece;
  if (!piece.empty())
    onText(piece);
}

bool Generation::isEos(int32_t token) const {
  const moert_model_info &info = model.info();
  return std::find(info.eos, info.eos + info.eos_count, token) !=
         info.eos + info.eos_count;
}

const char *Generation::reasonToStop(int32_t token) const {
  if (!settings.ignoreEos && isEos(token))
    return "eos";
  if (static_cast<int64_t>(generated.size()) == settings.count)
    return "length";
  if (moert_sequence_length(session.get(), sequence) == context)
    return "context";
  return nullptr;
}

void Generation::run(const std::function<void(const std::string &)> &onText) {
  computePrompt();
  Stopwatch watch;
  const char *stop = nullptr;
  while (true) {
    int32_t token = drawToken();
    emit(token, onText);
    stop = reasonToStop(token);
    if (stop)
      break;
    step({sequence, &token, 1, MOERT_LOGITS_LAST});
    ++times.generatedTokens;
    times.generationSeconds = watch.seconds();
  }
  std::string rest = decoder ? decoder->finish() : "";
  generatedText += rest;
  if (!rest.empty())
    onText(rest);
  reason = stop;
}

int64_t moert::tools::peakResidentBytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return int64_t(usage.ru_maxrss) * 1024;
}
