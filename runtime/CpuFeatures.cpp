//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/CpuFeatures.h"

#include "runtime/abi/Amx.h"

#include <array>
#include <cpuid.h>
#include <cstdint>

using namespace moert;

namespace {

/// Registers of CPUID, in the order in which it returns them.
enum Register : uint8_t { EAX, EBX, ECX, EDX };

/// State components that the operating system must save (XCR0).
enum SavedState : uint32_t {
  NoState = 0,
  AvxState = 0x06,    // XMM, YMM
  Avx512State = 0xe6, // and opmask, ZMM
  AmxState = 0x60000, // tiles and their configuration
};

struct Feature {
  std::string_view name;
  uint32_t leaf, subleaf;
  Register reg;
  uint8_t bit;
  SavedState state;
};

} // namespace

// Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E.
static constexpr Feature features[] = {
    {"sse3", 1, 0, ECX, 0, NoState},
    {"pclmul", 1, 0, ECX, 1, NoState},
    {"ssse3", 1, 0, ECX, 9, NoState},
    {"fma", 1, 0, ECX, 12, AvxState},
    {"cx16", 1, 0, ECX, 13, NoState},
    {"sse4.1", 1, 0, ECX, 19, NoState},
    {"sse4.2", 1, 0, ECX, 20, NoState},
    {"movbe", 1, 0, ECX, 22, NoState},
    {"popcnt", 1, 0, ECX, 23, NoState},
    {"aes", 1, 0, ECX, 25, NoState},
    {"xsave", 1, 0, ECX, 26, NoState},
    {"avx", 1, 0, ECX, 28, AvxState},
    {"f16c", 1, 0, ECX, 29, AvxState},
    {"bmi", 7, 0, EBX, 3, NoState},
    {"avx2", 7, 0, EBX, 5, AvxState},
    {"bmi2", 7, 0, EBX, 8, NoState},
    {"avx512f", 7, 0, EBX, 16, Avx512State},
    {"avx512dq", 7, 0, EBX, 17, Avx512State},
    {"avx512ifma", 7, 0, EBX, 21, Avx512State},
    {"avx512cd", 7, 0, EBX, 28, Avx512State},
    {"avx512bw", 7, 0, EBX, 30, Avx512State},
    {"avx512vl", 7, 0, EBX, 31, Avx512State},
    {"avx512vbmi", 7, 0, ECX, 1, Avx512State},
    {"avx512vbmi2", 7, 0, ECX, 6, Avx512State},
    {"gfni", 7, 0, ECX, 8, NoState},
    {"avx512vnni", 7, 0, ECX, 11, Avx512State},
    {"avx512bitalg", 7, 0, ECX, 12, Avx512State},
    {"avx512vpopcntdq", 7, 0, ECX, 14, Avx512State},
    {"amx-bf16", 7, 0, EDX, 22, AmxState},
    {"avx512fp16", 7, 0, EDX, 23, Avx512State},
    {"amx-tile", 7, 0, EDX, 24, AmxState},
    {"avxvnni", 7, 1, EAX, 4, AvxState},
    {"avx512bf16", 7, 1, EAX, 5, Avx512State},
    {"sahf", 0x80000001, 0, ECX, 0, NoState},
    {"lzcnt", 0x80000001, 0, ECX, 5, NoState},
};

/// The state components that the operating system saves.
static uint32_t readSavedState() {
  uint32_t eax, ebx, ecx, edx;
  constexpr uint32_t osxsave = 1u << 27;
  if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & osxsave))
    return 0;
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

bool moert::cpuHasFeature(std::string_view name) {
  for (const Feature &f : features) {
    if (f.name != name)
      continue;
    std::array<uint32_t, 4> registers{};
    if (!__get_cpuid_count(f.leaf, f.subleaf, &registers[EAX], &registers[EBX],
                           &registers[ECX], &registers[EDX]))
      return false;
    return (registers[f.reg] >> f.bit & 1) &&
           (readSavedState() & f.state) == f.state &&
           (f.state != AmxState || moert_permit_amx());
  }
  return false;
}
