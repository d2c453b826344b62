//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Draws tokens from logits. Equal logits, settings and seeds give equal tokens
// on every machine: the generator works in integers, and the exponential is
// computed here, because those of C libraries differ in the last bit.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_SAMPLER_H
#define RUNTIME_SAMPLER_H

#include "runtime/Status.h"

namespace moert {

/// Sets `rng` to the start of the sequence that `seed` names (xoshiro256**,
/// its state filled by splitmix64: https://prng.di.unimi.it).
void seedRng(moert_rng &rng, uint64_t seed);

/// The next 64 bits.
uint64_t nextRandom(moert_rng &rng);

/// e^x for x <= 0 with a relative error below 1e-14, by IEEE additions and
/// multiplications alone; 0 below the normal numbers.
double portableExp(double x);

/// Draws from softmax(logits / temperature), cut to the `top_k` most likely
/// tokens and then to the fewest that hold `top_p` of what is left; equal
/// logits rank by index. `rng` may be null if `sampling` is greedy. Fails on
/// settings out of range and on logits that are NaN.
Status sample(const float *logits, int64_t vocabulary,
              const moert_sampling &sampling, moert_rng *rng, int32_t &token);

/// The best of a row: descending logit, the lower token first among equals.
struct TopLogits {
  const float *logits;
  const int32_t *tokens;
  int64_t count;
};

/// Draws what `sample` draws from all logits; `sampling` must be greedy or look
/// at no more than `top.count` tokens.
Status sampleTop(const TopLogits &top, const moert_sampling &sampling,
                 moert_rng *rng, int32_t &token);

/// ln softmax(logits)[token]; NaN if `token` is out of range.
double logProbability(const float *logits, int64_t vocabulary, int32_t token);

} // namespace moert

#endif // RUNTIME_SAMPLER_H
