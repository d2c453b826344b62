//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Softmax: of rows, and within attention, whose scores never leave registers.
// SoftmaxTest.cpp says what each must do.
//
//===----------------------------------------------------------------------===//

#include "Asynchronous.cuh"

#include <cuda_fp16.h>

constexpr uint32_t everyLane = 0xFFFFFFFF;
constexpr int depth = 64, tileKeys = 32, warps = 4, stages = 2;
constexpr int tileQueries = warps * 16;
constexpr int pitch = depth + 8; ///< of a row in shared memory: halves
constexpr float log2e = 1.44269504f;

__device__ inline float maximumOfLanes(float value, int lanes) {
  for (int step = lanes / 2; step > 0; step /= 2)
    value = fmaxf(value, __shfl_xor_sync(everyLane, value, step));
  return value;
}
__device__ inline float sumOfLanes(float value, int lanes) {
  for (int step = lanes / 2; step > 0; step /= 2)
    value += __shfl_xor_sync(everyLane, value, step);
  return value;
}

/// Each block normalizes one row of `columns` floats.
extern "C" __global__ void softmaxRows(const float *in, float *out,
                                       int columns) {
  __shared__ float partial[warps];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const float *row = in + blockIdx.x * columns;
  float most = -INFINITY;
  for (int i = threadIdx.x; i < columns; i += warps * 32)
    most = fmaxf(most, row[i]);
  most = maximumOfLanes(most, 32);
  if (lane == 0)
    partial[warp] = most;
  __syncthreads();
  most = partial[0];
  for (int w = 1; w < warps; ++w)
    most = fmaxf(most, partial[w]);
  __syncthreads();
  float sum = 0.0f;
  for (int i = threadIdx.x; i < columns; i += warps * 32)
    sum += exp2f((row[i] - most) * log2e);
  sum = sumOfLanes(sum, 32);
  if (lane == 0)
    partial[warp] = sum;
  __syncthreads();
  sum = 0.0f;
  for (int w = 0; w < warps; ++w)
    sum += partial[w];
  for (int i = threadIdx.x; i < columns; i += warps * 32)
    out[blockIdx.x * columns + i] = exp2f((row[i] - most) * log2e) / sum;
}

template <bool transposed>
__device__ inline void loadMatrices(uint32_t *r, const __half *row) {
  if (transposed)
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, "
                 "%3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(sharedAddress(row))
                 : "memory");
  else
    asm volatile(
        "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
        : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
        : "r"(sharedAddress(row))
        : "memory");
}

__device__ inline void multiply(float *d, const uint32_t *a, uint32_t b0,
                                uint32_t b1) {
  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, "
               "%3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
               : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
               : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

/// Rows first to first + count - 1 of a matrix of `rows`; zeros beyond it.
template <int count>
__device__ inline void copyRows(__half *to, const __half *from, int first,
                                int rows) {
  for (int i = threadIdx.x; i < count * depth / 8; i += warps * 32) {
    const int row = i / (depth / 8), chunk = i % (depth / 8);
    const bool inside = first + row < rows;
    asm volatile(
        "cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(
            sharedAddress(to + row * pitch + chunk * 8)),
        "l"(from + (inside ? first + row : 0) * depth + chunk * 8),
        "r"(inside ? 16 : 0)
        : "memory");
  }
}
__device__ inline void commitCopies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}

struct Tiles {
  __half k[tileKeys * pitch], v[tileKeys * pitch];
};

/// What a warp keeps of its 16 queries; of rows lane / 4 and lane / 4 + 8 each
/// lane knows the maximum, its own part of the sum and of the products.
struct Rows {
  float sums[depth / 8][4] = {};
  float most[2] = {-INFINITY, -INFINITY}, total[2] = {};
};

/// Scores become weights: 2^(score - maximum), and 0 where a key is masked.
__device__ inline void weigh(Rows &rows, float (*scores)[4], int firstKey,
                             const int *lastKey, float scale) {
  const int lane = threadIdx.x % 32;
  float most[2] = {rows.most[0], rows.most[1]};
  for (int j = 0; j < tileKeys / 8; ++j)
    for (int e = 0; e < 4; ++e) {
      const int key = firstKey + j * 8 + lane % 4 * 2 + e % 2;
      float &score = scores[j][e];
      score = key <= lastKey[e / 2] ? score * scale : -INFINITY;
      most[e / 2] = fmaxf(most[e / 2], score);
    }
  for (int half = 0; half < 2; ++half) {
    most[half] = maximumOfLanes(most[half], 4);
    const float factor = exp2f(rows.most[half] - most[half]);
    rows.most[half] = most[half];
    rows.total[half] *= factor;
    for (int j = 0; j < depth / 8; ++j)
      for (int e = 0; e < 2; ++e)
        rows.sums[j][half * 2 + e] *= factor;
  }
  for (int j = 0; j < tileKeys / 8; ++j)
    for (int e = 0; e < 4; ++e) {
      scores[j][e] = exp2f(scores[j][e] - most[e / 2]);
      rows.total[e / 2] += scores[j][e];
    }
}

__device__ inline uint32_t pack(float low, float high) {
  const __half2 both = __floats2half2_rn(low, high);
  return *reinterpret_cast<const uint32_t *>(&both);
}

/// out = softmax(q k^T scale) v for `queries` rows of q and `keys` of k and v;
/// query i sees keys 0 to i + keys - queries. `scale` is that of powers of 2.
extern "C" __global__ void attention(const __half *q, const __half *k,
                                     const __half *v, float *out, int queries,
                                     int keys, float scale) {
  __shared__ alignas(16) __half tile[tileQueries * pitch];
  __shared__ alignas(16) Tiles tiles[stages];
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int first = blockIdx.x * tileQueries;
  const int turns = (keys + tileKeys - 1) / tileKeys;
  const auto fill = [&](int turn) {
    if (turn < turns) {
      copyRows<tileKeys>(tiles[turn % stages].k, k, turn * tileKeys, keys);
      copyRows<tileKeys>(tiles[turn % stages].v, v, turn * tileKeys, keys);
    }
    commitCopies();
  };
  copyRows<tileQueries>(tile, q, first, queries);
  fill(0);
  int lastKey[2];
  for (int half = 0; half < 2; ++half) {
    const int row = first + warp * 16 + lane / 4 + half * 8;
    lastKey[half] = min(row + keys - queries, keys - 1);
  }
  Rows rows;
#pragma unroll 1
  for (int turn = 0; turn < turns; ++turn) {
    fill(turn + 1);
    asm volatile("cp.async.wait_group 1;" ::: "memory");
    __syncthreads();
    const Tiles &from = tiles[turn % stages];
    float scores[tileKeys / 8][4] = {};
#pragma unroll
    for (int step = 0; step < depth; step += 16) {
      uint32_t a[4], b[4];
      loadMatrices<false>(a, tile + (warp * 16 + lane % 16) * pitch + step +
                                 lane / 16 * 8);
      for (int j = 0; j < tileKeys / 16; ++j) {
        loadMatrices<false>(b, from.k + (j * 16 + lane % 16) * pitch + step +
                                   lane / 16 * 8);
        multiply(scores[2 * j], a, b[0], b[2]);
        multiply(scores[2 * j + 1], a, b[1], b[3]);
      }
    }
    weigh(rows, scores, turn * tileKeys, lastKey, scale);
#pragma unroll
    for (int step = 0; step < tileKeys / 16; ++step) {
      const float *low = scores[2 * step], *high = scores[2 * step + 1];
      const uint32_t a[4] = {pack(low[0], low[1]), pack(low[2], low[3]),
                             pack(high[0], high[1]), pack(high[2], high[3])};
      for (int j = 0; j < depth / 16; ++j) {
        uint32_t b[4];
        loadMatrices<true>(b, from.v + (step * 16 + lane % 16) * pitch +
                                  j * 16 + lane / 16 * 8);
        multiply(rows.sums[2 * j], a, b[0], b[1]);
        multiply(rows.sums[2 * j + 1], a, b[2], b[3]);
      }
    }
    __syncthreads();
  }
  for (int half = 0; half < 2; ++half) {
    const int row = first + warp * 16 + lane / 4 + half * 8;
    const float total = sumOfLanes(rows.total[half], 4);
    if (row < queries)
      for (int j = 0; j < depth / 8; ++j)
        for (int e = 0; e < 2; ++e)
          out[row * depth + j * 8 + lane % 4 * 2 + e] =
              rows.sums[j][half * 2 + e] / total;
  }
}
