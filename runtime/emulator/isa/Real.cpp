//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Real.h"

#include <algorithm>

namespace emulator {
namespace {

// clang-format off
//                           exponent, mantissa, bias, infinities, largest, NaN, sign
const FloatFormat formats[] = {
    {Type::F64,  11, 52, 1023, true,  0x7FEFFFFFFFFFFFFF, 0x7FF8000000000000,
     uint64_t(1) << 63, true},
    {Type::F32,   8, 23,  127, true,  0x7F7FFFFF, 0x7FFFFFFF, 0x80000000},
    {Type::TF32,  8, 10,  127, true,  0x3FBFF,    0x3FFFF,    0x40000},
    {Type::F16,   5, 10,   15, true,  0x7BFF,     0x7FFF,     0x8000},
    {Type::BF16,  8,  7,  127, true,  0x7F7F,     0x7FFF,     0x8000},
    {Type::E4M3,  4,  3,    7, false, 0x7E,       0x7F,       0x80},
    {Type::E5M2,  5,  2,   15, true,  0x7B,       0x7F,       0x80},
    {Type::E2M3,  2,  3,    1, false, 0x1F,       0,          0x20},
    {Type::E3M2,  3,  2,    3, false, 0x1F,       0,          0x20},
    {Type::E2M1,  2,  1,    1, false, 0x7,        0,          0x8},
};
// clang-format on

/// mantissa * 2^-drop, rounded to an integer.
uint64_t dropBits(uint64_t mantissa, unsigned drop, bool negative,
                  Rounding rounding) {
  if (drop == 0)
    return mantissa;
  uint64_t kept = drop > 63 ? 0 : mantissa >> drop;
  // The rest, in halves of the last kept bit: 0, less than one half, ...
  bool half = drop <= 64 && mantissa >> (drop - 1) & 1;
  uint64_t below = drop > 64   ? mantissa
                   : drop == 1 ? 0
                               : mantissa << (65 - drop);
  bool up = false;
  switch (rounding) {
  case Rounding::Nearest:
    up = half && (below || (kept & 1));
    break;
  case Rounding::NearestAway:
    up = half;
    break;
  case Rounding::Zero:
    break;
  case Rounding::Down:
    up = negative && (half || below);
    break;
  case Rounding::Up:
    up = !negative && (half || below);
    break;
  }
  return kept + up;
}

/// Whether what is too large becomes infinity.
bool overflows(Rounding rounding, bool negative) {
  switch (rounding) {
  case Rounding::Zero:
    return false;
  case Rounding::Down:
    return negative;
  case Rounding::Up:
    return !negative;
  default:
    return true;
  }
}

uint64_t infinityOf(const FloatFormat &format) { return format.largest + 1; }

uint64_t encodeNan(const FloatFormat &format, const Real &value) {
  if (!format.nan)
    return format.largest;
  if (!format.payloads)
    return format.nan;
  uint64_t payload = value.mantissa >> (64 - format.mantissaBits);
  return format.nan | payload | (value.negative ? format.signBit : 0);
}

} // namespace

const FloatFormat *formatOf(Type type) {
  for (const FloatFormat &format : formats)
    if (format.type == type)
      return &format;
  return nullptr;
}

Real decode(const FloatFormat &format, uint64_t bits) {
  Real value;
  value.negative = bits & format.signBit;
  bits &= format.signBit - 1;
  uint64_t mantissa = bits & ((uint64_t(1) << format.mantissaBits) - 1);
  if (bits > format.largest) {
    bool isNan = !format.infinities || mantissa;
    value.kind = isNan ? Real::Kind::Nan : Real::Kind::Infinite;
    value.mantissa = mantissa << (64 - format.mantissaBits);
    return value;
  }
  auto exponent = static_cast<int>(bits >> format.mantissaBits);
  if (exponent)
    mantissa |= uint64_t(1) << format.mantissaBits;
  value.mantissa = mantissa;
  value.exponent = std::max(exponent, 1) - format.bias -
                   static_cast<int>(format.mantissaBits);
  return value;
}

Real decodeInteger(uint64_t bits, unsigned width, bool isSigned) {
  bits <<= 64 - width;
  Real value;
  value.negative = isSigned && bits >> 63;
  bits >>= 64 - width;
  if (value.negative)
    bits = (0 - bits) << (64 - width) >> (64 - width);
  value.mantissa = bits;
  return value;
}

uint64_t encode(const FloatFormat &format, const Real &value, Rounding rounding,
                bool finite) {
  if (value.kind == Real::Kind::Nan)
    return encodeNan(format, value);
  uint64_t sign = value.negative ? format.signBit : 0;
  uint64_t most =
      finite || !format.infinities ? format.largest : infinityOf(format);
  if (value.kind == Real::Kind::Infinite)
    return sign | most;
  if (!value.mantissa)
    return sign;
  auto shift = static_cast<unsigned>(__builtin_clzll(value.mantissa));
  uint64_t mantissa = value.mantissa << shift;
  // The exponent of the highest bit, and of the lowest normal number.
  int exponent = value.exponent - static_cast<int>(shift) + 63;
  int least = 1 - format.bias;
  int keep = static_cast<int>(format.mantissaBits) + 1;
  if (exponent < least)
    keep -= std::min(least - exponent, keep + 2);
  uint64_t kept = dropBits(mantissa, static_cast<unsigned>(64 - keep),
                           value.negative, rounding);
  // The leading bit of a normal number adds one to the exponent.
  auto biased = static_cast<uint64_t>(std::max(exponent, least) + format.bias);
  uint64_t bits = ((biased - 1) << format.mantissaBits) + kept;
  if (exponent > 4096 || bits > format.largest)
    bits = overflows(rounding, value.negative) ? most : format.largest;
  return sign | bits;
}

Real integral(const Real &value, Rounding rounding) {
  if (value.kind != Real::Kind::Finite || value.exponent >= 0)
    return value;
  Real result = value;
  auto drop = static_cast<unsigned>(std::min(-value.exponent, 66));
  result.mantissa = dropBits(value.mantissa, drop, value.negative, rounding);
  result.exponent = 0;
  return result;
}

uint64_t encodeInteger(const Real &value, unsigned width, bool isSigned,
                       Rounding rounding) {
  uint64_t ones = ~uint64_t(0) >> (64 - width);
  uint64_t largest = isSigned ? ones >> 1 : ones;
  uint64_t smallest = isSigned ? largest + 1 : 0;
  Real whole = integral(value, rounding);
  uint64_t limit = whole.negative ? smallest : largest;
  if (whole.kind == Real::Kind::Infinite)
    return limit;
  uint64_t magnitude = whole.mantissa;
  if (magnitude && whole.exponent > 0) {
    if (whole.exponent > __builtin_clzll(magnitude))
      return limit;
    magnitude <<= whole.exponent;
  }
  // The magnitude of the smallest is the bits of it.
  if (magnitude > limit)
    return limit;
  return (whole.negative ? 0 - magnitude : magnitude) & ones;
}

uint8_t encodePower(const Real &value, bool up, bool finite) {
  uint8_t most = finite ? 0xFE : 0xFF;
  if (value.kind == Real::Kind::Nan)
    return 0xFF;
  if (value.kind == Real::Kind::Infinite)
    return most;
  if (!value.mantissa)
    return 0;
  int top = 63 - __builtin_clzll(value.mantissa);
  int exponent = value.exponent + top;
  bool exact = !(value.mantissa & (value.mantissa - 1));
  if (up && !exact)
    ++exponent;
  if (exponent > 127)
    return most;
  return static_cast<uint8_t>(std::max(exponent, -127) + 127);
}

Real decodePower(uint8_t bits) {
  Real value;
  if (bits == 0xFF)
    value.kind = Real::Kind::Nan;
  value.mantissa = 1;
  value.exponent = bits - 127;
  return value;
}

} // namespace emulator
