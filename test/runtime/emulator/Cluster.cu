//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Clusters: distributed shared memory, and what completes in another block.
// ClusterTest.cpp says what each kernel must do.
//
//===----------------------------------------------------------------------===//

#include "Asynchronous.cuh"

constexpr int blocks = 4, threads = 64;

__device__ inline uint32_t mapTo(const void *pointer, uint32_t rank) {
  uint32_t address;
  asm volatile("mapa.shared::cluster.u32 %0, %1, %2;"
               : "=r"(address)
               : "r"(sharedAddress(pointer)), "r"(rank));
  return address;
}

/// Each block counts its values into the bins of all: bin b is in block b % 4.
extern "C" __global__ void __cluster_dims__(blocks, 1, 1)
    histogram(const uint32_t *in, uint32_t *bins, int count) {
  __shared__ uint32_t own[threads];
  own[threadIdx.x] = 0;
  clusterSync();
  for (int i = blockIdx.x * threads + threadIdx.x; i < count;
       i += gridDim.x * threads) {
    const uint32_t bin = in[i] % (blocks * threads);
    asm volatile("red.relaxed.cluster.shared::cluster.add.u32 [%0], 1;" ::"r"(
                     mapTo(&own[bin / blocks], bin % blocks))
                 : "memory");
  }
  clusterSync();
  atomicAdd(&bins[threadIdx.x * blocks + clusterRank()], own[threadIdx.x]);
}

/// Reads what the others wrote, through generic addresses as well.
extern "C" __global__ void __cluster_dims__(blocks, 1, 1)
    rotate(const float *in, float *out) {
  __shared__ float values[threads];
  const uint32_t rank = clusterRank();
  values[threadIdx.x] = in[blockIdx.x * threads + threadIdx.x];
  clusterSync();
  float next, other;
  asm volatile("ld.shared::cluster.f32 %0, [%1];"
               : "=f"(next)
               : "r"(mapTo(&values[threadIdx.x], (rank + 1) % blocks))
               : "memory");
  asm volatile("{\n"
               ".reg .b64 there;\n"
               "mapa.u64 there, %1, %2;\n"
               "ld.f32 %0, [there];\n"
               "}"
               : "=f"(other)
               : "l"(&values[threadIdx.x]), "r"((rank + 2) % blocks)
               : "memory");
  out[blockIdx.x * threads + threadIdx.x] = next + 2.0f * other;
  clusterSync();
}

/// A ring: each block sends four words to the next and adds to a counter there,
/// and waits for what the one before sent, over and over.
extern "C" __global__ void __cluster_dims__(blocks, 1, 1)
    ring(uint32_t *out, int turns) {
  __shared__ alignas(16) uint32_t words[2][4];
  __shared__ uint32_t counter;
  __shared__ uint64_t full[2], empty[2];
  const uint32_t rank = clusterRank(), next = (rank + 1) % blocks;
  const uint32_t before = (rank + blocks - 1) % blocks;
  if (threadIdx.x == 0) {
    for (int i = 0; i < 2; ++i) {
      initialize(&full[i], 1);
      initialize(&empty[i], 1);
    }
    counter = 0;
    fenceInit();
  }
  clusterSync();
  uint32_t sum = 0;
  if (threadIdx.x == 0)
#pragma unroll 1
    for (int i = 0; i < turns; ++i) {
      const int slot = i % 2;
      arriveAndExpect(&full[slot], 20);
      if (i >= 2)
        wait(&empty[slot], (i / 2 - 1) & 1);
      const uint32_t value = rank * 1000 + i;
      asm volatile(
          "st.async.shared::cluster.mbarrier::complete_tx::bytes.v4.b32 [%0], "
          "{%2, %3, %4, %5}, [%1];" ::"r"(mapTo(words[slot], next)),
          "r"(mapTo(&full[slot], next)), "r"(value), "r"(value + 1),
          "r"(value + 2), "r"(value + 3)
          : "memory");
      asm volatile("red.async.relaxed.cluster.shared::cluster.mbarrier::"
                   "complete_tx::bytes.add.u32 [%0], %2, [%1];" ::"r"(
                       mapTo(&counter, next)),
                   "r"(mapTo(&full[slot], next)), "r"(i)
                   : "memory");
      wait(&full[slot], i / 2 & 1);
      for (int j = 0; j < 4; ++j)
        sum += words[slot][j];
      arriveAt(&empty[slot], before);
    }
  clusterSync();
  if (threadIdx.x == 0) {
    out[blockIdx.x * 2] = sum;
    out[blockIdx.x * 2 + 1] = counter;
  }
}

/// Matrices through stmatrix and ldmatrix: out = in, transposed 8x8 by 8x8.
extern "C" __global__ void moves(const uint32_t *in, uint32_t *out) {
  __shared__ alignas(16) uint32_t tiles[4][8][4];
  const int lane = threadIdx.x;
  uint32_t r[4], d[4], turned;
  for (int q = 0; q < 4; ++q)
    r[q] = in[q * 32 + lane];
  asm volatile("stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%0], {%1, %2, "
               "%3, %4};" ::"r"(sharedAddress(tiles[lane / 8][lane % 8])),
               "r"(r[0]), "r"(r[1]), "r"(r[2]), "r"(r[3])
               : "memory");
  __syncwarp();
  asm volatile(
      "ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];"
      : "=r"(d[0]), "=r"(d[1])
      : "r"(sharedAddress(tiles[lane / 8][lane % 8]))
      : "memory");
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
               : "=r"(d[2])
               : "r"(sharedAddress(tiles[2][lane % 8]))
               : "memory");
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;"
               : "=r"(turned)
               : "r"(r[3]));
  d[3] = turned;
  for (int q = 0; q < 4; ++q)
    out[q * 32 + lane] = d[q];
}

/// Changes a tensor map in shared memory, publishes it, and loads by it.
extern "C" __global__ void edit(const __grid_constant__ Map map, Map *changed,
                                const float *tensor, int columns, float *out) {
  __shared__ alignas(128) Map own;
  __shared__ alignas(128) float box[4 * 8];
  __shared__ uint64_t full;
  if (threadIdx.x < 16)
    own.words[threadIdx.x] = map.words[threadIdx.x];
  __syncwarp();
  if (threadIdx.x == 0) {
    const uint32_t at = sharedAddress(&own);
    asm volatile(
        "tensormap.replace.tile.global_address.shared::cta.b1024.b64 [%0], "
        "%1;" ::"r"(at),
        "l"(tensor)
        : "memory");
    asm volatile("tensormap.replace.tile.global_dim.shared::cta.b1024.b32 "
                 "[%0], 0, %1;" ::"r"(at),
                 "r"(columns)
                 : "memory");
    asm volatile("tensormap.replace.tile.global_stride.shared::cta.b1024.b64 "
                 "[%0], 0, %1;" ::"r"(at),
                 "l"(int64_t(columns) * 4)
                 : "memory");
  }
  __syncwarp();
  asm volatile("tensormap.cp_fenceproxy.global.shared::cta.tensormap::generic."
               "release.gpu.sync.aligned [%0], [%1], 128;" ::"l"(changed),
               "r"(sharedAddress(&own))
               : "memory");
  asm volatile("fence.proxy.tensormap::generic.acquire.gpu [%0], 128;" ::"l"(
                   changed)
               : "memory");
  if (threadIdx.x == 0) {
    initialize(&full, 1);
    fenceInit();
    arriveAndExpect(&full, sizeof box);
    loadTensor2(box, changed, 4, 1, &full);
  }
  __syncwarp();
  wait(&full, 0);
  out[threadIdx.x] = box[threadIdx.x];
}
