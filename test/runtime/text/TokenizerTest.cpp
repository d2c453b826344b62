//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/text/TestTokenizer.h"

#include "runtime/text/Wire.h"

#include <limits>
#include <random>

using namespace moert;
using namespace moert::test;

namespace {

using Tokens = std::vector<int32_t>;

Tokens encode(const Tokenizer &tokenizer, std::string_view text) {
  Tokens tokens;
  Status status = tokenizer.encode(text, tokens);
  EXPECT_TRUE(status.ok()) << status.message;
  return tokens;
}

/// What is wrong with a model of these pieces and this trainer message.
std::string refusal(const std::vector<Piece> &pieces, bool byteFallback) {
  SentencePieceModel model;
  model.pieces = pieces;
  model.algorithm = 2;
  model.byteFallback = byteFallback;
  std::unique_ptr<Tokenizer> tokenizer;
  return Tokenizer::create(writeSentencePieceModel(model), tokenizer).message;
}

Piece unknown() { return {"<unk>", 0, PieceType::Unknown, 0}; }

} // namespace

// Encodings by SentencePiece's own spm_encode 0.1.97.
TEST(TokenizerTest, EncodesAsMixtralsTokenizerDoes) {
  auto tokenizer = load(mistral);
  ASSERT_TRUE(tokenizer);
  EXPECT_EQ(tokenizer->size(), 32000);
  EXPECT_EQ(encode(*tokenizer, "Hello"), (Tokens{22557}));
  EXPECT_EQ(encode(*tokenizer, " Hello"), (Tokens{28705, 22557}));
  EXPECT_EQ(encode(*tokenizer, "  Hello  world"),
            (Tokens{259, 22557, 28705, 1526}));
  EXPECT_EQ(encode(*tokenizer, "a\tb"), (Tokens{264, 12, 28726}));
  EXPECT_EQ(encode(*tokenizer, "1234"),
            (Tokens{28705, 28740, 28750, 28770, 28781}));
  EXPECT_EQ(encode(*tokenizer, "h\u00e9llo \U0001f999 \u65e5\u672c"),
            (Tokens{295, 28797, 584, 28709, 28705, 243, 162, 169, 156, 28705,
                    29142, 29119}));
  EXPECT_EQ(encode(*tokenizer,
                   "[INST] What's the result of 5 + 5? [/INST]"),
            (Tokens{733, 16289, 28793, 1824, 28742, 28713, 272, 1204, 302,
                    28705, 28782, 648, 28705, 28782, 28804, 733, 28748, 16289,
                    28793}));
}

TEST(TokenizerTest, EncodesNothingAsNothing) {
  EXPECT_TRUE(encode(*load(mistral), "").empty());
}

TEST(TokenizerTest, NamesOfControlTokensInTextAreText) {
  EXPECT_EQ(encode(*load(mistral), "</s><s>[INST] x"),
            (Tokens{1867, 28713, 3409, 28713, 28767, 28792, 16289, 28793,
                    1318}));
}

TEST(TokenizerTest, EncodesPromptOfTrainedModelAsTransformersDoes) {
  EXPECT_EQ(encode(*load(trained), "The Debian package manager"),
            (Tokens{520, 428, 570, 604, 1989}));
}

TEST(TokenizerTest, BytesThatAreNotUtf8CountAsReplacementCharacters) {
  auto tokenizer = load(mistral);
  EXPECT_EQ(encode(*tokenizer, "a\xff"), encode(*tokenizer, "a\ufffd"));
}

TEST(TokenizerTest, EncodesZeroBytes) {
  EXPECT_EQ(encode(*load(mistral), std::string_view("a\0b", 3)),
            (Tokens{264, 3, 28726}));
}

TEST(TokenizerTest, AppliesNormalizationRules) {
  auto tokenizer = load(unigram);
  ASSERT_TRUE(tokenizer);
  // Full-width f and zero, and the ligature fi, are rules of the model.
  EXPECT_EQ(encode(*tokenizer, "\uff46\ufb01\uff10"),
            encode(*tokenizer, "ffi0"));
}

TEST(TokenizerTest, RefusesWhatIsNoModel) {
  std::unique_ptr<Tokenizer> tokenizer;
  for (std::string_view bytes :
       {"", "{\"model\": \"BPE\"}", "\x0a\xff\xff\xff\xff\x0f", "\x0b\x0c"}) {
    Status status = Tokenizer::create(bytes, tokenizer);
    EXPECT_EQ(status.code, MOERT_BAD_ARTIFACT);
    EXPECT_EQ(status.message,
              "tokenizer: it is not a SentencePiece model, or damaged");
    EXPECT_EQ(tokenizer, nullptr);
  }
}

TEST(TokenizerTest, RefusesPiecesThatNoTrainerWrites) {
  float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(refusal({{"a", 0, PieceType::Normal, 0}}, false),
            "tokenizer: it has 0 pieces for unknown text, where one is needed");
  EXPECT_EQ(refusal({unknown(), {"", 0, PieceType::Normal, 0}}, false),
            "tokenizer: piece 1 has no text");
  EXPECT_EQ(refusal({unknown(), {"\xff", 0, PieceType::Normal, 0}}, false),
            "tokenizer: piece 1 is not UTF-8 text");
  EXPECT_EQ(refusal({unknown(), {{"a\0", 2}, 0, PieceType::UserDefined, 0}},
                    false),
            "tokenizer: piece 1 is not UTF-8 text");
  EXPECT_EQ(refusal({unknown(), {"a", nan, PieceType::Normal, 0}}, false),
            "tokenizer: piece 1 has a score that is not a number");
  EXPECT_EQ(refusal({unknown(), {"a", 0, PieceType::Normal, 0},
                     {"a", 0, PieceType::Unused, 0}},
                    false),
            "tokenizer: pieces 1 and 2 are the same");
  EXPECT_EQ(refusal({unknown(), {"<0x0a>", 0, PieceType::Byte, 0}}, true),
            "tokenizer: piece 1 is a byte but not named like <0x0A>");
  EXPECT_EQ(refusal({unknown(), {"<0x0A>", 0, PieceType::Byte, 0}}, false),
            "tokenizer: piece 1 is a byte, but it does not fall back to bytes");
  EXPECT_EQ(refusal({unknown(), {"<0x00>", 0, PieceType::Byte, 0}}, true),
            "tokenizer: it falls back to bytes but has no piece for byte 1");
}

TEST(TokenizerTest, RefusesDenormalizationRules) {
  std::string bytes = readFile(unigram), denormalizer;
  appendBytes(denormalizer, 2, "rules");
  appendBytes(bytes, 5, denormalizer);
  std::unique_ptr<Tokenizer> tokenizer;
  EXPECT_EQ(Tokenizer::create(bytes, tokenizer).message,
            "tokenizer: it has denormalization rules, which are not supported");
}

TEST(TokenizerTest, SurvivesEveryTruncation) {
  std::string bytes = readFile(unigram);
  for (size_t size = 0; size < bytes.size(); size += 7) {
    std::unique_ptr<Tokenizer> tokenizer;
    Status status = Tokenizer::create(
        std::string_view(bytes).substr(0, size), tokenizer);
    EXPECT_EQ(status.ok(), tokenizer != nullptr);
  }
}

TEST(TokenizerTest, SurvivesFlippedBits) {
  const std::string good = readFile(unigram);
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes = good;
    for (int flips = 0; flips < 3; ++flips)
      bytes[random() % bytes.size()] ^= char(1 << random() % 8);
    std::unique_ptr<Tokenizer> tokenizer;
    if (!Tokenizer::create(bytes, tokenizer).ok())
      continue;
    Tokens tokens;
    Status status = tokenizer->encode("a \uff46\ufb01 package \xfe", tokens);
    EXPECT_TRUE(status.ok() || !status.message.empty());
  }
}
