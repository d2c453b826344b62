//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Bulk copies of memory and of tensors. BulkTest.cpp says what each must do.
//
//===----------------------------------------------------------------------===//

#include "Asynchronous.cuh"

constexpr uint16_t everyBlock = 15;
constexpr int chunk = 256; ///< floats
extern __shared__ __align__(1024) uint32_t box[];

/// out[i] = in[i] + 1, one chunk a turn, through two buffers.
extern "C" __global__ void addOne(const float *in, float *out, int chunks) {
  __shared__ alignas(128) float values[2][chunk];
  __shared__ uint64_t barrier[2];
  if (threadIdx.x == 0) {
    initialize(&barrier[0], 1);
    initialize(&barrier[1], 1);
    fenceInit();
  }
  __syncthreads();
  for (int i = 0; i < chunks; ++i) {
    const int buffer = i % 2;
    if (threadIdx.x == 0) {
      waitForReads<1>();
      arriveAndExpect(&barrier[buffer], chunk * sizeof(float));
      loadBulk(values[buffer], in + i * chunk, chunk * sizeof(float),
               &barrier[buffer]);
    }
    wait(&barrier[buffer], i / 2 & 1);
    for (int j = threadIdx.x; j < chunk; j += blockDim.x)
      values[buffer][j] += 1.0f;
    fenceProxy();
    __syncthreads();
    if (threadIdx.x == 0) {
      storeBulk(out + i * chunk, values[buffer], chunk * sizeof(float));
      commitStores();
    }
  }
  if (threadIdx.x == 0)
    waitForStores<0>();
}

/// Every block adds its values to the same sums.
extern "C" __global__ void sum(const int *in, const float *halves,
                                int *sums, float *floats) {
  __shared__ alignas(16) int values[chunk];
  __shared__ alignas(16) float reals[chunk];
  for (int j = threadIdx.x; j < chunk; j += blockDim.x) {
    values[j] = in[blockIdx.x * chunk + j];
    reals[j] = halves[blockIdx.x * chunk + j];
  }
  fenceProxy();
  __syncthreads();
  if (threadIdx.x)
    return;
  asm volatile(
      "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.s32 [%0], "
      "[%1], %2;" ::"l"(sums),
      "r"(sharedAddress(values)), "r"(int(sizeof values))
      : "memory");
  asm volatile(
      "cp.reduce.async.bulk.global.shared::cta.bulk_group.add.f32 [%0], "
      "[%1], %2;" ::"l"(floats),
      "r"(sharedAddress(reals)), "r"(int(sizeof reals))
      : "memory");
  commitStores();
  waitForStores<0>();
}

/// Loads one box, and copies shared memory as it lies to `out`.
template <int rank>
__device__ void copyBox(const Map *map, const int *at, uint32_t *out,
                        int bytes) {
  __shared__ uint64_t barrier;
  if (threadIdx.x == 0) {
    initialize(&barrier, 1);
    fenceInit();
    arriveAndExpect(&barrier, bytes);
    const uint32_t to = sharedAddress(box), signal = sharedAddress(&barrier);
#define LOAD(dims, coordinates)                                                \
  asm volatile("cp.async.bulk.tensor." dims                                    \
               ".shared::cluster.global.tile.mbarrier::complete_tx::bytes "    \
               "[%0], [%1, {" coordinates "}], [%2];" ::"r"(to),               \
               "l"(map), "r"(signal), "r"(at[0]), "r"(at[1]), "r"(at[2]),      \
               "r"(at[3]), "r"(at[4])                                          \
               : "memory")
    if constexpr (rank == 1)
      LOAD("1d", "%3");
    if constexpr (rank == 2)
      LOAD("2d", "%3, %4");
    if constexpr (rank == 3)
      LOAD("3d", "%3, %4, %5");
    if constexpr (rank == 4)
      LOAD("4d", "%3, %4, %5, %6");
    if constexpr (rank == 5)
      LOAD("5d", "%3, %4, %5, %6, %7");
#undef LOAD
  }
  __syncthreads();
  wait(&barrier, 0);
  for (int i = threadIdx.x; i < bytes / 4; i += blockDim.x)
    out[i] = box[i];
}

#define COPY_BOX(rank)                                                         \
  extern "C" __global__ void copyBox##rank(                                    \
      const __grid_constant__ Map map, const int *at, uint32_t *out,      \
      int bytes) {                                                             \
    copyBox<rank>(&map, at, out, bytes);                                       \
  }
COPY_BOX(1)
COPY_BOX(2)
COPY_BOX(3)
COPY_BOX(4)
COPY_BOX(5)

/// Stores `in` as it lies in shared memory to a box; adds it to another.
extern "C" __global__ void storeBox(const __grid_constant__ Map to,
                                    const __grid_constant__ Map sums, int c0,
                                    int c1, const uint32_t *in,
                                    int bytes) {
  for (int i = threadIdx.x; i < bytes / 4; i += blockDim.x)
    box[i] = in[i];
  fenceProxy();
  __syncthreads();
  if (threadIdx.x)
    return;
  storeTensor2(&to, c0, c1, box);
  asm volatile("cp.reduce.async.bulk.tensor.2d.global.shared::cta.add.tile."
               "bulk_group [%0, {%2, %3}], [%1];" ::"l"(&sums),
               "r"(sharedAddress(box)), "r"(c0), "r"(c1)
               : "memory");
  commitStores();
  waitForStores<0>();
}

/// Each block of a cluster loads a quarter of the chunk for all of them, then
/// sends its sum of it to the next block.
extern "C" __global__ void __cluster_dims__(4, 1, 1)
    share(const float *in, const float *weights, float *out) {
  __shared__ alignas(128) float values[chunk], received[4];
  __shared__ alignas(16) float sums[4];
  __shared__ uint64_t loaded, sent;
  const int rank = clusterRank();
  if (threadIdx.x == 0) {
    initialize(&loaded, 1);
    initialize(&sent, 1);
    fenceInit();
    arriveAndExpect(&sent, sizeof received);
  }
  clusterSync();
  const int part = chunk / 4;
  if (threadIdx.x == 0) {
    // Another block's part may come first.
    const int first = blockIdx.x / 4 * chunk + rank * part;
    loadBulkMulticast(values + rank * part, &in[first], part * sizeof(float),
                      &loaded, everyBlock);
    arriveAndExpect(&loaded, chunk * sizeof(float));
  }
  wait(&loaded, 0);
  if (threadIdx.x < 4) {
    float sum = 0.0f;
    for (int i = threadIdx.x; i < chunk; i += 4)
      sum += values[i] * weights[rank];
    sums[threadIdx.x] = sum;
    fenceProxy();
  }
  __syncthreads();
  if (threadIdx.x == 0)
    sendBulk(received, sums, sizeof received, &sent, (rank + 1) % 4);
  wait(&sent, 0);
  if (threadIdx.x < 4)
    out[blockIdx.x * 4 + threadIdx.x] = received[threadIdx.x];
  clusterSync();
}
