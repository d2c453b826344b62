//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/text/TestTokenizer.h"

#include "runtime/text/TextDecoder.h"
#include "runtime/text/Utf8.h"

#include <random>

using namespace moert;
using namespace moert::test;

namespace {

using Pieces = std::vector<std::string>;

/// What each token adds to the text, then what the end adds.
Pieces stream(TextDecoder &decoder, const std::vector<int32_t> &tokens) {
  Pieces pieces;
  for (int32_t token : tokens) {
    Status status = decoder.push(token, pieces.emplace_back());
    EXPECT_TRUE(status.ok()) << status.message;
  }
  decoder.finish(pieces.emplace_back());
  return pieces;
}

/// Tokens of the Mixtral tokenizer's byte fallback.
int32_t byteToken(int byte) { return 3 + byte; }

std::string decode(const Tokenizer &tokenizer,
                   const std::vector<int32_t> &tokens) {
  TextDecoder decoder(tokenizer, tokenizer.size());
  std::string text;
  for (const std::string &piece : stream(decoder, tokens))
    text += piece;
  return text;
}

} // namespace

TEST(TextDecoderTest, StripsOneLeadingSpaceOfTheText) {
  auto tokenizer = load(mistral);
  EXPECT_EQ(decode(*tokenizer, {22557}), "Hello");
  EXPECT_EQ(decode(*tokenizer, {22557, 22557}), "Hello Hello");
  EXPECT_EQ(decode(*tokenizer, {28705, 22557}), " Hello");
  EXPECT_EQ(decode(*tokenizer, {259, 22557}), "  Hello");
  EXPECT_EQ(decode(*tokenizer, {1, 22557}), "Hello");
}

TEST(TextDecoderTest, ControlTokensHaveNoText) {
  EXPECT_EQ(decode(*load(mistral), {1, 22557, 2, 22557}), "Hello Hello");
}

TEST(TextDecoderTest, UnknownTokensShowAsSuch) {
  EXPECT_EQ(decode(*load(mistral), {0}), " \u2047 ");
}

TEST(TextDecoderTest, HoldsBackIncompleteCharacters) {
  auto tokenizer = load(mistral);
  TextDecoder decoder(*tokenizer, 32000);
  EXPECT_EQ(stream(decoder, {byteToken(0xF0), byteToken(0x9F),
                             byteToken(0xA6), byteToken(0x99), 22557}),
            (Pieces{"", "", "", "\U0001f999", " Hello", ""}));
}

TEST(TextDecoderTest, ReplacesBytesThatMakeNoCharacter) {
  auto tokenizer = load(mistral);
  TextDecoder decoder(*tokenizer, 32000);
  EXPECT_EQ(stream(decoder, {byteToken(0xFF)}), (Pieces{"\ufffd", ""}));
  EXPECT_EQ(stream(decoder, {byteToken(0xE6), byteToken(0x97)}),
            (Pieces{"", "", "\ufffd\ufffd"}));
  EXPECT_EQ(stream(decoder, {byteToken(0xE6), 22557}),
            (Pieces{"", "\ufffd Hello", ""}));
  EXPECT_EQ(stream(decoder, {byteToken(0xE6), byteToken('a')}),
            (Pieces{"", "\ufffda", ""}));
  // A surrogate, which UTF-8 does not encode.
  EXPECT_EQ(stream(decoder,
                   {byteToken(0xED), byteToken(0xA0), byteToken(0x80)}),
            (Pieces{"", "\ufffd\ufffd", "\ufffd", ""}));
}

TEST(TextDecoderTest, ControlTokensEndRunsOfBytes) {
  EXPECT_EQ(decode(*load(mistral), {byteToken(0xC3), 2, byteToken(0xA9)}),
            "\ufffd\ufffd");
}

TEST(TextDecoderTest, RefusesTokensOutOfRange) {
  auto tokenizer = load(mistral);
  TextDecoder decoder(*tokenizer, 32000);
  std::string text;
  EXPECT_EQ(decoder.push(32000, text).message,
            "token 32000 is out of range, tokens are 0 to 31999");
  EXPECT_EQ(decoder.push(-1, text).message,
            "token -1 is out of range, tokens are 0 to 31999");
  EXPECT_TRUE(text.empty());
}

TEST(TextDecoderTest, TokensOfAPaddedVocabularyAreUnknown) {
  auto tokenizer = load(mistral);
  TextDecoder decoder(*tokenizer, 32064);
  EXPECT_EQ(stream(decoder, {32063}), (Pieces{" \u2047 ", ""}));
}

TEST(TextDecoderTest, IsReadyForAnotherTextAfterTheEnd) {
  auto tokenizer = load(mistral);
  TextDecoder decoder(*tokenizer, 32000);
  EXPECT_EQ(stream(decoder, {22557}), (Pieces{"Hello", ""}));
  EXPECT_EQ(stream(decoder, {22557}), (Pieces{"Hello", ""}));
}

TEST(TextDecoderTest, TextsComeBackFromTheirTokens) {
  for (const char *path : {mistral, trained}) {
    auto tokenizer = load(path);
    for (std::string text :
         {"Hello", "  two  spaces ", "a\n\tb", "h\u00e9llo \U0001f999 \u65e5",
          "</s> is text", "\ufffd"}) {
      std::vector<int32_t> tokens;
      ASSERT_TRUE(tokenizer->encode(text, tokens).ok());
      EXPECT_EQ(decode(*tokenizer, tokens), text) << path;
    }
  }
}

TEST(TextDecoderTest, EveryPieceOfAnyStreamIsUtf8) {
  auto tokenizer = load(mistral);
  TextDecoder decoder(*tokenizer, 32000);
  std::mt19937 random(3);
  for (int round = 0; round < 2000; ++round) {
    std::vector<int32_t> tokens(random() % 12);
    for (int32_t &token : tokens)
      token = int32_t(random() % (random() % 4 ? 300 : 32000));
    for (const std::string &piece : stream(decoder, tokens))
      ASSERT_TRUE(isUtf8(piece));
  }
}
