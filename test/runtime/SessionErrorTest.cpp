//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Requests that a session refuses: the status, the message, and that nothing
// changed.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/TinySession.h"

using namespace tiny;

namespace {

class SessionError : public testing::Test {
protected:
  /// `part` is a part of the message.
  void expectRefused(moert_status actual, moert_status expected,
                     const char *part) {
    EXPECT_EQ(actual, expected);
    EXPECT_EQ(tiny.error.status, expected);
    EXPECT_NE(strstr(tiny.error.message, part), nullptr) << tiny.error.message;
  }

  TinySession tiny;
};

} // namespace

TEST_F(SessionError, TokenOutsideOfTheVocabulary) {
  moert_sequence sequence = tiny.create();
  expectRefused(
      tiny.append(sequence, {1, 32}), MOERT_INVALID,
      "token 32 (number 1 of chunk 0) is not in the vocabulary of 32");
  expectRefused(tiny.append(sequence, {-1}), MOERT_INVALID, "token -1");
  EXPECT_EQ(moert_sequence_length(tiny.session, sequence), 0);
}

TEST_F(SessionError, ContextOverflow) {
  moert_sequence sequence = tiny.create();
  Tokens tokens = someTokens(40, 1);
  ASSERT_EQ(tiny.append(sequence, tokens), MOERT_OK);
  ASSERT_EQ(tiny.append(sequence, tokens), MOERT_OK);
  expectRefused(tiny.append(sequence, tokens), MOERT_LIMIT,
                "would have 120 tokens, but the model's context is 100");
  EXPECT_EQ(moert_sequence_length(tiny.session, sequence), 80);
  EXPECT_EQ(tiny.append(sequence, someTokens(20, 2)), MOERT_OK);
}

TEST_F(SessionError, MoreTokensThanAStepTakes) {
  moert_sequence a = tiny.create(), b = tiny.create();
  Tokens tokens = someTokens(41, 1), half = someTokens(21, 1);
  expectRefused(tiny.append(a, tokens), MOERT_LIMIT,
                "chunk 0 has 41 tokens, but a step takes at most 40");
  expectRefused(
      tiny.step({TinySession::chunk(a, half), TinySession::chunk(b, half)}),
      MOERT_LIMIT, "42 tokens together, but a step takes at most 40");
}

TEST_F(SessionError, EmptySteps) {
  moert_sequence sequence = tiny.create();
  Tokens token{1};
  expectRefused(moert_step(tiny.session, nullptr, 1, &tiny.error),
                MOERT_INVALID, "at least one chunk");
  moert_chunk chunk = TinySession::chunk(sequence, token);
  expectRefused(moert_step(tiny.session, &chunk, 0, &tiny.error), MOERT_INVALID,
                "at least one chunk");
  expectRefused(moert_step(tiny.session, &chunk, -1, &tiny.error),
                MOERT_INVALID, "at least one chunk");
  chunk.count = 0;
  expectRefused(tiny.step({chunk}), MOERT_INVALID, "chunk 0 has no tokens");
  chunk.count = INT64_MIN;
  expectRefused(tiny.step({chunk}), MOERT_INVALID, "chunk 0 has no tokens");
  chunk = {sequence, nullptr, 1, MOERT_LOGITS_NONE};
  expectRefused(tiny.step({chunk}), MOERT_INVALID, "chunk 0 has no tokens");
}

TEST_F(SessionError, ModeOfLogits) {
  Tokens token{1};
  moert_chunk chunk = TinySession::chunk(tiny.create(), token);
  int mode = 3;
  memcpy(&chunk.logits, &mode, sizeof(mode));
  expectRefused(tiny.step({chunk}), MOERT_INVALID, "logits in mode 3");
}

TEST_F(SessionError, ASequenceTwiceInAStep) {
  moert_sequence sequence = tiny.create();
  Tokens token{1};
  moert_chunk chunk = TinySession::chunk(sequence, token);
  expectRefused(tiny.step({chunk, chunk}), MOERT_INVALID, "chunk 1");
  EXPECT_EQ(tiny.step({chunk}), MOERT_OK) << "and the step after is fine";
}

TEST_F(SessionError, StaleAndForeignSequences) {
  moert_sequence sequence = tiny.create();
  ASSERT_EQ(moert_sequence_destroy(tiny.session, sequence, nullptr), MOERT_OK);
  TinySession other;
  moert_sequence foreign = other.create();
  tiny.create();
  for (moert_sequence bad :
       {sequence, foreign, moert_sequence(0), ~moert_sequence(0)}) {
    expectRefused(tiny.append(bad, {1}), MOERT_INVALID, "has no sequence");
    expectRefused(moert_sequence_destroy(tiny.session, bad, &tiny.error),
                  MOERT_INVALID, "has no sequence");
    expectRefused(moert_sequence_truncate(tiny.session, bad, 0, &tiny.error),
                  MOERT_INVALID, "has no sequence");
    EXPECT_EQ(moert_sequence_length(tiny.session, bad), -1);
  }
}

TEST_F(SessionError, TruncationToALengthThatItDoesNotHave) {
  moert_sequence sequence = tiny.create();
  ASSERT_EQ(tiny.append(sequence, {1, 2, 3}), MOERT_OK);
  for (int64_t length : {int64_t(4), int64_t(-1), INT64_MIN})
    expectRefused(
        moert_sequence_truncate(tiny.session, sequence, length, &tiny.error),
        MOERT_INVALID, "cannot truncate a sequence of 3 tokens");
}

TEST(SessionErrors, TooManySequences) {
  moert_session_options options{};
  options.max_sequences = 2;
  TinySession tiny(options);
  moert_sequence first = tiny.create();
  tiny.create();
  moert_sequence sequence = 0;
  EXPECT_EQ(moert_sequence_create(tiny.session, &sequence, &tiny.error),
            MOERT_LIMIT);
  EXPECT_NE(strstr(tiny.error.message, "already has 2 sequences"), nullptr);
  ASSERT_EQ(moert_sequence_destroy(tiny.session, first, nullptr), MOERT_OK);
  EXPECT_EQ(moert_sequence_create(tiny.session, &sequence, &tiny.error),
            MOERT_OK);
}

TEST(SessionErrors, CacheExhaustedLeavesEverySequenceAsItWas) {
  moert_session_options options{};
  options.cache_positions = 3 * 32;
  TinySession tiny(options);
  moert_sequence a = tiny.create(), b = tiny.create(), c = tiny.create();
  Tokens tokens = someTokens(30, 1), ten = someTokens(10, 2), one{3};
  ASSERT_EQ(tiny.append(a, tokens), MOERT_OK);
  ASSERT_EQ(tiny.append(b, tokens), MOERT_OK);
  // Two sequences need a second page, one needs its first; one is there.
  EXPECT_EQ(tiny.step({TinySession::chunk(a, ten), TinySession::chunk(b, ten),
                       TinySession::chunk(c, one)}),
            MOERT_LIMIT);
  EXPECT_NE(strstr(tiny.error.message, "96 positions has 1 free pages"),
            nullptr)
      << tiny.error.message;
  EXPECT_EQ(moert_sequence_length(tiny.session, a), 30);
  EXPECT_EQ(tiny.stats().cache_bytes_used, 64 * layers * hidden * 4);
  ASSERT_EQ(tiny.append(a, ten), MOERT_OK);
  tokens.insert(tokens.end(), ten.begin(), ten.end());
  EXPECT_EQ(tiny.logits(0, 0), reference(tokens));
}

TEST(SessionErrors, AKernelThatFailsNamesItsLayerAndChangesNothing) {
  for (int32_t threads : {1, 3}) {
    moert_session_options options{};
    options.threads = threads;
    TinySession tiny(options);
    moert_sequence sequence = tiny.create();
    Tokens tokens = someTokens(30, 1), bad = someTokens(8, 2);
    ASSERT_EQ(tiny.append(sequence, tokens), MOERT_OK);
    bad[5] = failingToken;
    EXPECT_EQ(tiny.append(sequence, bad), MOERT_COMPUTATION);
    EXPECT_STREQ(tiny.error.message,
                 "the router scores of layer 0 are not numbers; the weights, "
                 "or this input, lead to infinities");
    EXPECT_EQ(moert_logits(tiny.session, 0, 0), nullptr);
    EXPECT_EQ(moert_sequence_length(tiny.session, sequence), 30);
    EXPECT_EQ(tiny.stats().steps, 1);
    bad[5] = 0;
    ASSERT_EQ(tiny.append(sequence, bad), MOERT_OK);
    tokens.insert(tokens.end(), bad.begin(), bad.end());
    EXPECT_EQ(tiny.logits(0, 0), reference(tokens));
  }
}

TEST(SessionErrors, OptionsOutOfRange) {
  TinySession tiny;
  auto refuse = [&](moert_session_options options, const char *part) {
    moert_session *session = nullptr;
    EXPECT_EQ(moert_session_create(tiny.model, &options, &session, &tiny.error),
              MOERT_INVALID);
    EXPECT_EQ(session, nullptr);
    EXPECT_NE(strstr(tiny.error.message, part), nullptr) << tiny.error.message;
  };
  moert_session_options options{};
  options.threads = -1;
  refuse(options, "threads is -1");
  options.threads = 100000;
  refuse(options, "threads is 100000");
  options = {};
  options.max_sequences = -5;
  refuse(options, "max_sequences is -5");
  options.max_sequences = INT32_MAX;
  refuse(options, "max_sequences is 2147483647");
  options = {};
  options.cache_positions = -1;
  refuse(options, "cache_positions is -1");
  options.cache_positions = INT64_MAX;
  refuse(options, "cache_positions is 9223372036854775807");
}

TEST(SessionErrors, ACacheLargerThanTheAddressSpace) {
  TinySession tiny;
  moert_session_options options{};
  options.cache_positions = (int64_t(1) << 36) - 32;
  options.threads = 1;
  std::vector<moert_session *> sessions;
  moert_status status = MOERT_OK;
  // 2^47 bytes are more than a process has, and less than many of these.
  for (int i = 0; i < 64 && status == MOERT_OK; ++i) {
    moert_session *session = nullptr;
    status = moert_session_create(tiny.model, &options, &session, &tiny.error);
    sessions.push_back(session);
  }
  EXPECT_EQ(status, MOERT_NO_MEMORY);
  EXPECT_NE(strstr(tiny.error.message, "lower cache_positions"), nullptr)
      << tiny.error.message;
  for (moert_session *session : sessions)
    moert_session_destroy(session);
}
