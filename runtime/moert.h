/*===----------------------------------------------------------------------===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/**
 * \file
 * The C API of the moec runtime: opens a .moe artifact, runs its steps over
 * paged sequences, reads and samples logits, and speaks its tokenizer.
 *
 * - Errors: every function that can fail returns a moert_status and, where
 *   `error` is not NULL, fills it. Nothing has changed then: no sequence grew,
 *   no output was written. No exception crosses this API.
 * - Options: NULL or zeroed structures mean the defaults. All numbers are
 *   checked; every output pointer is needed unless said otherwise.
 * - Threads: a model is read-only and may be shared by threads. A session, a
 *   decoder or an rng is used by one thread at a time. A model outlives its
 *   sessions and decoders.
 * - Floating point: steps run with denormals flushed to zero (FTZ and DAZ) on
 *   every thread, so targets agree bit for bit; the caller's mode is restored.
 */

#ifndef RUNTIME_MOERT_H
#define RUNTIME_MOERT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MOERT_API __attribute__((visibility("default")))

typedef enum moert_status {
  MOERT_OK = 0,
  MOERT_INVALID = 1, /**< the request: NULL, bad token id, stale sequence */
  MOERT_LIMIT = 2,   /**< context, sequences or tokens of a step exhausted */
  MOERT_IO = 3,      /**< a file cannot be read */
  MOERT_BAD_ARTIFACT = 4, /**< the artifact is damaged or of another version */
  MOERT_UNSUPPORTED = 5,  /**< this machine, or this model, has no such thing */
  MOERT_NO_MEMORY = 6,
  MOERT_COMPUTATION = 7, /**< the model computed something meaningless */
  MOERT_DEVICE = 8       /**< a GPU, or its driver, failed */
} moert_status;

/** What went wrong, as one line without a final period. */
typedef struct moert_error {
  moert_status status;
  char message[1020]; /**< UTF-8, zero-terminated, cut off if longer */
} moert_error;

typedef struct moert_model moert_model;
typedef struct moert_session moert_session;
typedef struct moert_decoder moert_decoder;
/** A sequence of a session; never 0, never used twice by a session. */
typedef uint64_t moert_sequence;

/** "0.1.0"; static. */
MOERT_API const char *moert_version(void);

/*===-- Models ------------------------------------------------------------===*/

typedef struct moert_model_options {
  /** Target to run; NULL: of those that the device can run, the one that needs
      the most features. */
  const char *target;
  int32_t verify_weights; /**< non-zero: read and check all weights, too */
  /** Where to run it: "cpu", "cuda" or "cuda:N" (an NVIDIA GPU),
     "emulated:ARCH" (the emulated GPU, like "emulated:sm_90a"); NULL or "auto":
     a GPU that the artifact has a target for, if there is one, else the CPU;
     "none": nowhere, for the tokenizer alone. */
  const char *device;
  /** Non-zero: on a CPU, weights are copied into huge pages as the model is
      opened. They take memory of their own, and steps read them faster. */
  int32_t huge_pages;
} moert_model_options;

/** All strings and arrays are owned by the model. */
typedef struct moert_model_info {
  const char *architecture;       /**< "MixtralForCausalLM" */
  const char *producer;           /**< "moec 0.1.0" */
  const char *target;             /**< the one that runs */
  const char *device;             /**< "cpu", "cuda:0", "emulated:sm_90a" */
  const char *device_description; /**< "NVIDIA H100 80GB HBM3" */
  double flops_per_second; /**< that the target was taken to do in products */
  int32_t uses_amx; /**< whether its code multiplies on tiles of Intel's CPUs */
  int64_t vocabulary;             /**< token ids are 0 <= id < vocabulary */
  int64_t max_positions;          /**< of one sequence */
  int64_t max_step_tokens;
  int64_t layers, hidden, window;     /**< window 0: attention to the start */
  int64_t experts, experts_per_token; /**< 0: dense */
  int64_t parameters;                 /**< count of elements */
  int32_t bos;                        /**< -1: none */
  const int32_t *eos; /**< [eos_count] any of these ends a text */
  int64_t eos_count;
  int64_t weight_bytes;             /**< as stored */
  int64_t cache_bytes_per_position; /**< of all layers */
  int32_t has_tokenizer;
  int64_t top_logits; /**< that moert_step_top gives of a row; 0: it cannot */
} moert_model_info;

/** Maps and verifies an artifact; its weights are not read unless asked for.
    An artifact holds machine code: trust it as you trust a program. */
MOERT_API moert_status moert_model_open(const char *path,
                                        const moert_model_options *options,
                                        moert_model **model,
                                        moert_error *error);
/** NULL is fine. */
MOERT_API void moert_model_close(moert_model *model);
MOERT_API const moert_model_info *
moert_model_get_info(const moert_model *model);

/*===-- Sessions and sequences --------------------------------------------===*/

typedef struct moert_session_options {
  int32_t threads; /**< 0: one per CPU of the caller's affinity mask; 1 where a
                        GPU computes */
  int32_t max_sequences; /**< alive at a time; 0: 64 */
  /** Positions of all sequences together, rounded up to pages of 32; 0: what
      max_sequences full ones or half of the physical memory hold, whichever is
      less. Reserved as address space; memory is taken as sequences grow. */
  int64_t cache_positions;
  int32_t profile; /**< non-zero: measure each launch, see moert_profile */
} moert_session_options;

MOERT_API moert_status moert_session_create(
    const moert_model *model, const moert_session_options *options,
    moert_session **session, moert_error *error);
/** Frees its sequences, too. NULL is fine. */
MOERT_API void moert_session_destroy(moert_session *session);

MOERT_API moert_status moert_sequence_create(moert_session *session,
                                             moert_sequence *sequence,
                                             moert_error *error);
MOERT_API moert_status moert_sequence_destroy(moert_session *session,
                                              moert_sequence sequence,
                                              moert_error *error);
/** Tokens in the sequence, or -1 for a stale handle. */
MOERT_API int64_t moert_sequence_length(const moert_session *session,
                                        moert_sequence sequence);
/** Drops the tokens from position `length` on; 0 <= length <= its length. */
MOERT_API moert_status moert_sequence_truncate(moert_session *session,
                                               moert_sequence sequence,
                                               int64_t length,
                                               moert_error *error);

/*===-- Steps -------------------------------------------------------------===*/

typedef enum moert_logits_mode {
  MOERT_LOGITS_NONE = 0,
  MOERT_LOGITS_LAST = 1, /**< of the chunk's last token */
  MOERT_LOGITS_ALL = 2   /**< of each token of the chunk */
} moert_logits_mode;

/** Tokens to append to a sequence. */
typedef struct moert_chunk {
  moert_sequence sequence; /**< at most once in a step */
  const int32_t *tokens;   /**< [count] */
  int64_t count;           /**< >= 1 */
  moert_logits_mode logits;
} moert_chunk;

/** Appends every chunk to its sequence in one pass over the weights. At most
    max_step_tokens tokens in all. A token's logits have the same bits whatever
    else is in the step, however its sequence was cut into chunks, and for any
    number of threads. */
MOERT_API moert_status moert_step(moert_session *session,
                                  const moert_chunk *chunks, int64_t count,
                                  moert_error *error);
/** Logits float32 [vocabulary] of the last step: row `row` of those that chunk
    number `chunk` asked for. NULL if there is none. Valid until the next step.
 */
MOERT_API const float *moert_logits(const moert_session *session, int64_t chunk,
                                    int64_t row);

/** As moert_step, but gives only the best model_info.top_logits logits of each
    row: all that greedy decoding, and sampling among as few tokens, looks at.
    The others are never in memory. Fails, as no sampling could go on, if one of
    a row's logits is NaN. */
MOERT_API moert_status moert_step_top(moert_session *session,
                                      const moert_chunk *chunks, int64_t count,
                                      moert_error *error);
/** The best logits of the last step, which was of moert_step_top, and their
    tokens: descending, of equal logits the lower token first; with the bits
   that moert_step gives. Returns their number, or 0 if there are none. Valid
   until the next step. */
MOERT_API int64_t moert_top(const moert_session *session, int64_t chunk,
                            int64_t row, const float **logits,
                            const int32_t **tokens);

/*===-- Sampling ----------------------------------------------------------===*/

typedef struct moert_sampling {
  float temperature; /**< 0: greedy, the lowest id wins a tie */
  int32_t top_k;     /**< keep the k most likely; 0: all */
  float top_p; /**< then the fewest that reach this probability; 0, 1: all */
} moert_sampling;
typedef struct moert_rng {
  uint64_t state[4];
} moert_rng;

/** Equal seeds draw equal tokens on every machine. */
MOERT_API void moert_rng_seed(moert_rng *rng, uint64_t seed);
/** `rng` may be NULL if greedy. Fails on a NaN among the logits. */
MOERT_API moert_status moert_sample(const float *logits, int64_t vocabulary,
                                    const moert_sampling *sampling,
                                    moert_rng *rng, int32_t *token,
                                    moert_error *error);
/** Draws from what moert_top gives the token that moert_sample draws from all
    logits. The temperature is 0, or 1 <= top_k <= count. */
MOERT_API moert_status moert_sample_top(const float *logits,
                                        const int32_t *tokens, int64_t count,
                                        const moert_sampling *sampling,
                                        moert_rng *rng, int32_t *token,
                                        moert_error *error);
/** Natural logarithm of the token's probability, in double precision; NaN if
    the arguments are invalid. */
MOERT_API double moert_log_probability(const float *logits, int64_t vocabulary,
                                       int32_t token);

/*===-- Text: MOERT_UNSUPPORTED if the artifact has no tokenizer ----------===*/

/** Sets *count to the tokens of the UTF-8 text, BOS first if `bos` is non-zero
    and the model has one. Writes them if *count <= capacity. */
MOERT_API moert_status moert_encode(const moert_model *model, const char *text,
                                    size_t length, int32_t bos, int32_t *tokens,
                                    size_t capacity, size_t *count,
                                    moert_error *error);
/** Sets *length to the bytes of the text, without a final zero. Writes them if
 *length <= capacity. */
MOERT_API moert_status moert_decode(const moert_model *model,
                                    const int32_t *tokens, size_t count,
                                    char *text, size_t capacity, size_t *length,
                                    moert_error *error);
/** A decoder turns a stream of tokens into text piece by piece. */
MOERT_API moert_status moert_decoder_create(const moert_model *model,
                                            moert_decoder **decoder,
                                            moert_error *error);
/** NULL is fine. */
MOERT_API void moert_decoder_destroy(moert_decoder *decoder);
/** The text that `token` completes: whole UTF-8 characters, maybe none. *text
    is zero-terminated and valid until the next call. */
MOERT_API moert_status moert_decoder_push(moert_decoder *decoder, int32_t token,
                                          const char **text, size_t *length,
                                          moert_error *error);
/** Ends the stream: what was held back, with U+FFFD for what is no UTF-8. */
MOERT_API moert_status moert_decoder_finish(moert_decoder *decoder,
                                            const char **text, size_t *length,
                                            moert_error *error);

/*===-- Accounting --------------------------------------------------------===*/

typedef struct moert_session_stats {
  int32_t threads;
  int64_t weight_bytes;  /**< mapped from the artifact */
  int64_t arena_bytes;   /**< buffers of a step */
  int64_t logits_bytes;  /**< reserved; taken as rows are asked for */
  int64_t scratch_bytes; /**< of all threads */
  int64_t cache_bytes, cache_bytes_used; /**< reserved, and in sequences */
  int64_t cache_positions;               /**< reserved */
  int64_t launches;      /**< of a one-token step, library calls included */
  int64_t launched;      /**< kernels, in all steps that were run */
  int64_t library_calls; /**< of cuBLASLt on GPUs, in all of them */
  int64_t steps, tokens;                 /**< completed so far */
  double seconds;                        /**< spent in them */
} moert_session_stats;
MOERT_API void moert_session_get_stats(const moert_session *session,
                                       moert_session_stats *stats);

/** What a step of `tokens` tokens that starts with empty sequences, and wants
    `rows` rows of logits, must do; attention is left out. */
typedef struct moert_step_cost {
  double weight_bytes; /**< to read; experts as expected of uniform routing,
                            E * (1 - (1 - k / E)^tokens) of them */
  double flops;        /**< of matrix products; a multiply-add is two */
  double cache_bytes;  /**< keys and values to write */
  int64_t launches;    /**< of kernels and of a library */
} moert_step_cost;
MOERT_API moert_status moert_model_get_step_cost(const moert_model *model,
                                                 int64_t tokens, int64_t rows,
                                                 moert_step_cost *cost,
                                                 moert_error *error);

/** Totals of one kernel since the session began. Owned by the session. */
typedef struct moert_kernel_profile {
  const char *symbol, *computes;
  int64_t launches, tasks;
  double seconds, flops, weight_bytes; /**< bytes expected, as above */
  int32_t is_library; /**< non-zero: launches are calls of cuBLASLt */
} moert_kernel_profile;
/** Fills entry `index` and returns 1; returns 0 past the last kernel or if the
    session does not profile. */
MOERT_API int32_t moert_profile(const moert_session *session, int64_t index,
                                moert_kernel_profile *entry);

/** Runs function(context, thread) once on each of the session's threads, which
    are 0 <= thread < threads, and waits. It must not throw. */
MOERT_API moert_status moert_run_on_threads(moert_session *session,
                                            void (*function)(void *context,
                                                             int32_t thread),
                                            void *context, moert_error *error);

/** What the memory of the session's GPU gives: bytes that copies inside of it
    read and write in a second. MOERT_UNSUPPORTED on a CPU. */
MOERT_API moert_status moert_measure_memory(moert_session *session,
                                            double *bytes_per_second,
                                            moert_error *error);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif /* RUNTIME_MOERT_H */
