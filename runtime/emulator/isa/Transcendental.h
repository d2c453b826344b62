//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The functions that PTX approximates. Each is computed in double precision
// and rounded once, so that its error is half a unit in the last place, well
// within what the manual allows.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_TRANSCENDENTAL_H
#define RUNTIME_EMULATOR_ISA_TRANSCENDENTAL_H

#include "runtime/emulator/isa/Numbers.h"

#include <cmath>
#include <limits>

namespace emulator {

/// 2^x to about 2^-45, for |x| < 1100. Vectorises.
inline double exp2Double(double x) {
  double whole = std::floor(x + 0.5);
  double f = (x - whole) * 0.6931471805599453; // |f| <= ln(2) / 2
  double p = 1.0 / 479001600;
  p = p * f + 1.0 / 39916800;
  p = p * f + 1.0 / 3628800;
  p = p * f + 1.0 / 362880;
  p = p * f + 1.0 / 40320;
  p = p * f + 1.0 / 5040;
  p = p * f + 1.0 / 720;
  p = p * f + 1.0 / 120;
  p = p * f + 1.0 / 24;
  p = p * f + 1.0 / 6;
  p = p * f + 0.5;
  p = p * f + 1.0;
  p = p * f + 1.0;
  // The sum leaves the integer in its low bits.
  uint64_t exponent = bitCast<uint64_t>(whole + 0x1.8p52) << 52;
  return bitCast<double>(bitCast<uint64_t>(p) + exponent);
}

/// 2^x rounded to single precision.
inline float exp2Float(float x) {
  double wide = x;
  double clamped = wide < -400 ? -400 : wide > 400 ? 400 : wide;
  auto result = static_cast<float>(exp2Double(clamped));
  return x != x ? bitCast<float>(canonicalNan) : result;
}

/// log2(x) of a positive, normal x, to about 2^-45. Vectorises.
inline double log2Double(double x) {
  uint64_t bits = bitCast<uint64_t>(x);
  // The mantissa in [sqrt(1/2), sqrt(2)).
  uint64_t offset = bits - 0x3FE6A09E667F3BCD;
  auto exponent =
      static_cast<int64_t>(offset & 0xFFF0000000000000); // times 2^52
  double m = bitCast<double>(bits - static_cast<uint64_t>(exponent));
  double s = (m - 1) / (m + 1), z = s * s;
  double p = 1.0 / 21;
  p = p * z + 1.0 / 19;
  p = p * z + 1.0 / 17;
  p = p * z + 1.0 / 15;
  p = p * z + 1.0 / 13;
  p = p * z + 1.0 / 11;
  p = p * z + 1.0 / 9;
  p = p * z + 1.0 / 7;
  p = p * z + 1.0 / 5;
  p = p * z + 1.0 / 3;
  p = p * z + 1.0;
  return static_cast<double>(static_cast<int32_t>(exponent >> 52)) +
         s * p * 2.8853900817779268;
}

inline float log2Float(float x) {
  auto result = static_cast<float>(log2Double(x));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  result = x == infinity ? infinity : result;
  result = x == 0 ? -infinity : result;
  return x >= 0 ? result : bitCast<float>(canonicalNan);
}

inline float rsqrtFloat(float x) {
  return static_cast<float>(1.0 / std::sqrt(static_cast<double>(x)));
}
inline float sinFloat(float x) {
  return static_cast<float>(std::sin(static_cast<double>(x)));
}
inline float cosFloat(float x) {
  return static_cast<float>(std::cos(static_cast<double>(x)));
}
inline float tanhFloat(float x) {
  return static_cast<float>(std::tanh(static_cast<double>(x)));
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_TRANSCENDENTAL_H
