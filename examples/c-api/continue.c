/*===----------------------------------------------------------------------===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/**
 * \file
 * Continues a text with the C API alone: continue MODEL.moe TEXT COUNT
 */

#include "runtime/moert.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PROMPT = 512 };

/** What a text needs: a model, its threads and memory, and a place in them. */
struct run {
  moert_model *model;
  moert_session *session;
  moert_sequence sequence;
  moert_decoder *decoder;
  moert_error error;
};

static int is_end(const moert_model_info *info, int32_t token) {
  for (int64_t i = 0; i < info->eos_count; ++i)
    if (info->eos[i] == token)
      return 1;
  return 0;
}

static moert_status start(struct run *run, const char *path) {
  moert_status status = moert_model_open(path, NULL, &run->model, &run->error);
  if (status == MOERT_OK)
    status = moert_session_create(run->model, NULL, &run->session, &run->error);
  if (status == MOERT_OK)
    status = moert_sequence_create(run->session, &run->sequence, &run->error);
  if (status == MOERT_OK)
    status = moert_decoder_create(run->model, &run->decoder, &run->error);
  return status;
}

/** Appends tokens to the sequence and takes the likeliest one to follow. */
static moert_status follow(struct run *run, const int32_t *tokens, size_t count,
                           int32_t *next) {
  moert_chunk chunk = {run->sequence, tokens, (int64_t)count,
                       MOERT_LOGITS_LAST};
  moert_sampling greedy = {0, 0, 0};
  int64_t vocabulary = moert_model_get_info(run->model)->vocabulary;
  moert_status status = moert_step(run->session, &chunk, 1, &run->error);
  if (status != MOERT_OK)
    return status;
  return moert_sample(moert_logits(run->session, 0, 0), vocabulary, &greedy,
                      NULL, next, &run->error);
}

static moert_status print_token(struct run *run, int32_t token) {
  const char *text;
  size_t length;
  moert_status status =
      moert_decoder_push(run->decoder, token, &text, &length, &run->error);
  if (status == MOERT_OK)
    fwrite(text, 1, length, stdout);
  return status;
}

static moert_status continue_text(struct run *run, const char *text,
                                  int count) {
  int32_t tokens[MAX_PROMPT], next = 0;
  size_t length;
  moert_status status = moert_encode(run->model, text, strlen(text), 1, tokens,
                                     MAX_PROMPT, &length, &run->error);
  if (status == MOERT_OK && length > MAX_PROMPT) {
    snprintf(run->error.message, sizeof run->error.message,
             "the text has %zu tokens, but this example takes %d", length,
             MAX_PROMPT);
    return MOERT_LIMIT;
  }
  for (size_t i = 0; status == MOERT_OK && i < length; ++i)
    status = print_token(run, tokens[i]);
  if (status == MOERT_OK)
    status = follow(run, tokens, length, &next);
  while (status == MOERT_OK && count-- > 0 &&
         !is_end(moert_model_get_info(run->model), next)) {
    status = print_token(run, next);
    if (status == MOERT_OK && count > 0)
      status = follow(run, &next, 1, &next);
  }
  putchar('\n');
  return status;
}

int main(int argc, char **argv) {
  struct run run = {0};
  if (argc != 4) {
    fprintf(stderr, "usage: continue MODEL.moe TEXT COUNT\n");
    return 2;
  }
  moert_status status = start(&run, argv[1]);
  if (status == MOERT_OK)
    status = continue_text(&run, argv[2], atoi(argv[3]));
  if (status != MOERT_OK)
    fprintf(stderr, "error: %s\n", run.error.message);
  moert_decoder_destroy(run.decoder);
  moert_session_destroy(run.session);
  moert_model_close(run.model);
  return status == MOERT_OK ? 0 : 1;
}
