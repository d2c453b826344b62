//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Misuse of the C API: NULLs, and what an artifact does not have.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/TinySession.h"

#include <cmath>

using namespace tiny;

static bool isNull(moert_status status, const moert_error &error,
                   const char *name) {
  std::string message = std::string(name) + " is NULL";
  return status == MOERT_INVALID && message == error.message;
}

TEST(Api, VersionIsThreeNumbers) {
  int major, minor, patch;
  EXPECT_EQ(sscanf(moert_version(), "%d.%d.%d", &major, &minor, &patch), 3);
}

TEST(Api, NullArgumentsOfModelsAndSessions) {
  TinySession t;
  moert_error e{};
  EXPECT_TRUE(
      isNull(moert_model_open(nullptr, nullptr, &t.model, &e), e, "path"));
  EXPECT_TRUE(isNull(moert_model_open("x", nullptr, nullptr, &e), e, "model"));
  EXPECT_TRUE(isNull(moert_session_create(nullptr, nullptr, &t.session, &e), e,
                     "model"));
  EXPECT_TRUE(isNull(moert_session_create(t.model, nullptr, nullptr, &e), e,
                     "session"));
  EXPECT_EQ(moert_model_get_info(nullptr), nullptr);
  moert_model_close(nullptr);
  moert_session_destroy(nullptr);
  moert_decoder_destroy(nullptr);
  moert_session_get_stats(nullptr, nullptr);
  moert_session_get_stats(t.session, nullptr);
  EXPECT_EQ(moert_profile(nullptr, 0, nullptr), 0);
}

TEST(Api, NullArgumentsOfSequencesAndSteps) {
  TinySession t;
  moert_error e{};
  moert_sequence s = t.create();
  EXPECT_TRUE(isNull(moert_sequence_create(nullptr, &s, &e), e, "session"));
  EXPECT_TRUE(
      isNull(moert_sequence_create(t.session, nullptr, &e), e, "sequence"));
  EXPECT_TRUE(isNull(moert_sequence_destroy(nullptr, s, &e), e, "session"));
  EXPECT_TRUE(isNull(moert_sequence_truncate(nullptr, s, 0, &e), e, "session"));
  EXPECT_EQ(moert_sequence_length(nullptr, s), -1);
  EXPECT_TRUE(isNull(moert_step(nullptr, nullptr, 0, &e), e, "session"));
  EXPECT_EQ(moert_logits(nullptr, 0, 0), nullptr);
  EXPECT_TRUE(isNull(moert_step_top(nullptr, nullptr, 0, &e), e, "session"));
  const float *logits = nullptr;
  const int32_t *tokens = nullptr;
  EXPECT_EQ(moert_top(nullptr, 0, 0, &logits, &tokens), 0);
  EXPECT_EQ(moert_top(t.session, 0, 0, nullptr, &tokens), 0);
  EXPECT_EQ(moert_top(t.session, 0, 0, &logits, nullptr), 0);
  EXPECT_TRUE(isNull(moert_run_on_threads(t.session, nullptr, nullptr, &e), e,
                     "function"));
  moert_step_cost cost;
  EXPECT_TRUE(
      isNull(moert_model_get_step_cost(nullptr, 1, 1, &cost, &e), e, "model"));
  EXPECT_TRUE(
      isNull(moert_model_get_step_cost(t.model, 1, 1, nullptr, &e), e, "cost"));
}

TEST(Api, NullArgumentsOfSampling) {
  moert_error e{};
  float logits[2] = {1, 2};
  int32_t token = 7;
  EXPECT_TRUE(isNull(moert_sample(nullptr, 2, nullptr, nullptr, &token, &e), e,
                     "logits"));
  EXPECT_TRUE(isNull(moert_sample(logits, 2, nullptr, nullptr, nullptr, &e), e,
                     "token"));
  EXPECT_TRUE(
      isNull(moert_sample_top(nullptr, &token, 1, nullptr, nullptr, &token, &e),
             e, "logits"));
  EXPECT_TRUE(
      isNull(moert_sample_top(logits, nullptr, 1, nullptr, nullptr, &token, &e),
             e, "tokens"));
  EXPECT_TRUE(
      isNull(moert_sample_top(logits, &token, 1, nullptr, nullptr, nullptr, &e),
             e, "token"));
  moert_rng_seed(nullptr, 1);
  EXPECT_TRUE(std::isnan(moert_log_probability(nullptr, 2, 0)));
  EXPECT_TRUE(std::isnan(moert_log_probability(logits, 2, 2)));
  ASSERT_EQ(moert_sample(logits, 2, nullptr, nullptr, &token, nullptr),
            MOERT_OK)
      << "no settings mean greedy";
  EXPECT_EQ(token, 1);
}

TEST(Api, ErrorsMayBeIgnored) {
  EXPECT_EQ(moert_model_open(nullptr, nullptr, nullptr, nullptr),
            MOERT_INVALID);
}

TEST(Api, SuccessClearsTheError) {
  TinySession t;
  moert_sequence s = t.create();
  EXPECT_EQ(t.append(s, {99}), MOERT_INVALID);
  EXPECT_EQ(t.append(s, {1}), MOERT_OK);
  EXPECT_EQ(t.error.status, MOERT_OK);
  EXPECT_STREQ(t.error.message, "");
}

TEST(Api, TextWithoutATokenizerIsRefused) {
  TinySession t;
  moert_error e{};
  size_t count = 7;
  moert_decoder *decoder = nullptr;
  EXPECT_EQ(moert_encode(t.model, "a", 1, 1, nullptr, 0, &count, &e),
            MOERT_UNSUPPORTED);
  EXPECT_NE(strstr(e.message, "has no tokenizer"), nullptr) << e.message;
  EXPECT_EQ(moert_decode(t.model, nullptr, 0, nullptr, 0, &count, &e),
            MOERT_UNSUPPORTED);
  EXPECT_EQ(moert_decoder_create(t.model, &decoder, &e), MOERT_UNSUPPORTED);
  EXPECT_EQ(decoder, nullptr);
  EXPECT_EQ(count, 7u);
}
