//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Numbers between formats: an exact value, read from any format and rounded
// once to another. PTX ISA, sections 5.2.3 and 9.7.9.21.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_REAL_H
#define RUNTIME_EMULATOR_ISA_REAL_H

#include "runtime/emulator/ptx/Type.h"

#include <cstdint>

namespace emulator {

/// mantissa * 2^exponent, infinity or NaN.
struct Real {
  enum class Kind : uint8_t { Finite, Infinite, Nan };
  Kind kind = Kind::Finite;
  bool negative = false;
  int exponent = 0;
  uint64_t mantissa = 0; ///< of NaN: its payload, the quiet bit on top
};

enum class Rounding : uint8_t {
  Nearest,     ///< ties to even
  NearestAway, ///< ties away from zero
  Zero,
  Down,
  Up,
};

/// A binary floating-point format. Bits are counted without the sign.
struct FloatFormat {
  Type type;
  unsigned exponentBits, mantissaBits;
  int bias;
  bool infinities;  ///< the highest exponent is for infinity and NaN
  uint64_t largest; ///< finite
  uint64_t nan;     ///< canonical; 0 if the format has none
  uint64_t signBit;
  bool payloads = false; ///< a conversion to it keeps what NaN says
};

/// The format of a type, or null if it is no floating-point type of one
/// element, or ue8m0.
const FloatFormat *formatOf(Type type);

/// The value of bits of a format.
Real decode(const FloatFormat &format, uint64_t bits);
/// The value of an integer of `width` bits.
Real decodeInteger(uint64_t bits, unsigned width, bool isSigned);

/// The bits of the value that is nearest under a rounding. What is beyond the
/// largest number becomes infinity or that, as the rounding says; with `finite`
/// always that, infinity as well. NaN of a format without one becomes the
/// largest number.
uint64_t encode(const FloatFormat &format, const Real &value, Rounding rounding,
                bool finite);

/// The integral value, rounded.
Real integral(const Real &value, Rounding rounding);

/// The integer of `width` bits: rounded, then clamped to what it can be. NaN is
/// the caller's.
uint64_t encodeInteger(const Real &value, unsigned width, bool isSigned,
                       Rounding rounding);

/// ue8m0, the power of two: `up` rounds away from zero. Signs are dropped.
uint8_t encodePower(const Real &value, bool up, bool finite);
Real decodePower(uint8_t bits);

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_REAL_H
