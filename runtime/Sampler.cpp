//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Sampler.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

using namespace moert;

void moert::seedRng(moert_rng &rng, uint64_t seed) {
  for (uint64_t &word : rng.state) {
    seed += 0x9E3779B97F4A7C15u;
    uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBu;
    word = mixed ^ (mixed >> 31);
  }
}

static uint64_t rotateLeft(uint64_t value, int bits) {
  return value << bits | value >> (64 - bits);
}

uint64_t moert::nextRandom(moert_rng &rng) {
  uint64_t *state = rng.state;
  uint64_t result = rotateLeft(state[1] * 5, 7) * 9;
  uint64_t shifted = state[1] << 17;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = rotateLeft(state[3], 45);
  return result;
}

double moert::portableExp(double x) {
  if (!(x > -708.0))
    return 0;
  // x = n ln 2 + r with |r| <= ln 2 / 2; ln 2 in two parts, so that r is exact.
  double n = std::floor(x * 1.4426950408889634 + 0.5);
  double r = (x - n * 0.693147180369123816490) - n * 1.90821492927058770002e-10;
  double sum = 1;
  for (int term = 13; term > 0; --term)
    sum = 1 + sum * r / term;
  uint64_t bits = static_cast<uint64_t>(static_cast<int64_t>(n) + 1023) << 52;
  double power;
  std::memcpy(&power, &bits, sizeof power);
  return sum * power;
}

namespace {

/// A token that may be drawn, and its weight relative to the likeliest.
struct Candidate {
  float logit;
  int32_t token;
  double weight;
};

bool isLikelier(const Candidate &a, const Candidate &b) {
  return a.logit != b.logit ? a.logit > b.logit : a.token < b.token;
}

Status checkSampling(const moert_sampling &sampling) {
  float temperature = sampling.temperature;
  if (!(temperature >= 0) || std::isinf(temperature))
    return {MOERT_INVALID, "temperature " + std::to_string(temperature) +
                               " is not a number of at least 0"};
  if (sampling.top_k < 0)
    return {MOERT_INVALID,
            "top_k " + std::to_string(sampling.top_k) + " is negative"};
  if (!(sampling.top_p >= 0 && sampling.top_p <= 1))
    return {MOERT_INVALID, "top_p " + std::to_string(sampling.top_p) +
                               " is not between 0 and 1"};
  return {};
}

/// Finds the highest logit, the first of equals.
Status findLikeliest(const float *logits, int64_t vocabulary, int32_t &token) {
  if (vocabulary < 1 || vocabulary > std::numeric_limits<int32_t>::max())
    return {MOERT_INVALID,
            "vocabulary " + std::to_string(vocabulary) + " is out of range"};
  token = 0;
  for (int64_t i = 0; i < vocabulary; ++i) {
    if (std::isnan(logits[i]))
      return {MOERT_COMPUTATION,
              "the logit of token " + std::to_string(i) + " is not a number"};
    if (logits[i] > logits[token])
      token = static_cast<int32_t>(i);
  }
  return {};
}

/// A draw needs a generator, and a highest logit to compare others with.
Status checkDraw(const moert_rng *rng, float highest, int32_t token) {
  if (!rng)
    return {MOERT_INVALID, "sampling needs a random number generator"};
  if (std::isinf(highest))
    return {MOERT_COMPUTATION, "the highest logit, of token " +
                                   std::to_string(token) + ", is infinite"};
  return {};
}

/// All tokens, each with the weight e^((its logit - highest) / temperature).
std::vector<Candidate> weigh(const float *logits, int64_t vocabulary,
                             double highest, double temperature) {
  std::vector<Candidate> candidates(static_cast<size_t>(vocabulary));
  for (int32_t i = 0; i < vocabulary; ++i)
    candidates[static_cast<size_t>(i)] = {
        logits[i], i, portableExp((double(logits[i]) - highest) / temperature)};
  return candidates;
}

double sumWeights(const std::vector<Candidate> &candidates) {
  double sum = 0;
  for (const Candidate &candidate : candidates)
    sum += candidate.weight;
  return sum;
}

/// Keeps the `count` likeliest, in descending order.
void keepTop(std::vector<Candidate> &candidates, size_t count) {
  count = std::min(count, candidates.size());
  auto end = candidates.begin() + static_cast<ptrdiff_t>(count);
  std::nth_element(candidates.begin(), end, candidates.end(), isLikelier);
  candidates.resize(count);
  std::sort(candidates.begin(), candidates.end(), isLikelier);
}

/// Keeps the fewest, from the front, that hold `share` of the weight.
void keepNucleus(std::vector<Candidate> &candidates, double share) {
  double wanted = share * sumWeights(candidates);
  double sum = 0;
  size_t count = 0;
  while (count < candidates.size() && sum < wanted)
    sum += candidates[count++].weight;
  candidates.resize(std::max<size_t>(count, 1));
}

int32_t draw(const std::vector<Candidate> &candidates, moert_rng &rng) {
  // 53 random bits make every multiple of 2^-53 in [0, 1) equally likely.
  double uniform = static_cast<double>(nextRandom(rng) >> 11) * 0x1p-53;
  double wanted = uniform * sumWeights(candidates);
  double sum = 0;
  int32_t last = candidates.front().token;
  for (const Candidate &candidate : candidates) {
    if (candidate.weight == 0)
      continue;
    sum += candidate.weight;
    last = candidate.token;
    if (sum > wanted)
      break;
  }
  return last;
}

} // namespace

Status moert::sample(const float *logits, int64_t vocabulary,
                     const moert_sampling &sampling, moert_rng *rng,
                     int32_t &token) {
  int32_t likeliest;
  Status status = checkSampling(sampling);
  if (status.ok())
    status = findLikeliest(logits, vocabulary, likeliest);
  if (!status.ok())
    return status;
  if (sampling.temperature == 0) {
    token = likeliest;
    return {};
  }
  status = checkDraw(rng, logits[likeliest], likeliest);
  if (!status.ok())
    return status;
  std::vector<Candidate> candidates =
      weigh(logits, vocabulary, logits[likeliest], sampling.temperature);
  bool cutsNucleus = sampling.top_p > 0 && sampling.top_p < 1;
  if (sampling.top_k > 0 || cutsNucleus)
    keepTop(candidates,
            sampling.top_k > 0 ? size_t(sampling.top_k) : candidates.size());
  if (cutsNucleus)
    keepNucleus(candidates, double(sampling.top_p));
  token = draw(candidates, *rng);
  return {};
}

/// Whether the best are what `sampling` looks at.
static Status checkTop(const TopLogits &top, const moert_sampling &sampling) {
  if (top.count < 1)
    return {MOERT_INVALID, "there are no logits to choose from"};
  if (sampling.temperature != 0 &&
      (sampling.top_k == 0 || sampling.top_k > top.count))
    return {MOERT_INVALID, "top_k " + std::to_string(sampling.top_k) +
                               " looks at more than the best " +
                               std::to_string(top.count) +
                               " logits; take a step that gives all of them"};
  for (int64_t i = 0; i < top.count; ++i)
    if (std::isnan(top.logits[i]))
      return {MOERT_COMPUTATION, "the logit of token " +
                                     std::to_string(top.tokens[i]) +
                                     " is not a number"};
  return {};
}

Status moert::sampleTop(const TopLogits &top, const moert_sampling &sampling,
                        moert_rng *rng, int32_t &token) {
  Status status = checkSampling(sampling);
  if (status.ok())
    status = checkTop(top, sampling);
  if (!status.ok())
    return status;
  if (sampling.temperature == 0) {
    token = top.tokens[0];
    return {};
  }
  status = checkDraw(rng, top.logits[0], top.tokens[0]);
  if (!status.ok())
    return status;
  std::vector<Candidate> candidates;
  for (int32_t i = 0; i < sampling.top_k; ++i)
    candidates.push_back(
        {top.logits[i], top.tokens[i],
         portableExp((double(top.logits[i]) - double(top.logits[0])) /
                     double(sampling.temperature))});
  if (sampling.top_p > 0 && sampling.top_p < 1)
    keepNucleus(candidates, double(sampling.top_p));
  token = draw(candidates, *rng);
  return {};
}

double moert::logProbability(const float *logits, int64_t vocabulary,
                             int32_t token) {
  if (token < 0 || token >= vocabulary)
    return std::numeric_limits<double>::quiet_NaN();
  double highest = double(*std::max_element(logits, logits + vocabulary));
  double sum = 0;
  for (int64_t i = 0; i < vocabulary; ++i)
    sum += std::exp(double(logits[i]) - highest);
  return double(logits[token]) - highest - std::log(sum);
}
