//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/TinySession.h"

using namespace tiny;

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

TEST(Session, OneTokenAtATimeIsTheModel) {
  TinySession tiny;
  Tokens tokens = someTokens(maxPositions, 1);
  moert_sequence sequence = tiny.create();
  std::vector<Logits> all = tiny.appendAll(sequence, tokens, 1);
  for (size_t i = 0; i < tokens.size(); ++i) {
    Tokens prefix(tokens.begin(), tokens.begin() + i + 1);
    ASSERT_EQ(all[i], reference(prefix)) << "token " << i;
  }
  EXPECT_EQ(moert_sequence_length(tiny.session, sequence), maxPositions);
}

TEST(Session, ChunksAndThreadsChangeNoBit) {
  Tokens tokens = someTokens(maxPositions, 2);
  std::vector<Logits> expected;
  for (int32_t threads : {1, 2, 3, 5})
    for (size_t size : {1, 3, 7, 32, 40}) {
      moert_session_options options{};
      options.threads = threads;
      TinySession tiny(options);
      std::vector<Logits> all = tiny.appendAll(tiny.create(), tokens, size);
      if (expected.empty())
        expected = all;
      ASSERT_EQ(all, expected) << threads << " threads, chunks of " << size;
    }
}

TEST(Session, SequencesOfOneStepDoNotDisturbEachOther) {
  TinySession tiny;
  Tokens a = someTokens(20, 3), b = someTokens(9, 4), c = someTokens(1, 5);
  moert_sequence sa = tiny.create(), sb = tiny.create(), sc = tiny.create();
  ASSERT_EQ(tiny.step({TinySession::chunk(sb, b), TinySession::chunk(sa, a),
                       TinySession::chunk(sc, c)}),
            MOERT_OK);
  EXPECT_EQ(tiny.logits(0, 0), reference(b));
  EXPECT_EQ(tiny.logits(1, 0), reference(a));
  EXPECT_EQ(tiny.logits(2, 0), reference(c));
  Tokens more = someTokens(15, 6);
  ASSERT_EQ(
      tiny.step({TinySession::chunk(sa, more), TinySession::chunk(sc, b)}),
      MOERT_OK);
  a.insert(a.end(), more.begin(), more.end());
  c.insert(c.end(), b.begin(), b.end());
  EXPECT_EQ(tiny.logits(0, 0), reference(a));
  EXPECT_EQ(tiny.logits(1, 0), reference(c));
}

TEST(Session, LogitsComeForTheTokensThatAskForThem) {
  TinySession tiny;
  Tokens tokens = someTokens(5, 7);
  moert_sequence a = tiny.create(), b = tiny.create(), c = tiny.create();
  EXPECT_EQ(moert_logits(tiny.session, 0, 0), nullptr) << "before any step";
  ASSERT_EQ(tiny.step({TinySession::chunk(a, tokens, MOERT_LOGITS_NONE),
                       TinySession::chunk(b, tokens, MOERT_LOGITS_ALL),
                       TinySession::chunk(c, tokens, MOERT_LOGITS_LAST)}),
            MOERT_OK);
  EXPECT_EQ(moert_logits(tiny.session, 0, 0), nullptr);
  EXPECT_EQ(tiny.logits(1, 0), reference({tokens[0]}));
  EXPECT_EQ(tiny.logits(1, 4), reference(tokens));
  EXPECT_EQ(tiny.logits(2, 0), reference(tokens));
  EXPECT_EQ(moert_logits(tiny.session, 1, 5), nullptr);
  EXPECT_EQ(moert_logits(tiny.session, 1, -1), nullptr);
  EXPECT_EQ(moert_logits(tiny.session, 2, 1), nullptr);
  EXPECT_EQ(moert_logits(tiny.session, 3, 0), nullptr);
  EXPECT_EQ(moert_logits(tiny.session, -1, 0), nullptr);
}

/// The best logits of a row and their tokens, as a step for them gives them.
static void expectBest(TinySession &tiny, int64_t chunk, int64_t row,
                       const Logits &all) {
  const float *logits = nullptr;
  const int32_t *tokens = nullptr;
  ASSERT_EQ(moert_top(tiny.session, chunk, row, &logits, &tokens), topLogits);
  for (int64_t j = 0; j < topLogits; ++j) {
    EXPECT_EQ(logits[j], all[tokens[j]]);
    int64_t before = 0;
    for (int32_t v = 0; v < vocabulary; ++v)
      before += all[v] > logits[j] || (all[v] == logits[j] && v < tokens[j]);
    EXPECT_EQ(before, j);
  }
}

TEST(Session, BestLogitsComeForTheTokensThatAskForThem) {
  for (int64_t length : {3, 9}) { // a step of either program
    TinySession tiny;
    Tokens tokens = someTokens(length, 7);
    moert_sequence a = tiny.create(), b = tiny.create();
    const float *logits = nullptr;
    const int32_t *ids = nullptr;
    EXPECT_EQ(moert_top(tiny.session, 0, 0, &logits, &ids), 0);
    ASSERT_EQ(tiny.stepTop({TinySession::chunk(a, tokens, MOERT_LOGITS_ALL),
                            TinySession::chunk(b, tokens)}),
              MOERT_OK)
        << tiny.error.message;
    expectBest(tiny, 0, 0, reference({tokens[0]}));
    expectBest(tiny, 0, length - 1, reference(tokens));
    expectBest(tiny, 1, 0, reference(tokens));
    EXPECT_EQ(moert_top(tiny.session, 1, 1, &logits, &ids), 0);
    EXPECT_EQ(moert_top(tiny.session, 2, 0, &logits, &ids), 0);
    EXPECT_EQ(moert_logits(tiny.session, 0, 0), nullptr);
    // The next step may be of the other kind.
    ASSERT_EQ(tiny.append(a, {5}), MOERT_OK);
    EXPECT_EQ(moert_top(tiny.session, 0, 0, &logits, &ids), 0);
    tokens.push_back(5);
    EXPECT_EQ(tiny.logits(0, 0), reference(tokens));
  }
}

TEST(Session, AnArtifactMayHaveNoStepForTheBestLogits) {
  Variant variant;
  variant.top = false;
  TinySession tiny({}, variant);
  EXPECT_EQ(moert_model_get_info(tiny.model)->top_logits, 0);
  moert_sequence sequence = tiny.create();
  Tokens tokens = {1};
  EXPECT_EQ(tiny.stepTop({TinySession::chunk(sequence, tokens)}),
            MOERT_UNSUPPORTED);
  EXPECT_STREQ(tiny.error.message, "the artifact computes no best logits; "
                                   "compile it with --top-logits");
  EXPECT_EQ(moert_sequence_length(tiny.session, sequence), 0);
}

TEST(Session, StepsWithoutLogitsGrowTheSequence) {
  TinySession tiny;
  Tokens tokens = someTokens(41, 8);
  moert_sequence sequence = tiny.create();
  Tokens first(tokens.begin(), tokens.begin() + 40);
  ASSERT_EQ(tiny.append(sequence, first, MOERT_LOGITS_NONE), MOERT_OK);
  ASSERT_EQ(tiny.append(sequence, {tokens[40]}), MOERT_OK);
  EXPECT_EQ(tiny.logits(0, 0), reference(tokens));
}

TEST(Session, TruncationForgetsTheEnd) {
  TinySession tiny;
  Tokens tokens = someTokens(70, 9);
  moert_sequence sequence = tiny.create();
  tiny.appendAll(sequence, tokens, 35);
  // Another sequence takes the pages that become free.
  ASSERT_EQ(moert_sequence_truncate(tiny.session, sequence, 33, nullptr),
            MOERT_OK);
  EXPECT_EQ(moert_sequence_length(tiny.session, sequence), 33);
  Tokens other = someTokens(40, 10);
  ASSERT_EQ(tiny.append(tiny.create(), other), MOERT_OK);
  Tokens more = someTokens(40, 11);
  ASSERT_EQ(tiny.append(sequence, more), MOERT_OK);
  tokens.resize(33);
  tokens.insert(tokens.end(), more.begin(), more.end());
  EXPECT_EQ(tiny.logits(0, 0), reference(tokens));
}

TEST(Session, SequencesReusePagesInAnyOrder) {
  moert_session_options options{};
  options.cache_positions = 8 * 32;
  TinySession tiny(options);
  std::vector<moert_sequence> sequences;
  for (uint32_t round = 0; round < 30; ++round) {
    Tokens tokens = someTokens(1 + round * 7 % 40, round);
    sequences.push_back(tiny.create());
    ASSERT_EQ(tiny.append(sequences.back(), tokens), MOERT_OK)
        << tiny.error.message;
    ASSERT_EQ(tiny.logits(0, 0), reference(tokens));
    if (sequences.size() < 4)
      continue;
    size_t victim = round % sequences.size();
    ASSERT_EQ(moert_sequence_destroy(tiny.session, sequences[victim], nullptr),
              MOERT_OK);
    sequences.erase(sequences.begin() + victim);
  }
}

//===----------------------------------------------------------------------===//
// Accounting
//===----------------------------------------------------------------------===//

TEST(Session, CountsItsWork) {
  moert_session_options options{};
  options.threads = 2;
  options.cache_positions = 100;
  TinySession tiny(options);
  ASSERT_EQ(tiny.append(tiny.create(), someTokens(40, 1)), MOERT_OK);
  moert_session_stats stats = tiny.stats();
  EXPECT_EQ(stats.threads, 2);
  EXPECT_EQ(stats.steps, 1);
  EXPECT_EQ(stats.tokens, 40);
  EXPECT_GT(stats.seconds, 0);
  EXPECT_EQ(stats.launches, 1 + 3 * layers + 2);
  EXPECT_EQ(stats.weight_bytes, vocabulary * hidden * 4);
  EXPECT_EQ(stats.cache_positions, 128) << "rounded up to pages";
  EXPECT_EQ(stats.cache_bytes, 128 * layers * hidden * 4);
  EXPECT_EQ(stats.cache_bytes_used, 64 * layers * hidden * 4);
  EXPECT_GE(stats.arena_bytes, largeStep * 3 * hidden * 4);
}

TEST(Session, ProfilesItsKernels) {
  moert_session_options options{};
  options.profile = 1;
  TinySession tiny(options);
  moert_sequence sequence = tiny.create();
  ASSERT_EQ(tiny.append(sequence, someTokens(40, 1)), MOERT_OK);
  ASSERT_EQ(tiny.append(sequence, someTokens(1, 2), MOERT_LOGITS_NONE),
            MOERT_OK);
  moert_kernel_profile entry;
  ASSERT_EQ(moert_profile(tiny.session, 3, &entry), 1);
  EXPECT_STREQ(entry.symbol, "tiny_attend");
  EXPECT_EQ(entry.launches, 2 * layers);
  EXPECT_EQ(entry.tasks, 41 * layers);
  EXPECT_GT(entry.seconds, 0);
  ASSERT_EQ(moert_profile(tiny.session, 5, &entry), 1);
  EXPECT_EQ(entry.launches, 1) << "no rows of logits, no launch";
  EXPECT_EQ(entry.flops, 2 * hidden * vocabulary);
  EXPECT_EQ(entry.weight_bytes, hidden * vocabulary * 4);
  EXPECT_EQ(moert_profile(tiny.session, 7, &entry), 0);
  EXPECT_EQ(moert_profile(tiny.session, -1, &entry), 0);
  TinySession other;
  EXPECT_EQ(moert_profile(other.session, 0, &entry), 0);
}

TEST(Session, RunsAFunctionOnEachThread) {
  moert_session_options options{};
  options.threads = 3;
  TinySession tiny(options);
  int calls[3] = {};
  auto count = [](void *context, int32_t thread) {
    ++static_cast<int *>(context)[thread];
  };
  ASSERT_EQ(moert_run_on_threads(tiny.session, count, calls, nullptr),
            MOERT_OK);
  for (int n : calls)
    EXPECT_EQ(n, 1);
}
