/*===----------------------------------------------------------------------===*\
|* SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
\*===----------------------------------------------------------------------===*/
/**
 * \file
 * What a kernel compiled for a GPU and the runtime agree on. Plain C, no
 * dependency.
 *
 * The parameters of an entry point are a 64-bit device address for each operand
 * and result, in the order and of the kinds that runtime/abi/Kernel.h lists,
 * then the device address of each of the kernel's tensor maps, and then one
 * moert_gpu_launch by value.
 *
 * A tensor map (CUtensorMap of the CUDA driver API, tiled) describes an operand
 * as a matrix: all its dimensions but the last make the rows. A box has 128
 * bytes of each of `box_rows` rows, in the swizzle of 128 bytes
 * (CU_TENSOR_MAP_SWIZZLE_128B); there are zeros outside of the matrix.
 *
 * The grid has one dimension. A block computes `block_tasks` tasks of the
 * artifact's kernel table, so there are ceil(tasks / block_tasks) blocks.
 */

#ifndef RUNTIME_ABI_GPUKERNEL_H
#define RUNTIME_ABI_GPUKERNEL_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Changes whenever anything below does; recorded in every artifact. */
#define MOERT_GPU_KERNEL_ABI_VERSION 2

/** The last parameter of a kernel; all addresses are the device's. */
typedef struct moert_gpu_launch {
  int64_t rows;          /**< as moert_launch.rows */
  int64_t tasks;         /**< of the launch */
  int32_t *status;       /**< as moert_launch.status */
  int64_t *finished;     /**< as moert_launch.finished; 0 at the beginning */
  void *scratch;         /**< of the first thread of the grid */
  int64_t scratch_pitch; /**< bytes from one thread's to the next one's */
} moert_gpu_launch;

#ifdef __cplusplus
}
#endif

#endif /* RUNTIME_ABI_GPUKERNEL_H */
