//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Probes.h"

#include "runtime/tools/Failure.h"
#include "runtime/tools/Stopwatch.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <immintrin.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace moert::tools;

static constexpr double readSeconds = 0.15;
static constexpr double dotSeconds = 0.05;
/// A thread looks at the clock once in so many bytes.
static constexpr size_t blockBytes = size_t(1) << 20;
/// Prefetched ahead: enough to hide memory's latency behind other lines.
static constexpr size_t prefetchBytes = 4096;
/// A read takes four vectors at a time; parts are multiples of that.
static constexpr size_t unitBytes = 256;

//===----------------------------------------------------------------------===//
// Readers
//===----------------------------------------------------------------------===//

// Each returns something that depends on every byte, so that none is left out.

template <bool prefetches>
__attribute__((target("avx512f"))) static uint64_t readAvx512(const char *bytes,
                                                              size_t size) {
  __m512i sums[4] = {};
  for (size_t i = 0; i < size; i += unitBytes)
    for (size_t j = 0; j < 4; ++j) {
      const char *line = bytes + i + 64 * j;
      if (prefetches)
        _mm_prefetch(line + prefetchBytes, _MM_HINT_T0);
      sums[j] = _mm512_xor_si512(sums[j], _mm512_loadu_si512(line));
    }
  __m512i sum = _mm512_xor_si512(_mm512_xor_si512(sums[0], sums[1]),
                                 _mm512_xor_si512(sums[2], sums[3]));
  return static_cast<uint64_t>(_mm512_reduce_add_epi64(sum));
}

template <bool prefetches>
__attribute__((target("avx2"))) static uint64_t readAvx2(const char *bytes,
                                                         size_t size) {
  __m256i sums[8] = {};
  for (size_t i = 0; i < size; i += unitBytes)
    for (size_t j = 0; j < 8; ++j) {
      const char *half = bytes + i + 32 * j;
      if (prefetches && j % 2 == 0)
        _mm_prefetch(half + prefetchBytes, _MM_HINT_T0);
      auto vector = reinterpret_cast<const __m256i *>(half);
      sums[j] = _mm256_xor_si256(sums[j], _mm256_loadu_si256(vector));
    }
  for (size_t j = 1; j < 8; ++j)
    sums[0] = _mm256_xor_si256(sums[0], sums[j]);
  return static_cast<uint64_t>(
      _mm256_extract_epi64(sums[0], 0) ^ _mm256_extract_epi64(sums[0], 1) ^
      _mm256_extract_epi64(sums[0], 2) ^ _mm256_extract_epi64(sums[0], 3));
}

using Reader = uint64_t (*)(const char *bytes, size_t size);

static Reader chooseReader(bool prefetches) {
  if (__builtin_cpu_supports("avx512f"))
    return prefetches ? readAvx512<true> : readAvx512<false>;
  return prefetches ? readAvx2<true> : readAvx2<false>;
}

/// Keeps a value that nobody needs.
static void keep(uint64_t value) { asm volatile("" : : "r"(value)); }

ReadProbe::ReadProbe(const std::string &path, size_t bytes, bool hugePages,
                     Session &session)
    : session(session) {
  int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat status {};
  if (file < 0 || fstat(file, &status) < 0)
    failWithErrno(path, "cannot open");
  mappedBytes = std::min(static_cast<size_t>(status.st_size), bytes);
  mapping = mmap(nullptr, mappedBytes, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (mapping == MAP_FAILED)
    failWithErrno(path, "cannot map");
  if (hugePages)
    copyToHugePages();
  parts.resize(static_cast<size_t>(session.stats().threads));
  size_t size = mappedBytes / parts.size() / unitBytes * unitBytes;
  for (size_t i = 0; i < parts.size(); ++i) {
    parts[i].bytes = static_cast<const char *>(mapping) + i * size;
    parts[i].size = size;
  }
  warmUp();
}

/// More than caches hold is enough: memory is the weights' now.
void ReadProbe::copyToHugePages() {
  constexpr size_t most = size_t(2) << 30, page = size_t(2) << 20;
  size_t bytes = std::min(mappedBytes, most) / page * page;
  if (bytes == 0)
    return; // so few bytes that pages do not matter
  void *copy = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (copy == MAP_FAILED)
    failWithErrno("the read probe", "cannot have its memory");
  (void)madvise(copy, bytes, MADV_HUGEPAGE);
  std::memcpy(copy, mapping, bytes);
  munmap(mapping, mappedBytes);
  mapping = copy;
  mappedBytes = bytes;
}

ReadProbe::~ReadProbe() { munmap(mapping, mappedBytes); }

/// The first read of a page is a page fault.
void ReadProbe::warmUp() {
  Reader reader = chooseReader(false);
  session.runOnThreads([&](int32_t thread) {
    const Part &part = parts[static_cast<size_t>(thread)];
    keep(reader(part.bytes, part.size));
  });
}

double ReadProbe::measure(bool prefetches) {
  Reader reader = chooseReader(prefetches);
  Stopwatch watch;
  session.runOnThreads([&](int32_t thread) {
    Part &part = parts[static_cast<size_t>(thread)];
    part.bytesRead = 0;
    while (part.size > 0 && watch.seconds() < readSeconds) {
      size_t count = std::min(blockBytes, part.size - part.cursor);
      keep(reader(part.bytes + part.cursor, count));
      part.bytesRead += double(count);
      part.cursor = (part.cursor + count) % part.size;
    }
  });
  double bytes = 0;
  for (const Part &part : parts)
    bytes += part.bytesRead;
  return bytes / watch.seconds();
}

double ReadProbe::measure() { return std::max(measure(false), measure(true)); }

//===----------------------------------------------------------------------===//
// Multiply-adds
//===----------------------------------------------------------------------===//

// Chains that are independent and many enough to hide an instruction's
// latency, few enough to stay in registers.
static constexpr int chains = 12;
static constexpr int64_t batch = 4096;

// Each runs `batch` rounds of all chains and returns the operations of one.

__attribute__((target("avx512f,avx512bf16"))) static double dotBf16() {
  __m512 sums[chains] = {};
  auto ones = (__m512bh)_mm512_set1_epi32(0x3f803f80);
  for (int64_t round = 0; round < batch; ++round)
#pragma unroll
    for (int chain = 0; chain < chains; ++chain) {
      sums[chain] = _mm512_dpbf16_ps(sums[chain], ones, ones);
      asm volatile("" : "+v"(sums[chain]));
    }
  return chains * 64;
}

__attribute__((target("avx512f"))) static double fmaAvx512() {
  __m512 sums[chains] = {};
  __m512 ones = _mm512_set1_ps(1);
  for (int64_t round = 0; round < batch; ++round)
#pragma unroll
    for (int chain = 0; chain < chains; ++chain) {
      sums[chain] = _mm512_fmadd_ps(ones, ones, sums[chain]);
      asm volatile("" : "+v"(sums[chain]));
    }
  return chains * 32;
}

__attribute__((target("avx2,fma"))) static double fmaAvx2() {
  __m256 sums[chains] = {};
  __m256 ones = _mm256_set1_ps(1);
  for (int64_t round = 0; round < batch; ++round)
#pragma unroll
    for (int chain = 0; chain < chains; ++chain) {
      sums[chain] = _mm256_fmadd_ps(ones, ones, sums[chain]);
      asm volatile("" : "+x"(sums[chain]));
    }
  return chains * 16;
}

/// What LDTILECFG reads: eight registers of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1, startRow = 0, reserved[14] = {};
  uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

/// Four registers of sums, as many as products have.
__attribute__((target("amx-tile,amx-bf16"))) static double dotAmx() {
  TileConfig config;
  _tile_loadconfig(&config);
  for (int64_t round = 0; round < batch; ++round) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return 4 * 2 * 16 * 16 * 32;
}

static double (*chooseDot(const moert_model_info &info))() {
  if (info.uses_amx)
    return dotAmx;
  if (__builtin_cpu_supports("avx512bf16"))
    return dotBf16;
  return __builtin_cpu_supports("avx512f") ? fmaAvx512 : fmaAvx2;
}

double moert::tools::measureDotPeak(const moert_model_info &info,
                                    Session &session) {
  double (*dot)() = chooseDot(info);
  std::vector<double> operations(static_cast<size_t>(session.stats().threads));
  Stopwatch watch;
  session.runOnThreads([&](int32_t thread) {
    double sum = 0;
    while (watch.seconds() < dotSeconds)
      sum += double(batch) * dot();
    operations[static_cast<size_t>(thread)] = sum;
  });
  double sum = 0;
  for (double count : operations)
    sum += count;
  return sum / watch.seconds();
}

//===----------------------------------------------------------------------===//
// Rooflines
//===----------------------------------------------------------------------===//

Rooflines::Rooflines(const RunFlags &flags, const Model &model,
                     size_t stepBytes, Session &session)
    : info(model.info()), session(session) {
  if (std::string_view(info.device) == "cpu")
    reader.emplace(flags.model, stepBytes, flags.hugePages, session);
}

double Rooflines::readRate() {
  return reader ? reader->measure() : session.measureMemory();
}

double Rooflines::productRate() {
  return reader ? measureDotPeak(info, session) : info.flops_per_second;
}
