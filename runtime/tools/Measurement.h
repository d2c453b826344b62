//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The tests of moert bench and what they measured.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_MEASUREMENT_H
#define RUNTIME_TOOLS_MEASUREMENT_H

#include "runtime/tools/Model.h"

#include <string>
#include <vector>

namespace moert::tools {

struct BenchSettings {
  /// Of each sequence, a test for each number; 0: no prompt test.
  std::vector<int64_t> promptTokens;
  int64_t generatedTokens;
  int64_t sequences;
  int64_t repetitions;
};

/// Median, least and most of some values.
struct Spread {
  double median = 0, least = 0, most = 0;
};
Spread spreadOf(std::vector<double> values);

/// One run of a test and the probes right before it.
struct Repetition {
  double seconds;
  double launchesPerStep, callsPerStep;
  double readProbe; ///< bytes per second
  double dotPeak;   ///< operations per second
};

/// Prompts, or single tokens, of some sequences.
struct BenchTest {
  std::string name; ///< "pp512", "tg64"
  /// Tokens that each sequence adds in one step.
  int64_t chunk;
  int64_t length; ///< of each sequence in the end
  int64_t sequences;
  bool isPrompt;
  /// Of the whole test, as the model counts them.
  double weightBytes = 0, flops = 0;
  std::vector<Repetition> repetitions;

  double tokens() const { return double(length * sequences); }
  double launchesPerStep() const; ///< of the last run
  double callsPerStep() const;    ///< of a library, beside them
  Spread tokensPerSecond() const;
  Spread bytesPerSecond() const;
  Spread operationsPerSecond() const;
  Spread shareOfReadProbe() const;
  Spread shareOfDotPeak() const;
};

/// The tests that the settings ask for. Throws if the model is too small.
std::vector<BenchTest> planTests(const Model &model,
                                 const BenchSettings &settings);

/// What one run of a test took.
struct TestRun {
  double seconds;         ///< of all steps
  double launchesPerStep; ///< as the runtime counts them
  double callsPerStep;    ///< of a library, beside them
};

/// Runs the test once, on new sequences.
TestRun runTest(const BenchTest &test, const Model &model, Session &session);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_MEASUREMENT_H
