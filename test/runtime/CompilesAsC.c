/*===----------------------------------------------------------------------===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/** \file A C program may include the API, and use it without a model. */

#include "runtime/moert.h"

int32_t sampleFromC(const float *logits, int64_t vocabulary) {
  moert_sampling sampling = {1.0f, 1, 0.0f};
  moert_rng rng;
  moert_error error;
  int32_t token = -1;
  moert_rng_seed(&rng, 1);
  if (moert_sample(logits, vocabulary, &sampling, &rng, &token, &error))
    return -1;
  return token;
}
