//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Decoding of matrix elements. Loops over one format each, so that they are
// vectorised.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/MatrixElement.h"

#include <array>
#include <cassert>
#include <cmath>
#include <cstring>
#include <limits>

namespace emulator {

namespace {

template <class To, class From> To bitCast(From from) {
  static_assert(sizeof(To) == sizeof(From), "sizes differ");
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

/// An 8-bit float of `exponentBits`, 4 (e4m3) or 5 (e5m2).
float decodeEight(unsigned bits, int exponentBits) {
  const int fractionBits = 7 - exponentBits;
  const int bias = (1 << (exponentBits - 1)) - 1;
  const int exponent = (bits & 0x7F) >> fractionBits;
  const int fraction = bits & ((1 << fractionBits) - 1);
  const float sign = bits & 0x80 ? -1.0f : 1.0f;
  // e4m3 has no infinity, and one NaN; e5m2 has both, as IEEE 754's formats.
  if (exponentBits == 4 && (bits & 0x7F) == 0x7F)
    return std::numeric_limits<float>::quiet_NaN();
  if (exponentBits == 5 && exponent == 31)
    return fraction ? std::numeric_limits<float>::quiet_NaN()
                    : sign * std::numeric_limits<float>::infinity();
  if (exponent == 0)
    return sign * std::ldexp(float(fraction), 1 - bias - fractionBits);
  return sign * std::ldexp(float(fraction | 1 << fractionBits),
                           exponent - bias - fractionBits);
}

std::array<float, 256> tableOfEight(int exponentBits) {
  std::array<float, 256> table;
  for (unsigned bits = 0; bits < 256; ++bits)
    table[bits] = decodeEight(bits, exponentBits);
  return table;
}

void decodeEights(int exponentBits, const uint8_t *from, size_t count,
                  float *values) {
  static const std::array<float, 256> e4m3 = tableOfEight(4);
  static const std::array<float, 256> e5m2 = tableOfEight(5);
  const std::array<float, 256> &table = exponentBits == 4 ? e4m3 : e5m2;
  for (size_t i = 0; i < count; ++i)
    values[i] = table[from[i]];
}

template <class T> void widen(const void *packed, size_t count, float *values) {
  const T *from = static_cast<const T *>(packed);
  for (size_t i = 0; i < count; ++i)
    values[i] = from[i];
}

void decodeIntegers(Type type, const uint8_t *bytes, size_t count,
                    float *values) {
  switch (type) {
  case Type::S8:
    return widen<int8_t>(bytes, count, values);
  case Type::U8:
    return widen<uint8_t>(bytes, count, values);
  case Type::S4:
    for (size_t i = 0; i < count; ++i)
      values[i] = static_cast<int8_t>(bytes[i / 2] << (i % 2 ? 0 : 4)) >> 4;
    return;
  case Type::U4:
    for (size_t i = 0; i < count; ++i)
      values[i] = bytes[i / 2] >> (i % 2 ? 4 : 0) & 15;
    return;
  case Type::B1:
    for (size_t i = 0; i < count; ++i)
      values[i] = bytes[i / 8] >> i % 8 & 1;
    return;
  default:
    assert(false && "rows accept no other type");
  }
}

} // namespace

float halfToFloat(uint16_t bits) { return bitCast<_Float16>(bits); }

uint16_t floatToHalf(float value) {
  return bitCast<uint16_t>(static_cast<_Float16>(value));
}

void decode(Type type, const void *packed, size_t count, float *values) {
  const auto *halves = static_cast<const uint16_t *>(packed);
  const auto *words = static_cast<const uint32_t *>(packed);
  switch (type) {
  case Type::F16:
    for (size_t i = 0; i < count; ++i)
      values[i] = halfToFloat(halves[i]);
    return;
  case Type::BF16:
    for (size_t i = 0; i < count; ++i)
      values[i] = bitCast<float>(uint32_t(halves[i]) << 16);
    return;
  case Type::TF32:
    for (size_t i = 0; i < count; ++i)
      values[i] = bitCast<float>(words[i] & ~uint32_t(0x1FFF));
    return;
  case Type::E4M3:
    return decodeEights(4, static_cast<const uint8_t *>(packed), count, values);
  case Type::E5M2:
    return decodeEights(5, static_cast<const uint8_t *>(packed), count, values);
  default:
    return decodeIntegers(type, static_cast<const uint8_t *>(packed), count,
                          values);
  }
}

void makeOpposites(float *values, size_t count) {
  for (size_t i = 0; i < count; ++i)
    values[i] = 1.0f - 2.0f * values[i];
}

} // namespace emulator
