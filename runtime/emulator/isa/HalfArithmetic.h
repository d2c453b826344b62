//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The operations of PTX ISA, sections 9.7.4 and 9.7.5, on one lane. They are
// done in wider formats and are rounded to odd there, so that the last
// rounding, to the nearest, is that of the exact result.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_HALFARITHMETIC_H
#define RUNTIME_EMULATOR_ISA_HALFARITHMETIC_H

#include "runtime/emulator/isa/FloatArithmetic.h"
#include "runtime/emulator/isa/Transcendental.h"

namespace emulator {

/// The format of a bf16 with denormals flushed.
struct FlushedBfloat {
  using Storage = uint16_t;
  static uint16_t flush(uint16_t bits) {
    return bits & 0x7F80 ? bits : bits & 0x8000;
  }
  static float read(uint16_t value) { return bfloatToFloat(flush(value)); }
  static uint16_t write(float value) { return flush(floatToBfloat(value)); }
};

/// A number of single precision whose last bit also says whether it is exact.
inline float roundToOdd(double value) {
  auto nearest = static_cast<float>(value);
  double back = nearest;
  uint32_t bits = bitCast<uint32_t>(nearest);
  bool inexact = back < value || back > value;
  uint32_t step = std::fabs(back) < std::fabs(value) ? 1u : ~uint32_t(0);
  return bitCast<float>(inexact && !(bits & 1) ? bits + step : bits);
}

/// a * b + c, where a * b is exact in double precision.
inline float fusedToOdd(float a, float b, float c) {
  double product = double(a) * double(b), addend = c;
  double sum = product + addend;
  double rest = sum - product; // what the sum took of the addend
  double error = (product - (sum - rest)) + (addend - rest);
  uint64_t bits = bitCast<uint64_t>(sum);
  bool inexact = error < 0 || error > 0;
  uint64_t step = (error > 0) == (sum > 0) ? 1u : ~uint64_t(0);
  return roundToOdd(
      bitCast<double>(inexact && !(bits & 1) ? bits + step : bits));
}

/// What a result is clamped to: nothing, [0, 1], or what is not negative.
enum class Clamp : uint8_t { None, Unit, Relu };

template <Clamp C> float clamped(float value) {
  if (C == Clamp::Unit) {
    value = value > 0 ? value : 0; // NaN becomes +0
    value = value < 1 ? value : 1;
  }
  if (C == Clamp::Relu)
    value = value > 0 || value != value ? value : 0;
  return value;
}

template <class F, Clamp C> struct HalfAdd {
  static uint16_t apply(uint16_t a, uint16_t b) {
    return F::write(clamped<C>(F::read(a) + F::read(b)));
  }
};
template <class F, Clamp C> struct HalfSubtract {
  static uint16_t apply(uint16_t a, uint16_t b) {
    return F::write(clamped<C>(F::read(a) - F::read(b)));
  }
};
template <class F, Clamp C> struct HalfMultiply {
  static uint16_t apply(uint16_t a, uint16_t b) {
    double product = double(F::read(a)) * double(F::read(b));
    return F::write(clamped<C>(roundToOdd(product)));
  }
};
template <class F, Clamp C> struct HalfFma {
  static uint16_t apply(uint16_t a, uint16_t b, uint16_t c) {
    return F::write(clamped<C>(fusedToOdd(F::read(a), F::read(b), F::read(c))));
  }
};

/// The sign is a bit, also that of NaN.
template <class F, Clamp> struct HalfNegate {
  static uint16_t apply(uint16_t a) {
    float value = F::read(a);
    uint16_t bits = value != value || value != 0 ? a : a & 0x8000;
    return bits ^ 0x8000;
  }
};
template <class F, Clamp> struct HalfAbsolute {
  static uint16_t apply(uint16_t a) {
    float value = F::read(a);
    return value != value || value != 0 ? a & 0x7FFF : 0;
  }
};

template <class F, Extreme E, bool Nan, bool Xorsign> struct HalfExtreme {
  static uint16_t apply(uint16_t a, uint16_t b) {
    return F::write(FloatExtreme<float, E, false, Nan, Xorsign>::apply(
        F::read(a), F::read(b)));
  }
};

template <class F, Clamp> struct HalfTanh {
  static uint16_t apply(uint16_t a) { return F::write(tanhFloat(F::read(a))); }
};
template <class F, Clamp> struct HalfExp2 {
  static uint16_t apply(uint16_t a) { return F::write(exp2Float(F::read(a))); }
};

/// A function on both halves of 32 bits.
template <auto Function> struct BothHalves;
template <uint16_t (*Function)(uint16_t)> struct BothHalves<Function> {
  static uint32_t apply(uint32_t a) {
    uint32_t low = Function(static_cast<uint16_t>(a));
    return low | uint32_t(Function(static_cast<uint16_t>(a >> 16))) << 16;
  }
};
template <uint16_t (*Function)(uint16_t, uint16_t)>
struct BothHalves<Function> {
  static uint32_t apply(uint32_t a, uint32_t b) {
    uint32_t low = Function(static_cast<uint16_t>(a), static_cast<uint16_t>(b));
    uint32_t high = Function(static_cast<uint16_t>(a >> 16),
                             static_cast<uint16_t>(b >> 16));
    return low | high << 16;
  }
};
template <uint16_t (*Function)(uint16_t, uint16_t, uint16_t)>
struct BothHalves<Function> {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    uint32_t low = Function(static_cast<uint16_t>(a), static_cast<uint16_t>(b),
                            static_cast<uint16_t>(c));
    uint32_t high =
        Function(static_cast<uint16_t>(a >> 16), static_cast<uint16_t>(b >> 16),
                 static_cast<uint16_t>(c >> 16));
    return low | high << 16;
  }
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_HALFARITHMETIC_H
