//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The C API of models, sessions and steps.
//
//===----------------------------------------------------------------------===//

#include "runtime/ApiBoundary.h"
#include "runtime/Sampler.h"
#include "runtime/Session.h"

using namespace moert;

struct moert_session {
  std::unique_ptr<Session> session;
};

const char *moert_version(void) { return MOERT_VERSION; }

//===----------------------------------------------------------------------===//
// Models
//===----------------------------------------------------------------------===//

moert_status moert_model_open(const char *path,
                              const moert_model_options *options,
                              moert_model **model, moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!path || !model)
      return nullArgument(path ? "model" : "path");
    auto made = std::make_unique<moert_model>();
    Status status = Model::open(
        path, options ? *options : moert_model_options{}, made->model);
    if (status.ok())
      *model = made.release();
    return status;
  });
}

void moert_model_close(moert_model *model) { delete model; }

const moert_model_info *moert_model_get_info(const moert_model *model) {
  return model ? &model->model->info() : nullptr;
}

static Status stepCost(const Model &model, StepSize size,
                       moert_step_cost &cost) {
  int64_t most = model.info().max_step_tokens;
  if (size.tokens < 1 || size.tokens > most)
    return {MOERT_INVALID, "a step cannot have " + std::to_string(size.tokens) +
                               " tokens, but 1 to " + std::to_string(most)};
  if (size.rows < 0 || size.rows > size.tokens)
    return {MOERT_INVALID, "a step of " + std::to_string(size.tokens) +
                               " tokens cannot give " +
                               std::to_string(size.rows) + " rows of logits"};
  cost = {};
  const format::Program &program =
      *model.programs()[model.selectProgram(size.tokens)];
  for (const format::Launch *launch : *program.launches()) {
    LaunchCost one = launchCost(model.artifact(), *launch, size);
    cost.weight_bytes += one.weightBytes;
    cost.flops += one.flops;
    cost.launches += evaluate(*launch->rows(), size) > 0;
  }
  cost.cache_bytes = static_cast<double>(size.tokens) *
                     static_cast<double>(model.info().cache_bytes_per_position);
  return {};
}

moert_status moert_model_get_step_cost(const moert_model *model, int64_t tokens,
                                       int64_t rows, moert_step_cost *cost,
                                       moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!model || !cost)
      return nullArgument(model ? "cost" : "model");
    return stepCost(*model->model, {tokens, rows}, *cost);
  });
}

//===----------------------------------------------------------------------===//
// Sessions
//===----------------------------------------------------------------------===//

moert_status moert_session_create(const moert_model *model,
                                  const moert_session_options *options,
                                  moert_session **session, moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!model || !session)
      return nullArgument(model ? "session" : "model");
    auto made = std::make_unique<moert_session>();
    Status status = Session::create(
        *model->model, options ? *options : moert_session_options{},
        made->session);
    if (status.ok())
      *session = made.release();
    return status;
  });
}

void moert_session_destroy(moert_session *session) { delete session; }

moert_status moert_sequence_create(moert_session *session,
                                   moert_sequence *sequence,
                                   moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!session || !sequence)
      return nullArgument(session ? "sequence" : "session");
    return session->session->createSequence(*sequence);
  });
}

moert_status moert_sequence_destroy(moert_session *session,
                                    moert_sequence sequence,
                                    moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!session)
      return nullArgument("session");
    return session->session->destroySequence(sequence);
  });
}

int64_t moert_sequence_length(const moert_session *session,
                              moert_sequence sequence) {
  return session ? session->session->length(sequence) : -1;
}

moert_status moert_sequence_truncate(moert_session *session,
                                     moert_sequence sequence, int64_t length,
                                     moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!session)
      return nullArgument("session");
    return session->session->truncate(sequence, length);
  });
}

moert_status moert_step(moert_session *session, const moert_chunk *chunks,
                        int64_t count, moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!session)
      return nullArgument("session");
    return session->session->step(chunks, count, Entry::Step);
  });
}

moert_status moert_step_top(moert_session *session, const moert_chunk *chunks,
                            int64_t count, moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!session)
      return nullArgument("session");
    return session->session->step(chunks, count, Entry::Top);
  });
}

const float *moert_logits(const moert_session *session, int64_t chunk,
                          int64_t row) {
  return session ? session->session->logits(chunk, row) : nullptr;
}

int64_t moert_top(const moert_session *session, int64_t chunk, int64_t row,
                  const float **logits, const int32_t **tokens) {
  if (!session || !logits || !tokens ||
      !session->session->top(chunk, row, *logits, *tokens))
    return 0;
  return session->session->topCount();
}

void moert_session_get_stats(const moert_session *session,
                             moert_session_stats *stats) {
  if (session && stats)
    session->session->stats(*stats);
}

int32_t moert_profile(const moert_session *session, int64_t index,
                      moert_kernel_profile *entry) {
  return session && entry && session->session->profile(index, *entry);
}

moert_status moert_measure_memory(moert_session *session,
                                  double *bytes_per_second,
                                  moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!session || !bytes_per_second)
      return nullArgument(session ? "bytes_per_second" : "session");
    return session->session->measureMemory(*bytes_per_second);
  });
}

moert_status moert_run_on_threads(moert_session *session,
                                  void (*function)(void *context,
                                                   int32_t thread),
                                  void *context, moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!session || !function)
      return nullArgument(session ? "function" : "session");
    session->session->threads().run(function, context,
                                    ThreadPool::Join::Everyone);
    return {};
  });
}

//===----------------------------------------------------------------------===//
// Sampling
//===----------------------------------------------------------------------===//

void moert_rng_seed(moert_rng *rng, uint64_t seed) {
  if (rng)
    seedRng(*rng, seed);
}

moert_status moert_sample(const float *logits, int64_t vocabulary,
                          const moert_sampling *sampling, moert_rng *rng,
                          int32_t *token, moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!logits || !token)
      return nullArgument(logits ? "token" : "logits");
    return sample(logits, vocabulary, sampling ? *sampling : moert_sampling{},
                  rng, *token);
  });
}

moert_status moert_sample_top(const float *logits, const int32_t *tokens,
                              int64_t count, const moert_sampling *sampling,
                              moert_rng *rng, int32_t *token,
                              moert_error *error) {
  return guard(error, [&]() -> Status {
    if (!logits || !tokens || !token)
      return nullArgument(!logits ? "logits" : tokens ? "token" : "tokens");
    return sampleTop({logits, tokens, count},
                     sampling ? *sampling : moert_sampling{}, rng, *token);
  });
}

double moert_log_probability(const float *logits, int64_t vocabulary,
                             int32_t token) {
  if (!logits)
    return __builtin_nan("");
  return logProbability(logits, vocabulary, token);
}
