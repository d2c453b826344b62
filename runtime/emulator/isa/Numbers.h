//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Floating-point formats as numbers of the host, in loops that vectorise.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_NUMBERS_H
#define RUNTIME_EMULATOR_ISA_NUMBERS_H

#include <cstdint>
#include <cstring>

namespace emulator {

template <class To, class From> inline To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From), "the same bits");
  To to;
  std::memcpy(&to, &from, sizeof to);
  return to;
}

constexpr uint32_t canonicalNan = 0x7FFFFFFF; ///< of f32 results
constexpr uint16_t canonicalNan16 = 0x7FFF;   ///< of f16 and bf16 results

/// Exact; NaNs keep their payload.
inline float halfToFloat(uint16_t half) {
  uint32_t magnitude = static_cast<uint32_t>(half & 0x7FFF) << 13;
  // The product moves the exponent, and makes numbers of denormals.
  float value = bitCast<float>(magnitude) * 0x1p112f;
  uint32_t bits = bitCast<uint32_t>(value);
  bits = magnitude >= 0x0F800000 ? magnitude | 0x7F800000 : bits;
  return bitCast<float>(bits | static_cast<uint32_t>(half & 0x8000) << 16);
}

/// To nearest, ties to even. NaN becomes the canonical one.
inline uint16_t floatToHalf(float value) {
  uint32_t bits = bitCast<uint32_t>(value);
  uint32_t sign = bits >> 16 & 0x8000, magnitude = bits & 0x7FFFFFFF;
  // Denormals: the sum with 0.5 leaves the result in its low bits.
  uint32_t small =
      bitCast<uint32_t>(bitCast<float>(magnitude) + 0.5f) - 0x3F000000;
  uint32_t normal =
      (magnitude - 0x38000000 + 0xFFF + (magnitude >> 13 & 1)) >> 13;
  uint32_t result = magnitude < 0x38800000 ? small : normal;
  result = magnitude >= 0x47800000 ? 0x7C00 : result;
  result = magnitude > 0x7F800000 ? canonicalNan16 : (result | sign);
  return static_cast<uint16_t>(result);
}

/// Exact.
inline float bfloatToFloat(uint16_t value) {
  return bitCast<float>(static_cast<uint32_t>(value) << 16);
}

/// To nearest, ties to even. NaN becomes the canonical one.
inline uint16_t floatToBfloat(float value) {
  uint32_t bits = bitCast<uint32_t>(value);
  uint32_t rounded = (bits + 0x7FFF + (bits >> 16 & 1)) >> 16;
  return static_cast<uint16_t>((bits & 0x7FFFFFFF) > 0x7F800000 ? canonicalNan16
                                                                : rounded);
}

/// Denormal numbers become zeros of their sign.
inline float flushDenormal(float value) {
  uint32_t bits = bitCast<uint32_t>(value);
  return bitCast<float>(bits & 0x7F800000 ? bits : bits & 0x80000000);
}

/// By its bits: compilers may take one NaN for another.
inline float quietFloat(float value) {
  uint32_t bits = bitCast<uint32_t>(value);
  return bitCast<float>((bits & 0x7FFFFFFF) > 0x7F800000 ? canonicalNan : bits);
}

/// The formats as operands of a comparison and the like: `Storage` is what a
/// lane holds, `read` its number.
template <class T> struct Plain {
  using Storage = T;
  static T read(T value) { return value; }
};
struct FlushedFloat {
  using Storage = float;
  static float read(float value) { return flushDenormal(value); }
};
struct HalfFormat {
  using Storage = uint16_t;
  static float read(uint16_t value) { return halfToFloat(value); }
  static uint16_t write(float value) { return floatToHalf(value); }
};
/// f16 with denormals flushed.
struct FlushedHalf {
  using Storage = uint16_t;
  static float read(uint16_t value) {
    return halfToFloat(value & 0x7C00 ? value : value & 0x8000);
  }
  static uint16_t write(float value) {
    uint16_t bits = floatToHalf(value);
    return bits & 0x7C00 ? bits : bits & 0x8000;
  }
};
struct BfloatFormat {
  using Storage = uint16_t;
  static float read(uint16_t value) { return bfloatToFloat(value); }
  static uint16_t write(float value) { return floatToBfloat(value); }
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_NUMBERS_H
