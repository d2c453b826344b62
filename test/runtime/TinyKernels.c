/*===----------------------------------------------------------------------===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/**
 * \file
 * The code of the artifact of TinyArtifact.h: kernels by hand, so that the
 * runtime is tested without the compiler. A hidden state has 8 elements: a key
 * of 4 and a value of 4, of one head.
 */

#include "runtime/abi/Kernel.h"

enum { hidden = 8, head = 4, pageElements = 2 * head * MOERT_PAGE_TOKENS };
enum { failingToken = 31 };

#define KERNEL __attribute__((visibility("default"))) void

/** tokens [T], table [V, 8] -> x [T, 8] */
KERNEL tiny_embed(const moert_launch *launch, int64_t begin, int64_t end,
                  void *scratch) {
  const int32_t *tokens = launch->arguments[0];
  const float *table = launch->arguments[1];
  float *x = launch->arguments[2];
  for (int64_t t = begin; t < end; ++t)
    for (int c = 0; c < hidden; ++c)
      x[t * hidden + c] = table[tokens[t] * hidden + c];
}

/** tokens [T], x [T, 8] -> y [T, 8], the same; fails on one token */
KERNEL tiny_route(const moert_launch *launch, int64_t begin, int64_t end,
                  void *scratch) {
  const int32_t *tokens = launch->arguments[0];
  const float *x = launch->arguments[1];
  float *y = launch->arguments[2];
  for (int64_t t = begin; t < end; ++t) {
    if (tokens[t] == failingToken)
      *launch->status = MOERT_KERNEL_ROUTER_NAN;
    for (int c = 0; c < hidden; ++c)
      y[t * hidden + c] = x[t * hidden + c];
  }
}

static float *pageOf(const moert_batch *batch, float *cache, int64_t token,
                     int64_t position) {
  const int32_t *pages =
      batch->page_table + batch->sequences[token] * batch->pages_per_sequence;
  return cache + (int64_t)pages[position / MOERT_PAGE_TOKENS] * pageElements;
}

/** x [T, 8], batch -> cache */
KERNEL tiny_store(const moert_launch *launch, int64_t begin, int64_t end,
                  void *scratch) {
  const float *x = launch->arguments[0];
  const moert_batch *batch = launch->arguments[1];
  for (int64_t t = begin; t < end; ++t) {
    int64_t position = batch->positions[t];
    float *page = pageOf(batch, launch->arguments[2], t, position);
    int64_t slot = position % MOERT_PAGE_TOKENS;
    float *values = page + head * MOERT_PAGE_TOKENS;
    for (int c = 0; c < head; ++c) {
      page[c * MOERT_PAGE_TOKENS + slot] = x[t * hidden + c];
      values[slot * head + c] = x[t * hidden + head + c];
    }
  }
}

/** x [T, 8], batch, cache -> y [T, 8]: x + sum over positions p of the state at
 *  p, halved for each p */
KERNEL tiny_attend(const moert_launch *launch, int64_t begin, int64_t end,
                   void *scratch) {
  const float *x = launch->arguments[0];
  const moert_batch *batch = launch->arguments[1];
  float *y = launch->arguments[3];
  float *sum = scratch;
  for (int64_t t = begin; t < end; ++t) {
    for (int c = 0; c < hidden; ++c)
      sum[c] = 0;
    for (int64_t p = 0; p <= batch->positions[t]; ++p) {
      const float *page = pageOf(batch, launch->arguments[2], t, p);
      int64_t slot = p % MOERT_PAGE_TOKENS;
      const float *values = page + head * MOERT_PAGE_TOKENS;
      for (int c = 0; c < head; ++c) {
        sum[c] = sum[c] * 0.5f + page[c * MOERT_PAGE_TOKENS + slot];
        sum[head + c] = sum[head + c] * 0.5f + values[slot * head + c];
      }
    }
    for (int c = 0; c < hidden; ++c)
      y[t * hidden + c] = x[t * hidden + c] + sum[c];
  }
}

/** x [T, 8], rows [R] -> y [R, 8] */
KERNEL tiny_gather(const moert_launch *launch, int64_t begin, int64_t end,
                   void *scratch) {
  const float *x = launch->arguments[0];
  const int32_t *rows = launch->arguments[1];
  float *y = launch->arguments[2];
  for (int64_t r = begin; r < end; ++r)
    for (int c = 0; c < hidden; ++c)
      y[r * hidden + c] = x[rows[r] * hidden + c];
}

/** y [R, 8], table [V, 8] -> logits [R, V]; a task is a token */
KERNEL tiny_head(const moert_launch *launch, int64_t begin, int64_t end,
                 void *scratch) {
  const float *y = launch->arguments[0];
  const float *table = launch->arguments[1];
  float *logits = launch->arguments[2];
  enum { vocabulary = 32 };
  for (int64_t r = 0; r < launch->rows; ++r)
    for (int64_t v = begin; v < end; ++v) {
      float sum = 0;
      for (int c = 0; c < hidden; ++c)
        sum += y[r * hidden + c] * table[v * hidden + c];
      logits[r * vocabulary + v] = sum;
    }
}

/** logits [R, V] -> best [R, 3], tokens [R, 3] */
KERNEL tiny_best(const moert_launch *launch, int64_t begin, int64_t end,
                 void *scratch) {
  enum { vocabulary = 32, count = 3 };
  const float *logits = launch->arguments[0];
  float *best = launch->arguments[1];
  int32_t *tokens = launch->arguments[2];
  for (int64_t r = begin; r < end; ++r) {
    const float *row = logits + r * vocabulary;
    for (int j = 0; j < count; ++j) {
      int32_t choice = -1;
      for (int32_t v = 0; v < vocabulary; ++v) {
        int taken = 0;
        for (int i = 0; i < j; ++i)
          taken |= tokens[r * count + i] == v;
        if (!taken && (choice < 0 || row[v] > row[choice]))
          choice = v;
      }
      best[r * count + j] = row[choice];
      tokens[r * count + j] = choice;
    }
  }
}
