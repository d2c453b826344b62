//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// One prompt and the tokens that follow it.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_GENERATION_H
#define RUNTIME_TOOLS_GENERATION_H

#include "runtime/tools/Interrupt.h"
#include "runtime/tools/Model.h"
#include "runtime/tools/Stopwatch.h"

#include <optional>

namespace moert::tools {

struct GenerationSettings {
  int64_t count = 128; ///< tokens to generate at most
  moert_sampling sampling{0, 0, 1};
  uint64_t seed = 0;
  bool ignoreEos = false;
  int64_t chunk = 0;   ///< tokens of the prompt in one step; 0: a good default
  int64_t context = 0; ///< positions; 0: as many as are needed
};

/// Loading is up to the caller; generation leaves out the first token, which
/// the prompt's last step already yields.
struct GenerationTiming {
  double loadSeconds = 0;
  int64_t promptTokens = 0;
  double promptSeconds = 0;
  int64_t generatedTokens = 0;
  double generationSeconds = 0;
};

class Generation {
public:
  /// Throws if the prompt does not fit.
  Generation(const Model &model, Tokens prompt,
             const GenerationSettings &settings, int32_t threads);

  /// Generates; hands every piece of text, or token id and space if there is
  /// no tokenizer, to `onText`. After an Interrupted what came so far stays.
  void run(const std::function<void(const std::string &)> &onText);

  const Tokens &prompt() const { return promptTokens; }
  const Tokens &tokens() const { return generated; }
  bool hasText() const { return decoder.has_value(); }
  const std::string &text() const { return generatedText; }
  /// "eos", "length", "context" or "interrupted".
  const char *stopReason() const { return reason; }
  const GenerationTiming &timing() const { return times; }
  void setLoadSeconds(double seconds) { times.loadSeconds = seconds; }
  moert_session_stats stats() const { return session.stats(); }

private:
  moert_session_options sessionOptions(int32_t threads);
  void computePrompt();
  void step(const moert_chunk &chunk);
  /// Draws the next token from what the last step gave.
  int32_t drawToken();
  void emit(int32_t token,
            const std::function<void(const std::string &)> &onText);
  bool isEos(int32_t token) const;
  /// Why to end after `token`, or null.
  const char *reasonToStop(int32_t token) const;

  const Model &model;
  Tokens promptTokens;
  GenerationSettings settings;
  int64_t chunk;
  int64_t context;
  Session session;
  moert_sequence sequence;
  bool needsBestOnly; ///< of the logits
  moert_rng rng{};
  std::optional<Decoder> decoder;
  Tokens generated;
  std::string generatedText;
  const char *reason = "interrupted";
  GenerationTiming times;
};

/// The most memory that this process has had resident.
int64_t peakResidentBytes();

} // namespace moert::tools

#endif // RUNTIME_TOOLS_GENERATION_H
