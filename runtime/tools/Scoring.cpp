//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Scoring.h"

#include "runtime/tools/Failure.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace moert::tools;

double ScoredText::nll() const {
  double sum = 0;
  for (double logProbability : logProbabilities)
    sum -= logProbability;
  return sum;
}

double ScoredText::perplexity() const {
  if (logProbabilities.empty())
    return std::numeric_limits<double>::quiet_NaN();
  return std::exp(nll() / double(logProbabilities.size()));
}

namespace {

/// A text on its way through the model.
struct Progress {
  ScoredText *text;
  moert_sequence sequence;
  int64_t done = 0;

  int64_t left() const {
    return static_cast<int64_t>(text->tokens.size()) - done;
  }
};

moert_session_options sessionOptions(const std::vector<ScoredText> &texts,
                                     int32_t threads) {
  moert_session_options options{};
  options.threads = threads;
  options.max_sequences = static_cast<int32_t>(texts.size());
  for (const ScoredText &text : texts)
    options.cache_positions +=
        pagedPositions(static_cast<int64_t>(text.tokens.size()));
  return options;
}

/// The next step: a chunk of every text that is not done, as far as they fit.
std::vector<moert_chunk> planStep(std::vector<Progress> &texts, int64_t chunk,
                                  int64_t most) {
  std::vector<moert_chunk> step;
  for (Progress &text : texts) {
    int64_t count = std::min({chunk, text.left(), most});
    if (count == 0)
      break;
    step.push_back({text.sequence, text.text->tokens.data() + text.done, count,
                    MOERT_LOGITS_ALL});
    most -= count;
  }
  return step;
}

/// Scores token `index` of the text, from the logits of the one before it.
double scoreToken(const float *logits, const ScoredText &text, int64_t index,
                  int64_t vocabulary) {
  double logProbability = moert_log_probability(
      logits, vocabulary, text.tokens[static_cast<size_t>(index)]);
  if (std::isnan(logProbability))
    throw Failure(text.source + ": the logits of token " +
                  std::to_string(index - 1) + " are not numbers");
  return logProbability;
}

void takeRow(const float *logits, Progress &progress, int64_t vocabulary) {
  ScoredText &text = *progress.text;
  if (text.logits)
    text.logits->append(logits);
  ++progress.done;
  if (progress.left() > 0)
    text.logProbabilities.push_back(
        scoreToken(logits, text, progress.done, vocabulary));
}

} // namespace

void moert::tools::scoreTexts(const Model &model,
                              std::vector<ScoredText> &texts,
                              const ScoringSettings &settings) {
  int64_t chunk = chunkTokens(model, settings.chunk);
  int64_t vocabulary = model.info().vocabulary;
  Session session(model, sessionOptions(texts, settings.threads));
  std::vector<Progress> running;
  for (ScoredText &text : texts)
    running.push_back({&text, session.createSequence()});
  while (!running.empty()) {
    std::vector<moert_chunk> step =
        planStep(running, chunk, model.info().max_step_tokens);
    session.step(step);
    for (size_t i = 0; i < step.size(); ++i)
      for (int64_t row = 0; row < step[i].count; ++row)
        takeRow(session.logits(i, row), running[i], vocabulary);
    auto isDone = [](const Progress &text) { return text.left() == 0; };
    running.erase(std::remove_if(running.begin(), running.end(), isDone),
                  running.end());
  }
}
