//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Text through the C API: buffers, and tokens that only one of tokenizer and
// model knows.
//
//===----------------------------------------------------------------------===//

#include "runtime/text/SentencePieceModel.h"
#include "test/runtime/TinySession.h"

using namespace moert;
using tiny::Tokens;

namespace {

/// Knows letters: "a" is 4, "b" 5, ..., "z" 29, then digits: "1" is 31, "2" 32.
class ApiText : public testing::Test {
protected:
  void SetUp() override {
    SentencePieceModel pieces;
    pieces.algorithm = 2;
    pieces.pieces = {{"<unk>", 0, PieceType::Unknown, 0},
                     {"<s>", 0, PieceType::Control, 0},
                     {"</s>", 0, PieceType::Control, 0},
                     {"\xe2\x96\x81", -1, PieceType::Normal, 0}};
    for (char c : std::string("abcdefghijklmnopqrstuvwxyz0123"))
      pieces.pieces.push_back({{c}, -2, PieceType::Normal, 0});
    tiny::Variant variant;
    variant.tokenizer = writeSentencePieceModel(pieces);
    path = tiny::write(variant);
    ASSERT_EQ(moert_model_open(path.c_str(), nullptr, &model, &error), MOERT_OK)
        << error.message;
  }
  void TearDown() override {
    moert_model_close(model);
    std::remove(path.c_str());
  }

  Tokens encode(const std::string &text, bool addBos) {
    size_t count = 0;
    Tokens tokens(100);
    EXPECT_EQ(moert_encode(model, text.data(), text.size(), addBos,
                           tokens.data(), tokens.size(), &count, &error),
              MOERT_OK)
        << error.message;
    tokens.resize(count);
    return tokens;
  }

  std::string path;
  moert_model *model = nullptr;
  moert_error error{};
};

} // namespace

TEST_F(ApiText, EncodesWithAndWithoutBos) {
  EXPECT_EQ(moert_model_get_info(model)->has_tokenizer, 1);
  EXPECT_EQ(encode("ab", false), (Tokens{3, 4, 5}));
  EXPECT_EQ(encode("ab", true), (Tokens{tiny::bos, 3, 4, 5}));
  EXPECT_EQ(encode("", true), (Tokens{tiny::bos}));
}

TEST_F(ApiText, ABufferThatIsTooSmallIsLeftAloneAndTheSizeTold) {
  int32_t tokens[2] = {-7, -7};
  size_t count = 0;
  ASSERT_EQ(moert_encode(model, "ab", 2, 0, tokens, 2, &count, &error),
            MOERT_OK);
  EXPECT_EQ(count, 3u);
  EXPECT_EQ(tokens[0], -7);
  ASSERT_EQ(moert_encode(model, "ab", 2, 0, nullptr, 0, &count, &error),
            MOERT_OK);
  EXPECT_EQ(count, 3u);
  Tokens list{3, 4, 5};
  char text[2] = {'?', '?'};
  size_t length = 0;
  ASSERT_EQ(moert_decode(model, list.data(), 3, text, 1, &length, &error),
            MOERT_OK);
  EXPECT_EQ(length, 2u);
  EXPECT_EQ(text[0], '?');
  ASSERT_EQ(moert_decode(model, list.data(), 3, text, 2, &length, &error),
            MOERT_OK);
  EXPECT_EQ(std::string(text, 2), "ab");
}

TEST_F(ApiText, ATokenThatTheModelLacksIsRefused) {
  EXPECT_EQ(encode("1", false), (Tokens{3, 31}));
  size_t count = 7;
  EXPECT_EQ(moert_encode(model, "2", 1, 0, nullptr, 0, &count, &error),
            MOERT_INVALID);
  EXPECT_STREQ(error.message, "the text has token 32, but the model's "
                              "vocabulary has only 32 tokens");
  EXPECT_EQ(count, 7u);
}

TEST_F(ApiText, ADecoderStreamsWhatDecodingAllGives) {
  moert_decoder *decoder = nullptr;
  ASSERT_EQ(moert_decoder_create(model, &decoder, &error), MOERT_OK);
  std::string all;
  for (int round = 0; round < 2; ++round) {
    const char *text = nullptr;
    size_t length = 0;
    for (int32_t token : encode("a bc", true)) {
      ASSERT_EQ(moert_decoder_push(decoder, token, &text, &length, &error),
                MOERT_OK);
      EXPECT_EQ(text[length], 0);
      all.append(text, length);
    }
    ASSERT_EQ(moert_decoder_finish(decoder, &text, &length, &error), MOERT_OK);
    all.append(text, length);
  }
  EXPECT_EQ(all, "a bca bc");
  moert_decoder_destroy(decoder);
}

TEST_F(ApiText, TokensThatDoNotExistAreRefused) {
  moert_decoder *decoder = nullptr;
  ASSERT_EQ(moert_decoder_create(model, &decoder, &error), MOERT_OK);
  const char *text = nullptr;
  size_t length = 0;
  for (int32_t token : {-1, 40, INT32_MAX}) {
    EXPECT_EQ(moert_decoder_push(decoder, token, &text, &length, &error),
              MOERT_INVALID);
    EXPECT_EQ(moert_decode(model, &token, 1, nullptr, 0, &length, &error),
              MOERT_INVALID);
  }
  moert_decoder_destroy(decoder);
}

TEST_F(ApiText, NullArguments) {
  size_t count = 0;
  const char *text = nullptr;
  int32_t token = 4;
  EXPECT_EQ(moert_encode(nullptr, "a", 1, 0, &token, 1, &count, &error),
            MOERT_INVALID);
  EXPECT_EQ(moert_encode(model, nullptr, 1, 0, &token, 1, &count, &error),
            MOERT_INVALID);
  EXPECT_EQ(moert_encode(model, "a", 1, 0, nullptr, 1, &count, &error),
            MOERT_INVALID);
  EXPECT_EQ(moert_encode(model, "a", 1, 0, &token, 1, nullptr, &error),
            MOERT_INVALID);
  EXPECT_EQ(moert_decode(model, nullptr, 1, nullptr, 0, &count, &error),
            MOERT_INVALID);
  EXPECT_EQ(moert_decode(model, &token, 1, nullptr, 1, &count, &error),
            MOERT_INVALID);
  EXPECT_EQ(moert_decoder_create(model, nullptr, &error), MOERT_INVALID);
  EXPECT_EQ(moert_decoder_push(nullptr, 1, &text, &count, &error),
            MOERT_INVALID);
  EXPECT_EQ(moert_decoder_finish(nullptr, &text, &count, &error),
            MOERT_INVALID);
}
