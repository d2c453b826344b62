//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Files.h"
#include "runtime/tools/Scoring.h"

#include "test/runtime/tools/TinyModel.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>

using namespace moert::tools;

namespace {

std::vector<ScoredText> textsOf(const std::vector<Tokens> &tokens) {
  std::vector<ScoredText> texts(tokens.size());
  for (size_t i = 0; i < tokens.size(); ++i)
    texts[i].tokens = tokens[i];
  return texts;
}

/// ln p of each token but the first, by the model in plain C++.
std::vector<double> referenceScores(const Tokens &tokens) {
  std::vector<double> scores;
  for (size_t i = 1; i < tokens.size(); ++i) {
    Tokens before(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(i));
    std::vector<float> logits = tiny::reference(before);
    scores.push_back(moert_log_probability(
        logits.data(), int64_t(logits.size()), tokens[i]));
  }
  return scores;
}

} // namespace

TEST(ScoringTest, ScoresEveryTokenButTheFirst) {
  TinyModel model;
  Tokens tokens = tiny::someTokens(30, 1);
  auto texts = textsOf({tokens});
  scoreTexts(model, texts, {0, 1});
  EXPECT_EQ(texts[0].logProbabilities, referenceScores(tokens));
}

TEST(ScoringTest, TextsScoredTogetherAreScoredAsAlone) {
  TinyModel model;
  std::vector<Tokens> tokens;
  for (uint32_t i = 0; i < 50; ++i) // more than a step takes
    tokens.push_back(tiny::someTokens(1 + i % 9, i));
  for (int64_t chunk : {0, 1, 3, 40}) {
    auto texts = textsOf(tokens);
    scoreTexts(model, texts, {chunk, 1});
    for (size_t i = 0; i < texts.size(); ++i)
      EXPECT_EQ(texts[i].logProbabilities, referenceScores(tokens[i]));
  }
}

TEST(ScoringTest, PerplexityIsOfThePredictedTokens) {
  ScoredText text;
  text.logProbabilities = {std::log(0.5), std::log(0.125)};
  EXPECT_DOUBLE_EQ(text.nll(), std::log(16));
  EXPECT_DOUBLE_EQ(text.perplexity(), 4);
  text.logProbabilities.clear();
  EXPECT_EQ(text.nll(), 0);
  EXPECT_TRUE(std::isnan(text.perplexity()));
}

TEST(ScoringTest, WritesTheLogitsOfEveryToken) {
  TinyModel model;
  Tokens tokens = tiny::someTokens(9, 4);
  std::string path = model.path + ".npy";
  auto texts = textsOf({tokens});
  texts[0].logits = std::make_unique<NpyWriter>(path, 9, tiny::vocabulary);
  scoreTexts(model, texts, {4, 1});
  texts[0].logits->finish();
  std::string bytes = readFile(path);
  std::remove(path.c_str());
  std::vector<float> logits = tiny::reference(tokens);
  size_t rowBytes = logits.size() * sizeof(float);
  ASSERT_EQ(bytes.size(), 128 + 9 * rowBytes);
  EXPECT_EQ(std::memcmp(bytes.data() + 128 + 8 * rowBytes, logits.data(),
                        rowBytes),
            0);
}

TEST(ScoringTest, ErrorsOfTheModelComeThrough) {
  TinyModel model;
  auto texts = textsOf({{1, tiny::failingToken}});
  EXPECT_NE(failureOf([&] { scoreTexts(model, texts, {0, 1}); })
                .find("router scores"),
            std::string::npos);
}
