//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Texts under teacher forcing: what the model makes of each token, given those
// before it.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_SCORING_H
#define RUNTIME_TOOLS_SCORING_H

#include "runtime/tools/Model.h"
#include "runtime/tools/NpyWriter.h"

#include <memory>

namespace moert::tools {

/// One text and its score.
struct ScoredText {
  std::string source; ///< its file
  Tokens tokens;
  /// ln p(tokens[i + 1] | tokens[0 .. i])
  std::vector<double> logProbabilities;
  /// Where the logits of every token go; may be null.
  std::unique_ptr<NpyWriter> logits;

  /// Negated sum of the log-probabilities, in nats.
  double nll() const;
  /// e^(nll / predicted tokens); NaN if there is none.
  double perplexity() const;
};

struct ScoringSettings {
  int64_t chunk = 0; ///< tokens of a text in one step; 0: a good default
  int32_t threads = 0;
};

/// Scores all texts together, as sequences of the same steps.
void scoreTexts(const Model &model, std::vector<ScoredText> &texts,
                const ScoringSettings &settings);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_SCORING_H
