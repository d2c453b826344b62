//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What becomes of one value, and the short ways of conversions that compilers
// write often.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Conversion.h"
#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Numbers.h"

#include <cmath>

namespace emulator {
namespace {

/// A number of single precision that is denormal.
bool isDenormal(const FloatFormat &format, uint64_t bits) {
  uint64_t magnitude = bits & (format.signBit - 1);
  return magnitude && !(magnitude >> format.mantissaBits);
}

bool flushes(const Conversion &c, const Number &number, uint64_t bits) {
  return c.ftz && number.type == Type::F32 && isDenormal(*number.format, bits);
}

/// NaN as an integer: the highest bit of wide integers and of what was double.
uint64_t integerOfNan(const Conversion &c) {
  bool wide = c.from.type == Type::F64 || c.to.bits == 64;
  return wide ? uint64_t(1) << (c.to.bits - 1) : 0;
}

uint64_t toInteger(const Conversion &c, const Real &value, uint64_t bits) {
  uint64_t ones = ~uint64_t(0) >> (64 - c.to.bits);
  if (value.kind == Real::Kind::Nan)
    return integerOfNan(c) & ones;
  if (!c.from.isInteger() || c.sat)
    return encodeInteger(value, c.to.bits, c.to.isSigned, c.rounding);
  uint64_t magnitude = value.mantissa;
  return (value.negative ? 0 - magnitude : magnitude) & ones;
}

/// The value in [0, 1].
Real clampToUnit(const Real &value) {
  Real zero, one;
  one.mantissa = 1;
  if (value.kind == Real::Kind::Nan || value.negative)
    return zero;
  if (value.kind == Real::Kind::Infinite)
    return one;
  bool large = value.mantissa &&
               value.exponent + 63 - __builtin_clzll(value.mantissa) >= 0;
  return large ? one : value;
}

uint64_t toFloat(const Conversion &c, Real value) {
  Rounding rounding = c.rounding;
  if (c.integral)
    value = integral(value, rounding);
  if (c.sat)
    value = clampToUnit(value);
  if (c.relu && value.negative && value.kind != Real::Kind::Nan)
    value = Real();
  uint64_t bits = encode(*c.to.format, value, rounding, c.finite);
  if (c.to.type == Type::TF32) {
    // The upper bits of single precision.
    bool isNan = value.kind == Real::Kind::Nan;
    return isNan ? canonicalNan : bits << 13;
  }
  return flushes(c, c.to, bits) ? bits & c.to.format->signBit : bits;
}

} // namespace

Number Number::of(Type type) {
  return {type, formatOf(type), type == Type::TF32 ? 32 : bitsOf(type),
          emulator::isSigned(type) && !isFloat(type)};
}

uint64_t Conversion::apply(uint64_t bits) const {
  bits &= ~uint64_t(0) >> (64 - from.bits);
  Real value;
  if (from.isPower())
    value = decodePower(static_cast<uint8_t>(bits));
  else if (from.isInteger())
    value = decodeInteger(bits, from.bits, from.isSigned);
  else
    value =
        decode(*from.format,
               flushes(*this, from, bits) ? bits & from.format->signBit : bits);
  if (to.isPower())
    return encodePower(value, rounding == Rounding::Up, finite);
  return to.isInteger() ? toInteger(*this, value, bits) : toFloat(*this, value);
}

namespace {

// --- single precision to integers ---

template <double (*Round)(double), bool Ftz> int32_t toSigned(float value) {
  double whole = Round(Ftz ? flushDenormal(value) : value);
  whole = whole < -0x1p31 ? -0x1p31 : whole;
  whole = whole > 0x1p31 - 1 ? 0x1p31 - 1 : whole;
  return static_cast<int32_t>(whole == whole ? whole : 0);
}
template <double (*Round)(double), bool Ftz> uint32_t toUnsigned(float value) {
  double whole = Round(Ftz ? flushDenormal(value) : value);
  whole = whole > 0 ? whole : 0; // NaN becomes 0
  whole = whole > 0x1p32 - 1 ? 0x1p32 - 1 : whole;
  // Hosts convert signed numbers.
  auto shifted = static_cast<int32_t>(whole - 0x1p31);
  return static_cast<uint32_t>(shifted) ^ 0x80000000;
}

template <double (*Round)(double)> Handler toWord(const Conversion &c) {
  if (c.to.type == Type::S32)
    return c.ftz ? Lanewise<&toSigned<Round, true>>::run
                 : Lanewise<&toSigned<Round, false>>::run;
  return c.ftz ? Lanewise<&toUnsigned<Round, true>>::run
               : Lanewise<&toUnsigned<Round, false>>::run;
}

double toNearest(double value) { return std::nearbyint(value); }
double toZero(double value) { return std::trunc(value); }
double downward(double value) { return std::floor(value); }
double upward(double value) { return std::ceil(value); }

Handler fromSingleToWord(const Conversion &c) {
  switch (c.rounding) {
  case Rounding::Nearest:
    return toWord<toNearest>(c);
  case Rounding::Zero:
    return toWord<toZero>(c);
  case Rounding::Down:
    return toWord<downward>(c);
  case Rounding::Up:
    return toWord<upward>(c);
  default:
    return nullptr;
  }
}

// --- integers to numbers, and between numbers ---

float wordToSingle(int32_t value) { return static_cast<float>(value); }
float wordToSingleUnsigned(uint32_t value) {
  return static_cast<float>(static_cast<double>(value));
}
double wordToDouble(int32_t value) { return value; }
double wordToDoubleUnsigned(uint32_t value) { return value; }
float halfToSingle(uint16_t value) { return quietFloat(halfToFloat(value)); }
float bfloatToSingle(uint16_t value) {
  return quietFloat(bfloatToFloat(value));
}
float doubleToSingle(double value) {
  return quietFloat(static_cast<float>(value));
}
uint16_t singleToHalf(float value) { return floatToHalf(value); }
uint16_t singleToBfloat(float value) { return floatToBfloat(value); }

struct Short {
  Type to, from;
  Handler handler;
};
const Short shorts[] = {
    {Type::F32, Type::S32, Lanewise<&wordToSingle>::run},
    {Type::F32, Type::U32, Lanewise<&wordToSingleUnsigned>::run},
    {Type::F64, Type::S32, Lanewise<&wordToDouble>::run},
    {Type::F64, Type::U32, Lanewise<&wordToDoubleUnsigned>::run},
    {Type::F32, Type::F16, Lanewise<&halfToSingle>::run},
    {Type::F32, Type::BF16, Lanewise<&bfloatToSingle>::run},
    {Type::F32, Type::F64, Lanewise<&doubleToSingle>::run},
    {Type::F16, Type::F32, Lanewise<&singleToHalf>::run},
    {Type::BF16, Type::F32, Lanewise<&singleToBfloat>::run},
};

} // namespace

Handler shortConversion(const Conversion &c) {
  if (c.fromWidth != c.from.bits || c.toWidth != c.to.bits || c.relu ||
      c.finite)
    return nullptr;
  bool word = c.to.type == Type::S32 || c.to.type == Type::U32;
  if (c.from.type == Type::F32 && word)
    return fromSingleToWord(c);
  if (c.rounding != Rounding::Nearest || c.integral || c.ftz || c.sat)
    return nullptr;
  for (const Short &candidate : shorts)
    if (candidate.to == c.to.type && candidate.from == c.from.type)
      return candidate.handler;
  return nullptr;
}

} // namespace emulator
