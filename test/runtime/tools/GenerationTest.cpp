//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Generation.h"
#include "runtime/tools/Files.h"

#include "test/runtime/tools/TinyModel.h"

#include "gtest/gtest.h"

using namespace moert::tools;

namespace {

struct Result {
  Tokens tokens;
  std::string reason, streamed, text;
};

Result generate(const Model &model, const Tokens &prompt,
                const GenerationSettings &settings) {
  Generation generation(model, prompt, settings, 1);
  Result result;
  generation.run([&](const std::string &piece) { result.streamed += piece; });
  result.tokens = generation.tokens();
  result.reason = generation.stopReason();
  result.text = generation.text();
  return result;
}

GenerationSettings settingsOf(int64_t count) {
  GenerationSettings settings;
  settings.count = count;
  settings.ignoreEos = true;
  return settings;
}

/// What the model in plain C++ generates.
Tokens referenceTokens(Tokens tokens, int64_t count) {
  size_t prompt = tokens.size();
  for (int64_t i = 0; i < count; ++i)
    tokens.push_back(likeliest(tokens));
  return {tokens.begin() + static_cast<ptrdiff_t>(prompt), tokens.end()};
}

/// A prompt after which the likeliest token ends the text.
Tokens promptBeforeEos() {
  for (uint32_t seed = 0; seed < 10000; ++seed) {
    Tokens prompt = tiny::someTokens(3, seed);
    if (likeliest(prompt) == 2)
      return prompt;
  }
  return {};
}

} // namespace

TEST(GenerationTest, TakesTheLikeliestTokensWithoutATemperature) {
  TinyModel model;
  Tokens prompt = tiny::someTokens(7, 1);
  Result result = generate(model, prompt, settingsOf(12));
  EXPECT_EQ(result.tokens, referenceTokens(prompt, 12));
  EXPECT_EQ(result.reason, "length");
}

TEST(GenerationTest, ChunksOfThePromptDoNotMatter) {
  TinyModel model;
  Tokens prompt = tiny::someTokens(50, 2);
  for (int64_t chunk : {1, 7, 40}) {
    GenerationSettings settings = settingsOf(5);
    settings.chunk = chunk;
    EXPECT_EQ(generate(model, prompt, settings).tokens,
              referenceTokens(prompt, 5));
  }
}

TEST(GenerationTest, EndsWithTheTokenThatEndsTheText) {
  TinyModel model;
  Tokens prompt = promptBeforeEos();
  ASSERT_FALSE(prompt.empty());
  GenerationSettings settings = settingsOf(5);
  settings.ignoreEos = false;
  Result result = generate(model, prompt, settings);
  EXPECT_EQ(result.tokens, Tokens{2});
  EXPECT_EQ(result.reason, "eos");
  settings.ignoreEos = true;
  EXPECT_EQ(generate(model, prompt, settings).tokens.size(), 5u);
}

TEST(GenerationTest, EndsWhenTheContextIsFull) {
  TinyModel model;
  GenerationSettings settings = settingsOf(1000);
  // The last token is generated from a full context, and has no position.
  EXPECT_EQ(generate(model, {1, 3}, settings).tokens.size(), 99u);
  EXPECT_EQ(generate(model, {1, 3}, settings).reason, "context");
  settings.context = 5;
  EXPECT_EQ(generate(model, {1, 3}, settings).tokens.size(), 4u);
  settings.context = 2;
  EXPECT_EQ(generate(model, {1, 3}, settings).tokens.size(), 1u);
}

TEST(GenerationTest, EqualSeedsGenerateEqualTokens) {
  TinyModel model;
  GenerationSettings settings = settingsOf(12);
  settings.sampling = {8, 5, 1};
  settings.seed = 3;
  Result first = generate(model, {1, 3}, settings);
  EXPECT_EQ(generate(model, {1, 3}, settings).tokens, first.tokens);
  settings.seed = 4;
  EXPECT_NE(generate(model, {1, 3}, settings).tokens, first.tokens);
}

TEST(GenerationTest, WithoutATokenizerTheTextIsTokenIds) {
  TinyModel model;
  Tokens expected = referenceTokens({1, 3}, 2);
  EXPECT_EQ(generate(model, {1, 3}, settingsOf(2)).streamed,
            std::to_string(expected[0]) + " " + std::to_string(expected[1]));
}

TEST(GenerationTest, TextContinuesThePrompt) {
  tiny::Variant variant;
  variant.tokenizer =
      readFile(MOERT_TEST_DATA "/unigram-rules.tokenizer.model");
  TinyModel model(variant);
  Tokens prompt = {3, 5}, tokens = prompt;
  Result result = generate(model, prompt, settingsOf(20));
  tokens.insert(tokens.end(), result.tokens.begin(), result.tokens.end());
  EXPECT_EQ(model.decode(prompt) + result.text, model.decode(tokens));
  EXPECT_EQ(result.streamed, result.text);
}

TEST(GenerationTest, RefusesWhatDoesNotFit) {
  TinyModel model;
  GenerationSettings settings = settingsOf(5);
  EXPECT_EQ(failureOf([&] { generate(model, Tokens(101, 3), settings); }),
            "prompt: 101 tokens are more than the 100 positions of the model");
  settings.context = 101;
  EXPECT_EQ(failureOf([&] { generate(model, {1}, settings); }),
            "--context: 101 positions are more than the model has, 100");
  settings.context = 3;
  EXPECT_EQ(failureOf([&] { generate(model, {1, 3, 4, 5}, settings); }),
            "prompt: 4 tokens are more than the 3 positions of --context");
  settings.context = 0;
  settings.chunk = 41;
  EXPECT_EQ(failureOf([&] { generate(model, {1}, settings); }),
            "--chunk: 41 tokens are more than a step of the model takes, 40");
}
