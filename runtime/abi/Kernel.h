/*===----------------------------------------------------------------------===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/**
 * \file
 * What a compiled kernel and the runtime agree on. Plain C, no dependency; the
 * code generator takes every offset and constant from here.
 *
 * A kernel is a function of a range of task indices, the same notion as a
 * grid of blocks on a GPU: the tasks of one launch run on any thread, in ranges
 * of any size, and write disjoint outputs. Ranges begin in ascending order, and
 * a range that has begun runs to its end on a thread of its own: so a task may
 * wait for tasks before it. What tasks compute does not depend on how the range
 * was cut.
 */

#ifndef RUNTIME_ABI_KERNEL_H
#define RUNTIME_ABI_KERNEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Changes whenever anything below does; recorded in every artifact. */
#define MOERT_KERNEL_ABI_VERSION 4

/** Every buffer, weight and scratch area a kernel gets is aligned so. */
#define MOERT_ALIGNMENT 64

/** Positions in one page of the KV cache. */
#define MOERT_PAGE_TOKENS 32

/** What a kernel may report through moert_launch::status. */
enum moert_kernel_status {
  MOERT_KERNEL_OK = 0,
  MOERT_KERNEL_ROUTER_NAN = 1, /**< a router score is not a number */
  MOERT_KERNEL_LOGIT_NAN = 2   /**< a logit is not a number */
};

/**
 * Where the tokens of a step stand: the argument of kernels that take a
 * `!decoder.batch`. Tokens of one sequence are in ascending position.
 */
typedef struct moert_batch {
  const int32_t *positions;  /**< [T] position of each token in its sequence */
  const int32_t *sequences;  /**< [T] row of page_table of each token */
  const int32_t *page_table; /**< [sequence][page of the sequence] page index */
  int64_t pages_per_sequence; /**< row pitch of page_table, in entries */
} moert_batch;

/**
 * One launch. The argument of a kernel's operand or result is a pointer:
 *
 * | type in IR             | points to                                       |
 * |------------------------|-------------------------------------------------|
 * | tensor                 | its elements, row-major or in its layout        |
 * | `!decoder.batch`       | a moert_batch                                   |
 * | `!decoder.kv_cache`    | this layer's pages: [page][kv head][K, V], where |
 * |                        | K is [head_dim][MOERT_PAGE_TOKENS] and V is     |
 * |                        | [MOERT_PAGE_TOKENS][head_dim]                   |
 * | `!moe.plan<E, k>`      | int32: offsets [E + 1], slot of each row [T k], |
 * |                        | row of each slot [T k]; slot = token * k + j     |
 */
typedef struct moert_launch {
  void *const *arguments; /**< operands, then results, in kernel order */
  int64_t rows;           /**< leading dimension of the first result; of the
                               first operand if that has none */
  int32_t *status;        /**< set to a moert_kernel_status on failure */
  int64_t *finished;      /**< 0 when the launch begins: where kernels that
                               have work for when all tasks are done count,
                               atomically, the tasks that are */
  /** Returns when `*counter` has reached `value`; what was written before it
      was counted can be read then. Not null. */
  void (*await)(const int64_t *counter, int64_t value);
} moert_launch;

/**
 * Runs the tasks begin <= i < end. `scratch` is private to the calling thread,
 * as large as the target says, and holds nothing on entry.
 */
typedef void (*moert_kernel)(const moert_launch *launch, int64_t begin,
                             int64_t end, void *scratch);

#ifdef __cplusplus
}
#endif

#endif /* RUNTIME_ABI_KERNEL_H */
