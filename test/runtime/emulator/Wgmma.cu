//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Products of a warpgroup, fed by TMA. Each kernel computes D = A * B with tiles
// of 64 x 64: warps 0 to 3 multiply, warp 4 loads. WgmmaTest.cpp names them.
//
//===----------------------------------------------------------------------===//

#include "Asynchronous.cuh"

constexpr int tile = 64, stages = 2;

/// The matrix descriptor of PTX ISA 9.7.15.5.1. `swizzle` is the span in bytes,
/// `leading` and `stride` are byte offsets.
__device__ inline uint64_t describe(uint32_t start, int leading, int stride,
                                    int swizzle) {
  const uint32_t mode = swizzle == 128  ? 1
                        : swizzle == 64 ? 2
                        : swizzle == 32 ? 3
                                        : 0;
  const uint32_t low = start >> 4 & 0x3FFF | uint32_t(leading >> 4) << 16;
  const uint32_t high = uint32_t(stride >> 4) | mode << 30;
  uint64_t bits;
  asm("mov.b64 %0, {%1, %2};" : "=l"(bits) : "r"(low), "r"(high));
  return bits;
}

__device__ inline void fenceRegisters() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ inline void commitProducts() {
  asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory");
}
template <int keep> __device__ inline void waitForProducts() {
  asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(keep) : "memory");
}

#define SUMS                                                                   \
  "{%0, %1, %2, %3, %4, %5, %6, %7, %8, %9, %10, %11, %12, %13, %14, %15, "    \
  "%16, %17, %18, %19, %20, %21, %22, %23, %24, %25, %26, %27, %28, %29, "     \
  "%30, %31}"
#define EIGHT(c, i)                                                            \
  c(d[i]), c(d[i + 1]), c(d[i + 2]), c(d[i + 3]), c(d[i + 4]), c(d[i + 5]),    \
      c(d[i + 6]), c(d[i + 7])
#define THIRTY_TWO(c) EIGHT(c, 0), EIGHT(c, 8), EIGHT(c, 16), EIGHT(c, 24)
/// A and B by descriptor; `tail` follows scale-d.
#define WGMMA(c, form, tail)                                                   \
  asm volatile("{\n.reg .pred p;\nsetp.ne.b32 p, %34, 0;\n"                    \
               "wgmma.mma_async.sync.aligned.m64n64" form " " SUMS             \
               ", %32, %33, p" tail ";\n}"                                     \
               : THIRTY_TWO(c)                                                 \
               : "l"(a), "l"(b), "r"(accumulate), "n"(ta), "n"(tb))

struct Half {
  using Sum = float;
  static constexpr int bytes = 2;
  template <int ta, int tb>
  static __device__ void run(float *d, uint64_t a, uint64_t b, int accumulate) {
    WGMMA("+f", "k16.f32.f16.f16", ", 1, 1, %35, %36");
  }
};
struct Bfloat {
  using Sum = float;
  static constexpr int bytes = 2;
  template <int ta, int tb>
  static __device__ void run(float *d, uint64_t a, uint64_t b, int accumulate) {
    // D = -(A * -B)
    WGMMA("+f", "k16.f32.bf16.bf16", ", -1, -1, %35, %36");
  }
};
#define K_MAJOR_ONLY(Name, S, size, c, form, tail)                             \
  struct Name {                                                                \
    using Sum = S;                                                             \
    static constexpr int bytes = size;                                         \
    template <int ta, int tb>                                                  \
    static __device__ void run(S *d, uint64_t a, uint64_t b,                   \
                               int accumulate) {                               \
      WGMMA(c, form, tail);                                                    \
    }                                                                          \
  };
K_MAJOR_ONLY(Tf32, float, 4, "+f", "k8.f32.tf32.tf32", ", 1, 1")
K_MAJOR_ONLY(E4m3, float, 1, "+f", "k32.f32.e4m3.e4m3", ", 1, 1")
K_MAJOR_ONLY(Mixed, float, 1, "+f", "k32.f32.e5m2.e4m3", ", 1, 1")
K_MAJOR_ONLY(S8, int, 1, "+r", "k32.s32.s8.s8", "")
K_MAJOR_ONLY(U8, int, 1, "+r", "k32.s32.u8.s8", "")

/// How one operand lies in shared memory: boxes of `line` bytes along its
/// contiguous dimension, one after the other. `swizzle` is that of both.
template <int elementBytes, bool alongX> struct Operand {
  static constexpr int depth = 128 / elementBytes; ///< along k of one stage
  static constexpr int bytes = tile * 128;
  const int swizzle;
  const int line = swizzle ? swizzle : 16;
  const int box = line / elementBytes;
  const int boxBytes = (alongX ? depth : tile) * line;

  /// The matrix of the product of number `step` along k, 32 bytes each.
  __device__ uint64_t descriptor(uint32_t start, int step) const {
    if (alongX) {
      const uint32_t at = start + step * 16 * line;
      return swizzle ? describe(at, boxBytes, 8 * line, swizzle)
                     : describe(at, 8 * line, boxBytes, swizzle);
    }
    const int byte = step * 32;
    const uint32_t at = start + byte / line * boxBytes + byte % line;
    return describe(at, swizzle ? 16 : boxBytes, 8 * line, swizzle);
  }
  __device__ void load(uint32_t to, const Map *map, int x, int k,
                       uint64_t *barrier) const {
#pragma unroll 1
    for (int i = 0; i * boxBytes < bytes; ++i) {
      const int c0 = (alongX ? x : k) + i * box, c1 = alongX ? k : x;
      asm volatile(
          "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_"
          "tx::bytes [%0], [%1, {%3, %4}], [%2];" ::"r"(to + i * boxBytes),
          "l"(map), "r"(sharedAddress(barrier)), "r"(c0), "r"(c1)
          : "memory");
    }
  }
};

struct Pipeline {
  uint64_t full[stages], empty[stages];
};

extern __shared__ __align__(1024) uint32_t operands[];

template <class Type, bool alongM, bool alongN>
__device__ void multiply(const Map *mapA, const Map *mapB,
                         typename Type::Sum *out, int n, int k, int swizzle) {
  const Operand<Type::bytes, alongM> a{swizzle};
  const Operand<Type::bytes, alongN> b{swizzle};
  constexpr int stageBytes = a.bytes + b.bytes;
  __shared__ Pipeline pipeline;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  const int row = blockIdx.y * tile, column = blockIdx.x * tile;
  const uint32_t start = sharedAddress(operands);
  const int turns = k / a.depth;
  if (threadIdx.x == 0) {
    for (int s = 0; s < stages; ++s) {
      initialize(&pipeline.full[s], 1);
      initialize(&pipeline.empty[s], 1);
    }
    fenceInit();
  }
  __syncthreads();
  if (warp == 4) {
#pragma unroll 1
    for (int i = 0; lane == 0 && i < turns; ++i) {
      const int s = i % stages;
      if (i >= stages)
        wait(&pipeline.empty[s], (i / stages - 1) & 1);
      arriveAndExpect(&pipeline.full[s], stageBytes);
      const uint32_t to = start + s * stageBytes;
      a.load(to, mapA, row, i * a.depth, &pipeline.full[s]);
      b.load(to + a.bytes, mapB, column, i * a.depth, &pipeline.full[s]);
    }
    return;
  }
  typename Type::Sum d[32] = {};
#pragma unroll 1
  for (int i = 0; i < turns; ++i) {
    const int s = i % stages;
    wait(&pipeline.full[s], i / stages & 1);
    const uint32_t from = start + s * stageBytes;
    fenceRegisters();
#pragma unroll 1
    for (int step = 0; step < 4; ++step)
      Type::template run<alongM, alongN>(d, a.descriptor(from, step),
                                         b.descriptor(from + a.bytes, step),
                                         i + step != 0);
    commitProducts();
    waitForProducts<0>();
    // The products are the group's: one thread may speak for all of it.
    if (threadIdx.x == 0)
      arrive(&pipeline.empty[s]);
  }
  for (int i = 0; i < 32; ++i) {
    const int x = row + warp * 16 + lane / 4 + 8 * (i / 2 % 2);
    const int y = column + 8 * (i / 4) + 2 * (lane % 4) + i % 2;
    out[x * n + y] = d[i];
  }
}

#define GEMM(name, Type, alongM, alongN)                                       \
  extern "C" __global__ void name(                                             \
      const __grid_constant__ Map a, const __grid_constant__ Map b,            \
      Type::Sum *out, int n, int k, int swizzle) {                             \
    multiply<Type, alongM, alongN>(&a, &b, out, n, k, swizzle);                \
  }
GEMM(halfKK, Half, false, false)
GEMM(halfKN, Half, false, true)
GEMM(halfMK, Half, true, false)
GEMM(halfMN, Half, true, true)
GEMM(bfloatKN, Bfloat, false, true)
GEMM(tf32, Tf32, false, false)
GEMM(e4m3, E4m3, false, false)
GEMM(mixed, Mixed, false, false)
GEMM(s8, S8, false, false)
GEMM(u8, U8, false, false)

/// A from registers, 64 x 16; two groups of products in flight.
extern "C" __global__ void fromRegisters(const uint32_t *a,
                                         const __grid_constant__ Map mapB,
                                         float *out, int k) {
  const Operand<2, false> b{128};
  __shared__ uint64_t full;
  const int warp = threadIdx.x / 32, lane = threadIdx.x % 32;
  if (threadIdx.x == 0) {
    initialize(&full, 1);
    fenceInit();
    arriveAndExpect(&full, k / b.depth * b.bytes);
#pragma unroll 1
    for (int i = 0; i < k / b.depth; ++i)
      b.load(sharedAddress(operands) + i * b.bytes, &mapB, 0, i * b.depth,
              &full);
  }
  __syncthreads();
  wait(&full, 0);
  float d[32] = {};
  uint32_t fragments[2][4];
#pragma unroll 1
  for (int step = 0; step < k / 16; step += 2) {
    for (int s = 0; s < 2; ++s) {
      waitForProducts<1>();
      for (int q = 0; q < 4; ++q) {
        const int x = warp * 16 + lane / 4 + 8 * (q % 2);
        const int word = (step + s) * 8 + lane % 4 + 4 * (q / 2);
        fragments[s][q] = a[x * (k / 2) + word];
      }
      fenceRegisters();
      const uint64_t matrix = b.descriptor(sharedAddress(operands) +
                                           (step + s) / 4 * b.bytes,
                                       (step + s) % 4);
      asm volatile("wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 " SUMS
                   ", {%32, %33, %34, %35}, %36, 1, 1, 1, 0;"
                   : THIRTY_TWO("+f")
                   : "r"(fragments[s][0]), "r"(fragments[s][1]),
                     "r"(fragments[s][2]), "r"(fragments[s][3]), "l"(matrix));
      commitProducts();
    }
  }
  waitForProducts<0>();
  for (int i = 0; i < 32; ++i) {
    const int x = warp * 16 + lane / 4 + 8 * (i / 2 % 2);
    const int y = 8 * (i / 4) + 2 * (lane % 4) + i % 2;
    out[x * tile + y] = d[i];
  }
}
