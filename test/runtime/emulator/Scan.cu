//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Scans: of a block, and of all blocks in a single pass by decoupled look-back.
// ScanTest.cpp says what each must do.
//
//===----------------------------------------------------------------------===//

#include <cstdint>

constexpr int threads = 128, warps = threads / 32;
constexpr uint32_t everyLane = 0xFFFFFFFF;

/// What a block has told those behind it.
enum Flag : uint32_t { Nothing, Aggregate, Prefix };

__device__ inline uint32_t scanOfWarp(uint32_t value) {
  const int lane = threadIdx.x % 32;
  for (int step = 1; step < 32; step *= 2) {
    const uint32_t before = __shfl_up_sync(everyLane, value, step);
    if (lane >= step)
      value += before;
  }
  return value;
}

/// The sum of this thread's value and those of all before it in the block; the
/// block's in `total`. `sums` may be used again behind a barrier.
__device__ inline uint32_t scanOfBlock(uint32_t value, uint32_t *sums,
                                       uint32_t *total) {
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  value = scanOfWarp(value);
  if (lane == 31)
    sums[warp] = value;
  __syncthreads();
  *total = 0;
  uint32_t before = 0;
  for (int w = 0; w < warps; ++w) {
    if (w == warp)
      before = *total;
    *total += sums[w];
  }
  return before + value;
}

/// out[i] = in[0] + ... + in[i] of each block alone, one chunk a turn.
extern "C" __global__ void scanBlocks(const uint32_t *in, uint32_t *out,
                                      int chunks) {
  __shared__ uint32_t sums[warps];
  uint32_t carried = 0;
#pragma unroll 1
  for (int c = 0; c < chunks; ++c) {
    const int i = (blockIdx.x * chunks + c) * threads + threadIdx.x;
    uint32_t total;
    out[i] = carried + scanOfBlock(in[i], sums, &total);
    carried += total;
    __syncthreads();
  }
}

/// The sum of all chunks before number `chunk`, for warp 0: each lane looks at
/// one chunk before it, 32 at a time, until one of them knows its whole prefix.
__device__ inline uint32_t lookBack(int chunk, volatile uint32_t *flags,
                                    const uint32_t *aggregates,
                                    const uint32_t *prefixes) {
  uint32_t sum = 0;
#pragma unroll 1
  for (int last = chunk - 1; last >= 0; last -= 32) {
    const int at = last - static_cast<int>(threadIdx.x);
    uint32_t flag = at < 0 ? Prefix : Nothing;
    while (flag == Nothing)
      flag = flags[at];
    __threadfence();
    uint32_t value = 0;
    if (at >= 0)
      value = flag == Prefix ? prefixes[at] : aggregates[at];
    // The nearest chunk that knows its prefix is the last that counts.
    const uint32_t known = __ballot_sync(everyLane, flag == Prefix);
    const int stop = known ? __ffs(known) - 1 : 31;
    if (static_cast<int>(threadIdx.x) > stop)
      value = 0;
    sum += __reduce_add_sync(everyLane, value);
    if (known)
      break;
  }
  return sum;
}

/// out[i] = in[0] + ... + in[i] over all blocks. `ticket`, `flags`, 1 + number
/// of blocks, begin as zeros. A chunk belongs to the block that draws it, so
/// those before it have begun. Chunk number `silent` tells nothing.
extern "C" __global__ void scanAll(const uint32_t *in, uint32_t *out, int count,
                                   uint32_t *ticket, uint32_t *flags,
                                   uint32_t *aggregates, uint32_t *prefixes,
                                   int silent) {
  __shared__ uint32_t sums[warps];
  __shared__ uint32_t drawn, before;
  if (threadIdx.x == 0)
    drawn = atomicAdd(ticket, 1);
  __syncthreads();
  const int chunk = drawn;
  volatile uint32_t *shown = flags;
  const int i = chunk * threads + threadIdx.x;
  uint32_t total;
  const uint32_t sum = scanOfBlock(i < count ? in[i] : 0, sums, &total);
  if (threadIdx.x == 0 && chunk != silent) {
    aggregates[chunk] = total;
    __threadfence();
    shown[chunk] = Aggregate;
  }
  if (threadIdx.x < 32) {
    const uint32_t found = lookBack(chunk, shown, aggregates, prefixes);
    if (threadIdx.x == 0)
      before = found;
  }
  __syncthreads();
  if (threadIdx.x == 0 && chunk != silent) {
    prefixes[chunk] = before + total;
    __threadfence();
    shown[chunk] = Prefix;
  }
  if (i < count)
    out[i] = before + sum;
}
