//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "Probes.h"

#include "runtime/abi/Amx.h"

#include <cstdio>
#include <cstdlib>
#include <immintrin.h>

using namespace moec::bench;

/// Where results go that nobody needs.
static thread_local volatile long long sink;

template <bool prefetches>
__attribute__((target("avx2"))) static void read(const char *data,
                                                 int64_t bytes) {
  __m256i sums[8] = {};
  for (int64_t i = 0; i + 256 <= bytes; i += 256) {
    if (prefetches)
      for (int64_t j = 0; j < 256; j += 64)
        _mm_prefetch(data + i + 8192 + j, _MM_HINT_T0);
    for (int64_t j = 0; j < 8; ++j) {
      auto *line = reinterpret_cast<const __m256i *>(data + i + 32 * j);
      sums[j] = _mm256_xor_si256(sums[j], _mm256_loadu_si256(line));
    }
  }
  for (int64_t j = 1; j < 8; ++j)
    sums[0] = _mm256_xor_si256(sums[0], sums[j]);
  sink = _mm256_extract_epi64(sums[0], 0) ^ _mm256_extract_epi64(sums[0], 1) ^
         _mm256_extract_epi64(sums[0], 2) ^ _mm256_extract_epi64(sums[0], 3);
}

void moec::bench::readPlain(const char *data, int64_t bytes) {
  read<false>(data, bytes);
}
void moec::bench::readPrefetching(const char *data, int64_t bytes) {
  read<true>(data, bytes);
}

Multiply moec::bench::multiplyOf(const Target &target, bool isBF16) {
  if (target.hasAmx && !moert_permit_amx()) {
    std::fprintf(stderr, "target %s needs AMX, which this machine lacks\n",
                 target.name.c_str());
    std::exit(1);
  }
  if (isBF16 && target.hasAmx)
    return Multiply::TilesBF16;
  if (isBF16 && target.hasBF16Dot)
    return Multiply::DotBF16;
  return target.vectorBits == 512 ? Multiply::Fma512 : Multiply::Fma256;
}

/// All eight tiles whole, four of them of sums; see AmxTile.cpp.
static void multiplyTiles(int64_t count) {
  alignas(64) static const uint64_t config[8] = {
      1, 0, 0x0040004000400040, 0x0040004000400040, 0, 0, 0x1010101010101010};
  asm volatile("ldtilecfg %0" : : "m"(config));
  for (int64_t i = 0; i < count; ++i)
    asm volatile("tdpbf16ps %tmm6, %tmm4, %tmm0\n"
                 "tdpbf16ps %tmm7, %tmm4, %tmm1\n"
                 "tdpbf16ps %tmm6, %tmm5, %tmm2\n"
                 "tdpbf16ps %tmm7, %tmm5, %tmm3\n");
  asm volatile("tilerelease");
}

// More chains than latency times throughput asks for.
#define CHAINS(instruction, width)                                             \
  for (int64_t i = 0; i < count; ++i)                                          \
  asm volatile(instruction                                                     \
               " %%" width "0, %%" width "1, %%" width "2\n" instruction       \
               " %%" width "0, %%" width "1, %%" width "3\n" instruction       \
               " %%" width "0, %%" width "1, %%" width "4\n" instruction       \
               " %%" width "0, %%" width "1, %%" width "5\n" instruction       \
               " %%" width "0, %%" width "1, %%" width "6\n" instruction       \
               " %%" width "0, %%" width "1, %%" width "7\n" instruction       \
               " %%" width "0, %%" width "1, %%" width "8\n" instruction       \
               " %%" width "0, %%" width "1, %%" width "9\n" instruction       \
               " %%" width "0, %%" width "1, %%" width "10\n" instruction      \
               " %%" width "0, %%" width "1, %%" width "11\n" instruction      \
               " %%" width "0, %%" width "1, %%" width "12\n" instruction      \
               " %%" width "0, %%" width "1, %%" width "13\n"                  \
               :                                                               \
               :                                                               \
               : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",       \
                 "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13")

static constexpr int64_t chains = 12;

double moec::bench::multiplyInRegisters(Multiply multiply, int64_t count) {
  // Zeros, so that no denormal slows anything down.
  asm volatile("vzeroall" ::
                   : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
                     "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
                     "xmm13");
  switch (multiply) {
  case Multiply::TilesBF16:
    multiplyTiles(count);
    return double(count) * 4 * 2 * 16 * 16 * 32;
  case Multiply::DotBF16:
    CHAINS("vdpbf16ps", "zmm");
    return double(count) * chains * 64;
  case Multiply::Fma512:
    CHAINS("vfmadd231ps", "zmm");
    return double(count) * chains * 32;
  case Multiply::Fma256:
    CHAINS("vfmadd231ps", "ymm");
    return double(count) * chains * 16;
  }
  return 0;
}
