//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Products of warps, fed by cp.async. AmpereTest.cpp says what each must do.
//
//===----------------------------------------------------------------------===//

#include "Asynchronous.cuh"

constexpr int tileM = 128, tileN = 128, tileK = 32, stages = 3, threads = 256;
constexpr int pitch = tileK + 8; ///< of a row in shared memory: halves

struct Stage {
  uint16_t a[tileM * pitch], b[tileN * pitch];
};
extern __shared__ __align__(16) unsigned char buffers[];

/// Copies rows first to first + 127 of a matrix of k halves a row.
__device__ inline void load(uint16_t *to, const uint16_t *from, int first,
                            int at, int k) {
  for (int i = threadIdx.x; i < tileM * tileK / 8; i += threads) {
    const int row = i / (tileK / 8), chunk = i % (tileK / 8);
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(
                     sharedAddress(to + row * pitch + chunk * 8)),
                 "l"(from + (first + row) * k + at + chunk * 8)
                 : "memory");
  }
}

__device__ inline void loadMatrices(uint32_t *r, const uint16_t *row) {
  asm volatile(
      "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
      : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
      : "r"(sharedAddress(row))
      : "memory");
}

__device__ inline void multiply(float *d, const uint32_t *a, uint32_t b0,
                                uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, "
               "%2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// mbarrier.try_wait is of sm_90.
__device__ inline void poll(uint64_t *barrier, uint32_t parity) {
  uint32_t done;
  do
    asm volatile("{\n"
                 ".reg .pred p;\n"
                 "mbarrier.test_wait.parity.shared::cta.b64 p, [%1], %2;\n"
                 "selp.u32 %0, 1, 0, p;\n"
                 "}"
                 : "=r"(done)
                 : "r"(sharedAddress(barrier)), "r"(parity)
                 : "memory");
  while (!done);
}

/// How a stage is known to be there: groups of cp.async, or mbarriers at which
/// the copies arrive.
template <bool barriers>
__device__ void gemm(const uint16_t *a, const uint16_t *b, float *out, int n,
                     int k) {
  Stage *stage = reinterpret_cast<Stage *>(buffers);
  __shared__ uint64_t full[stages];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int row = blockIdx.y * tileM, column = blockIdx.x * tileN;
  const int turns = k / tileK;
  if (barriers) {
    if (threadIdx.x < stages)
      initialize(&full[threadIdx.x], threads);
    __syncthreads();
  }
  const auto fill = [&](int turn) {
    if (turn < turns) {
      Stage &to = stage[turn % stages];
      load(to.a, a, row, turn * tileK, k);
      load(to.b, b, column, turn * tileK, k);
      if (barriers)
        asm volatile("cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%0];" ::"r"(
                         sharedAddress(&full[turn % stages]))
                     : "memory");
    }
    if (!barriers)
      asm volatile("cp.async.commit_group;" ::: "memory");
  };
  for (int turn = 0; turn < stages - 1; ++turn)
    fill(turn);
  float sums[4][4][4] = {};
  const int warpRow = warp / 4 * 64, warpColumn = warp % 4 * 32;
#pragma unroll 1
  for (int turn = 0; turn < turns; ++turn) {
    const Stage &from = stage[turn % stages];
    if (barriers)
      poll(&full[turn % stages], turn / stages & 1);
    else
      asm volatile("cp.async.wait_group %0;" ::"n"(stages - 2) : "memory");
    __syncthreads();
    fill(turn + stages - 1);
#pragma unroll
    for (int step = 0; step < tileK; step += 16) {
      uint32_t fa[4][4], fb[2][4];
      for (int i = 0; i < 4; ++i)
        loadMatrices(fa[i], from.a + (warpRow + i * 16 + lane % 16) * pitch +
                                step + lane / 16 * 8);
      for (int i = 0; i < 2; ++i)
        loadMatrices(fb[i], from.b + (warpColumn + i * 16 + lane % 16) * pitch +
                                step + lane / 16 * 8);
      for (int i = 0; i < 4; ++i)
        for (int j = 0; j < 4; ++j)
          multiply(sums[i][j], fa[i], fb[j / 2][j % 2], fb[j / 2][j % 2 + 2]);
    }
  }
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 4; ++j)
      for (int e = 0; e < 4; ++e) {
        const int x = row + warpRow + i * 16 + lane / 4 + e / 2 * 8;
        const int y = column + warpColumn + j * 8 + lane % 4 * 2 + e % 2;
        out[x * n + y] = sums[i][j][e];
      }
}

extern "C" __global__ void groups(const uint16_t *a, const uint16_t *b,
                                  float *out, int n, int k) {
  gemm<false>(a, b, out, n, k);
}
extern "C" __global__ void barriers(const uint16_t *a, const uint16_t *b,
                                    float *out, int n, int k) {
  gemm<true>(a, b, out, n, k);
}

/// Copies with fewer bytes than they write, and of every size.
extern "C" __global__ void padded(const float *in, float *out, int count) {
  __shared__ alignas(16) float values[3][128];
  const int i = threadIdx.x;
  for (int j = 0; j < 3; ++j)
    values[j][i] = -1.0f;
  __syncthreads();
  const int bytes = i < count ? 4 : 0;
  asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(
                   sharedAddress(&values[0][i])),
               "l"(in + i), "r"(bytes)
               : "memory");
  if (i < 64)
    asm volatile("cp.async.ca.shared.global [%0], [%1], 8, %2;" ::"r"(
                     sharedAddress(&values[1][2 * i])),
                 "l"(in + 2 * i), "r"(2 * i + 1 < count ? 8 : 2 * i < count ? 4 : 0)
                 : "memory");
  if (i < 32)
    asm volatile("cp.async.ca.shared.global.L2::128B [%0], [%1], 16;" ::"r"(
                     sharedAddress(&values[2][4 * i])),
                 "l"(in + 4 * i)
                 : "memory");
  asm volatile("cp.async.wait_all;" ::: "memory");
  __syncthreads();
  for (int j = 0; j < 3; ++j)
    out[j * 128 + i] = values[j][i];
}
