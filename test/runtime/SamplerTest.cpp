//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Sampler.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <vector>

using namespace moert;

namespace {

constexpr float infinity = std::numeric_limits<float>::infinity();
constexpr float notANumber = std::numeric_limits<float>::quiet_NaN();

int32_t drawOne(const std::vector<float> &logits,
                const moert_sampling &sampling, moert_rng &rng) {
  int32_t token = -1;
  Status status =
      sample(logits.data(), int64_t(logits.size()), sampling, &rng, token);
  EXPECT_TRUE(status.ok()) << status.message;
  return token;
}

/// How often each token comes in `draws` draws.
std::map<int32_t, int> histogram(const std::vector<float> &logits,
                                 const moert_sampling &sampling, int draws) {
  moert_rng rng;
  seedRng(rng, 42);
  std::map<int32_t, int> counts;
  for (int i = 0; i < draws; ++i)
    ++counts[drawOne(logits, sampling, rng)];
  return counts;
}

std::string refusal(const std::vector<float> &logits,
                    const moert_sampling &sampling) {
  moert_rng rng;
  seedRng(rng, 1);
  int32_t token = -1;
  Status status =
      sample(logits.data(), int64_t(logits.size()), sampling, &rng, token);
  EXPECT_EQ(token, -1);
  return status.message;
}

int32_t greedy(const std::vector<float> &logits) {
  int32_t token = -1;
  Status status =
      sample(logits.data(), int64_t(logits.size()), {0, 0, 0}, nullptr, token);
  EXPECT_TRUE(status.ok()) << status.message;
  return token;
}

} // namespace

TEST(SamplerTest, GreedyTakesTheHighestAndTheFirstOfEquals) {
  EXPECT_EQ(greedy({1, 3, 2}), 1);
  EXPECT_EQ(greedy({3, 1, 3}), 0);
  EXPECT_EQ(greedy({-0.0f, 0.0f}), 0);
  EXPECT_EQ(greedy({-infinity, -infinity}), 0);
  EXPECT_EQ(greedy({-infinity, -5}), 1);
}

TEST(SamplerTest, DrawsFollowTheSoftmax) {
  std::vector<float> logits = {std::log(0.5f), std::log(0.3f), std::log(0.2f)};
  auto counts = histogram(logits, {1, 0, 1}, 100000);
  EXPECT_NEAR(counts[0], 50000, 700);
  EXPECT_NEAR(counts[1], 30000, 700);
  EXPECT_NEAR(counts[2], 20000, 700);
}

TEST(SamplerTest, TemperatureFlattensAndSteepens) {
  std::vector<float> logits = {0, 1};
  // e^(1 / T) to 1.
  EXPECT_NEAR(histogram(logits, {2, 0, 1}, 100000)[1], 62246, 700);
  EXPECT_NEAR(histogram(logits, {0.5f, 0, 1}, 100000)[1], 88080, 700);
  EXPECT_EQ(histogram(logits, {1e-6f, 0, 1}, 1000)[1], 1000);
}

TEST(SamplerTest, TopKKeepsTheLikeliestAndTheFirstOfEquals) {
  std::vector<float> logits = {1, 2, 2, 2, 0};
  auto counts = histogram(logits, {1, 2, 1}, 10000);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts[1], 5000, 300);
  EXPECT_NEAR(counts[2], 5000, 300);
  EXPECT_EQ(histogram(logits, {5, 100, 1}, 10000).size(), 5u);
}

TEST(SamplerTest, TopPKeepsTheFewestThatReachTheShare) {
  std::vector<float> logits = {std::log(0.2f), std::log(0.5f), std::log(0.3f)};
  auto counts = histogram(logits, {1, 0, 0.6f}, 80000);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts[1], 50000, 700);
  EXPECT_NEAR(counts[2], 30000, 700);
  EXPECT_EQ(histogram(logits, {1, 0, 0.4f}, 100).size(), 1u);
  EXPECT_EQ(histogram(logits, {1, 0, 1e-9f}, 100).size(), 1u);
}

TEST(SamplerTest, TopPIsAShareOfWhatTopKLeaves) {
  std::vector<float> logits = {std::log(0.4f), std::log(0.3f), std::log(0.3f)};
  // Of 0.4 and 0.3, the first has 57 %.
  EXPECT_EQ(histogram(logits, {1, 2, 0.5f}, 1000).size(), 1u);
  EXPECT_EQ(histogram(logits, {1, 2, 0.6f}, 1000).size(), 2u);
}

TEST(SamplerTest, ImpossibleTokensAreNeverDrawn) {
  auto counts = histogram({-infinity, 0, -infinity}, {1, 0, 1}, 1000);
  EXPECT_EQ(counts[1], 1000);
}

TEST(SamplerTest, EqualSeedsDrawEqualTokens) {
  std::vector<float> logits(1000);
  for (size_t i = 0; i < logits.size(); ++i)
    logits[i] = float(i % 17) * 0.3f;
  moert_rng first, second, other;
  seedRng(first, 7);
  seedRng(second, 7);
  seedRng(other, 8);
  int differences = 0;
  for (int i = 0; i < 100; ++i) {
    int32_t token = drawOne(logits, {1, 0, 0.9f}, first);
    EXPECT_EQ(token, drawOne(logits, {1, 0, 0.9f}, second));
    differences += token != drawOne(logits, {1, 0, 0.9f}, other);
  }
  EXPECT_GT(differences, 50);
}

// The first outputs of the authors' xoshiro256** seeded by their splitmix64.
TEST(SamplerTest, GeneratorIsXoshiroSeededBySplitmix) {
  moert_rng rng;
  seedRng(rng, 0);
  EXPECT_EQ(rng.state[0], 0xE220A8397B1DCDAFu);
  EXPECT_EQ(rng.state[1], 0x6E789E6AA1B965F4u);
  EXPECT_EQ(rng.state[2], 0x06C45D188009454Fu);
  EXPECT_EQ(rng.state[3], 0xF88BB8A8724C81ECu);
  EXPECT_EQ(nextRandom(rng), 11091344671253066420u);
  EXPECT_EQ(nextRandom(rng), 13793997310169335082u);
}

TEST(SamplerTest, ExponentialIsAsGoodAsTheLibrarys) {
  for (double x = 0; x > -700; x -= 0.37)
    EXPECT_NEAR(portableExp(x) / std::exp(x), 1, 1e-14) << x;
  EXPECT_EQ(portableExp(0), 1);
  EXPECT_EQ(portableExp(-1000), 0);
  EXPECT_EQ(portableExp(-std::numeric_limits<double>::infinity()), 0);
}

TEST(SamplerTest, RefusesLogitsThatAreNoNumbers) {
  EXPECT_EQ(refusal({0, notANumber, 1}, {0, 0, 0}),
            "the logit of token 1 is not a number");
  EXPECT_EQ(refusal({0, notANumber, 1}, {1, 0, 0}),
            "the logit of token 1 is not a number");
  EXPECT_EQ(refusal({0, infinity}, {1, 0, 0}),
            "the highest logit, of token 1, is infinite");
  EXPECT_EQ(refusal({-infinity, -infinity}, {1, 0, 0}),
            "the highest logit, of token 0, is infinite");
}

TEST(SamplerTest, RefusesSettingsOutOfRange) {
  EXPECT_EQ(refusal({0}, {-1, 0, 0}),
            "temperature -1.000000 is not a number of at least 0");
  EXPECT_EQ(refusal({0}, {notANumber, 0, 0}),
            "temperature nan is not a number of at least 0");
  EXPECT_EQ(refusal({0}, {1, -1, 0}), "top_k -1 is negative");
  EXPECT_EQ(refusal({0}, {1, 0, 1.5f}),
            "top_p 1.500000 is not between 0 and 1");
  EXPECT_EQ(refusal({}, {1, 0, 0}), "vocabulary 0 is out of range");
  int32_t token;
  float logit = 0;
  EXPECT_EQ(sample(&logit, 1, {1, 0, 0}, nullptr, token).code, MOERT_INVALID);
}

//===----------------------------------------------------------------------===//
// The best logits alone
//===----------------------------------------------------------------------===//

namespace {

/// The best of some logits, as a step gives them.
struct Best {
  std::vector<float> logits;
  std::vector<int32_t> tokens;

  Best(const std::vector<float> &all, size_t count) {
    for (size_t i = 0; i < all.size(); ++i)
      tokens.push_back(int32_t(i));
    std::sort(tokens.begin(), tokens.end(), [&](int32_t a, int32_t b) {
      float first = all[size_t(a)], second = all[size_t(b)];
      return first != second ? first > second : a < b;
    });
    tokens.resize(count);
    for (int32_t token : tokens)
      logits.push_back(all[size_t(token)]);
  }
  TopLogits view() const {
    return {logits.data(), tokens.data(), int64_t(logits.size())};
  }
};

std::string topRefusal(const std::vector<float> &logits,
                       const moert_sampling &sampling) {
  Best best(logits, logits.size());
  moert_rng rng;
  seedRng(rng, 1);
  int32_t token = -1;
  Status status = sampleTop(best.view(), sampling, &rng, token);
  EXPECT_EQ(token, -1);
  return status.message;
}

} // namespace

TEST(SamplerTest, TheBestAloneDrawTheSameTokens) {
  std::vector<float> logits(1000);
  for (size_t i = 0; i < logits.size(); ++i)
    logits[i] = float(i * 7919 % 37) * 0.3f; // with ties
  Best best(logits, 8);
  for (moert_sampling sampling : {moert_sampling{0, 0, 1},
                                  {0, 100, 1},
                                  {1, 1, 1},
                                  {0.7f, 5, 0.9f},
                                  {3, 8, 0},
                                  {3, 8, 0.5f}}) {
    moert_rng all, few;
    seedRng(all, 7);
    seedRng(few, 7);
    for (int i = 0; i < 200; ++i) {
      int32_t token = -1;
      Status status = sampleTop(best.view(), sampling, &few, token);
      ASSERT_TRUE(status.ok()) << status.message;
      ASSERT_EQ(token, drawOne(logits, sampling, all)) << i;
    }
  }
}

TEST(SamplerTest, TheBestAloneMustBeAllThatIsLookedAt) {
  EXPECT_EQ(topRefusal({1, 2}, {1, 3, 1}),
            "top_k 3 looks at more than the best 2 logits; take a step that "
            "gives all of them");
  EXPECT_EQ(topRefusal({1, 2}, {1, 0, 0.5f}),
            "top_k 0 looks at more than the best 2 logits; take a step that "
            "gives all of them");
  EXPECT_EQ(topRefusal({1, 2}, {1, -1, 1}), "top_k -1 is negative");
  EXPECT_EQ(topRefusal({}, {0, 0, 1}), "there are no logits to choose from");
  EXPECT_EQ(topRefusal({notANumber}, {0, 0, 1}),
            "the logit of token 0 is not a number");
  EXPECT_EQ(topRefusal({infinity, 0}, {1, 2, 1}),
            "the highest logit, of token 0, is infinite");
  Best best({1, 2}, 2);
  int32_t token = -1;
  EXPECT_EQ(sampleTop(best.view(), {1, 1, 1}, nullptr, token).code,
            MOERT_INVALID);
}

TEST(SamplerTest, LogProbabilitiesAreThoseOfTheSoftmax) {
  std::vector<float> logits = {1000, 1000 + std::log(3.0f)};
  EXPECT_NEAR(logProbability(logits.data(), 2, 0), std::log(0.25), 1e-4);
  EXPECT_NEAR(logProbability(logits.data(), 2, 1), std::log(0.75), 1e-4);
  EXPECT_TRUE(std::isnan(logProbability(logits.data(), 2, 2)));
  EXPECT_TRUE(std::isnan(logProbability(logits.data(), 2, -1)));
}
