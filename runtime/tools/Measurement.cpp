//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Measurement.h"

#include "runtime/tools/Failure.h"
#include "runtime/tools/Stopwatch.h"

#include <algorithm>
#include <random>

using namespace moert::tools;

Spread moert::tools::spreadOf(std::vector<double> values) {
  if (values.empty())
    return {};
  std::sort(values.begin(), values.end());
  size_t middle = values.size() / 2;
  double median = values.size() % 2 ? values[middle]
                                    : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

template <typename Function>
static Spread spreadOver(const std::vector<Repetition> &repetitions,
                         Function function) {
  std::vector<double> values;
  for (const Repetition &repetition : repetitions)
    values.push_back(function(repetition));
  return spreadOf(values);
}

double BenchTest::launchesPerStep() const {
  return repetitions.empty() ? 0 : repetitions.back().launchesPerStep;
}

double BenchTest::callsPerStep() const {
  return repetitions.empty() ? 0 : repetitions.back().callsPerStep;
}

Spread BenchTest::tokensPerSecond() const {
  return spreadOver(repetitions,
                    [&](const Repetition &r) { return tokens() / r.seconds; });
}

Spread BenchTest::bytesPerSecond() const {
  return spreadOver(repetitions, [&](const Repetition &r) {
    return weightBytes / r.seconds;
  });
}

Spread BenchTest::operationsPerSecond() const {
  return spreadOver(repetitions,
                    [&](const Repetition &r) { return flops / r.seconds; });
}

Spread BenchTest::shareOfReadProbe() const {
  return spreadOver(repetitions, [&](const Repetition &r) {
    return weightBytes / r.seconds / r.readProbe;
  });
}

Spread BenchTest::shareOfDotPeak() const {
  return spreadOver(repetitions, [&](const Repetition &r) {
    return flops / r.seconds / r.dotPeak;
  });
}

namespace {

/// Part of a sequence that one step computes.
struct Slice {
  size_t sequence;
  int64_t begin, count;
  bool wantsLogits;
};
using Step = std::vector<Slice>;

/// Prompts one after the other, steps filled up with the next one; logits of
/// the last tokens.
std::vector<Step> planPrompts(const BenchTest &test) {
  std::vector<Step> steps;
  int64_t room = 0;
  for (int64_t sequence = 0; sequence < test.sequences; ++sequence)
    for (int64_t begin = 0; begin < test.length;) {
      if (room == 0) {
        steps.emplace_back();
        room = test.chunk;
      }
      int64_t count = std::min(room, test.length - begin);
      steps.back().push_back({static_cast<size_t>(sequence), begin, count,
                              begin + count == test.length});
      begin += count;
      room -= count;
    }
  return steps;
}

/// One token of every sequence in each step.
std::vector<Step> planGeneration(const BenchTest &test) {
  std::vector<Step> steps(static_cast<size_t>(test.length));
  for (int64_t begin = 0; begin < test.length; ++begin)
    for (int64_t sequence = 0; sequence < test.sequences; ++sequence)
      steps[static_cast<size_t>(begin)].push_back(
          {static_cast<size_t>(sequence), begin, 1, true});
  return steps;
}

std::vector<Step> planSteps(const BenchTest &test) {
  return test.isPrompt ? planPrompts(test) : planGeneration(test);
}

void addCost(const Model &model, BenchTest &test) {
  for (const Step &step : planSteps(test)) {
    int64_t tokens = 0, rows = 0;
    for (const Slice &slice : step) {
      tokens += slice.count;
      rows += slice.wantsLogits;
    }
    moert_step_cost cost = model.cost(tokens, rows);
    test.weightBytes += cost.weight_bytes;
    test.flops += cost.flops;
  }
}

/// Tokens drawn evenly from the vocabulary, so that routing is about even; the
/// same in every run.
std::vector<Tokens> drawTokens(const BenchTest &test, int64_t vocabulary) {
  std::mt19937_64 random(1);
  std::vector<Tokens> texts(static_cast<size_t>(test.sequences));
  for (Tokens &text : texts)
    for (int64_t i = 0; i < test.length; ++i)
      text.push_back(
          static_cast<int32_t>(random() % static_cast<uint64_t>(vocabulary)));
  return texts;
}

} // namespace

std::vector<BenchTest> moert::tools::planTests(const Model &model,
                                               const BenchSettings &settings) {
  std::vector<BenchTest> tests;
  int64_t sequences = settings.sequences;
  for (int64_t prompt : settings.promptTokens)
    model.checkLength(prompt, "-p");
  model.checkLength(settings.generatedTokens, "-n");
  for (int64_t prompt : settings.promptTokens)
    if (prompt > 0)
      tests.push_back({"pp" + std::to_string(prompt),
                       chunkTokens(model, 0),
                       prompt,
                       sequences,
                       true,
                       0,
                       0,
                       {}});
  if (settings.generatedTokens > 0)
    tests.push_back({"tg" + std::to_string(settings.generatedTokens),
                     1,
                     settings.generatedTokens,
                     sequences,
                     false,
                     0,
                     0,
                     {}});
  if (sequences > model.info().max_step_tokens)
    throw Failure("-b: " + std::to_string(sequences) +
                  " sequences are more than the tokens of a step, " +
                  std::to_string(model.info().max_step_tokens));
  for (BenchTest &test : tests)
    addCost(model, test);
  return tests;
}

TestRun moert::tools::runTest(const BenchTest &test, const Model &model,
                              Session &session) {
  std::vector<Tokens> texts = drawTokens(test, model.info().vocabulary);
  std::vector<moert_sequence> sequences;
  for (size_t i = 0; i < texts.size(); ++i)
    sequences.push_back(session.createSequence());
  std::vector<std::vector<moert_chunk>> steps;
  for (const Step &step : planSteps(test)) {
    std::vector<moert_chunk> &chunks = steps.emplace_back();
    for (const Slice &slice : step)
      chunks.push_back(
          {sequences[slice.sequence],
           texts[slice.sequence].data() + slice.begin, slice.count,
           slice.wantsLogits ? MOERT_LOGITS_LAST : MOERT_LOGITS_NONE});
  }
  moert_session_stats before = session.stats();
  Stopwatch watch;
  for (const std::vector<moert_chunk> &step : steps)
    session.step(step);
  double seconds = watch.seconds();
  moert_session_stats after = session.stats();
  for (moert_sequence sequence : sequences)
    session.destroySequence(sequence);
  double count = double(steps.size());
  return {seconds, double(after.launched - before.launched) / count,
          double(after.library_calls - before.library_calls) / count};
}
