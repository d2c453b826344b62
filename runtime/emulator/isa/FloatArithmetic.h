//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The floating-point operations of PTX ISA, section 9.7.3, on one lane. They
// are rounded as the host's control register says (isa/Rounding.h).
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_FLOATARITHMETIC_H
#define RUNTIME_EMULATOR_ISA_FLOATARITHMETIC_H

#include "runtime/emulator/isa/Numbers.h"

#include <cmath>
#include <cstdint>
#include <type_traits>

namespace emulator {

/// .ftz, for numbers of single precision.
template <bool Ftz, class T> T flushed(T value) {
  if constexpr (Ftz && std::is_same_v<T, float>)
    return flushDenormal(value);
  return value;
}

/// What becomes of a result: canonical NaN in single precision, .ftz, .sat.
template <bool Ftz, bool Sat, class T> T finished(T value) {
  if constexpr (Sat) {
    value = value > T(0) ? value : T(0); // NaN becomes +0
    value = value < T(1) ? value : T(1);
  } else if constexpr (std::is_same_v<T, float>) {
    value = quietFloat(value);
  }
  return flushed<Ftz>(value);
}

/// The options of an operation.
template <bool F, bool S> struct Options {
  static constexpr bool ftz = F, sat = S;
};

template <class T, class O> struct FloatAdd {
  static T apply(T a, T b) {
    return finished<O::ftz, O::sat>(flushed<O::ftz>(a) + flushed<O::ftz>(b));
  }
};
template <class T, class O> struct FloatSubtract {
  static T apply(T a, T b) {
    return finished<O::ftz, O::sat>(flushed<O::ftz>(a) - flushed<O::ftz>(b));
  }
};
template <class T, class O> struct FloatMultiply {
  static T apply(T a, T b) {
    return finished<O::ftz, O::sat>(flushed<O::ftz>(a) * flushed<O::ftz>(b));
  }
};
template <class T, class O> struct FloatFma {
  static T apply(T a, T b, T c) {
    return finished<O::ftz, O::sat>(
        std::fma(flushed<O::ftz>(a), flushed<O::ftz>(b), flushed<O::ftz>(c)));
  }
};
template <class T, class O> struct FloatDivide {
  static T apply(T a, T b) {
    return finished<O::ftz, O::sat>(flushed<O::ftz>(a) / flushed<O::ftz>(b));
  }
};
/// div.approx multiplies with the reciprocal, which is 0 for |b| over 2^126.
template <class T, class O> struct FloatDivideApproximately {
  static T apply(T a, T b) {
    bool far = std::fabs(b) > T(0x1p126) && std::fabs(b) < T(HUGE_VAL);
    T reciprocal = std::copysign(T(0), b);
    return finished<O::ftz, O::sat>(far ? flushed<O::ftz>(a) * reciprocal
                                        : flushed<O::ftz>(a) /
                                              flushed<O::ftz>(b));
  }
};
template <class T, class O> struct FloatReciprocal {
  static T apply(T a) {
    return finished<O::ftz, O::sat>(T(1) / flushed<O::ftz>(a));
  }
};
template <class T, class O> struct FloatSquareRoot {
  static T apply(T a) {
    return finished<O::ftz, O::sat>(std::sqrt(flushed<O::ftz>(a)));
  }
};

/// The sign is a bit, also that of NaN.
template <class T, class O> struct FloatNegate {
  static T apply(T a) { return -flushed<O::ftz>(a); }
};
template <class T, class O> struct FloatAbsolute {
  static T apply(T a) { return std::fabs(flushed<O::ftz>(a)); }
};

template <class T> T nanOf() {
  if constexpr (std::is_same_v<T, float>)
    return bitCast<float>(canonicalNan);
  else
    return bitCast<double>(uint64_t(0x7FFFFFFFFFFFFFFF));
}

/// -0 is less than +0; of one NaN and one number it is the number.
template <class T> T lesser(T a, T b) {
  T result = a < b ? a : b;
  result = a == b ? (std::signbit(a) ? a : b) : result;
  result = a != a ? b : result;
  result = b != b ? a : result;
  return a != a && b != b ? nanOf<T>() : result;
}
template <class T> T greater(T a, T b) {
  T result = a > b ? a : b;
  result = a == b ? (std::signbit(a) ? b : a) : result;
  result = a != a ? b : result;
  result = b != b ? a : result;
  return a != a && b != b ? nanOf<T>() : result;
}

enum class Extreme : uint8_t { Minimum, Maximum };

/// min and max: `.NaN` makes NaN of any NaN, `.xorsign.abs` compares magnitudes
/// and gives the result the product of the signs.
template <class T, Extreme E, bool Ftz, bool Nan, bool Xorsign>
struct FloatExtreme {
  static T apply(T a, T b) {
    a = flushed<Ftz>(a);
    b = flushed<Ftz>(b);
    T x = Xorsign ? std::fabs(a) : a, y = Xorsign ? std::fabs(b) : b;
    T result = E == Extreme::Minimum ? lesser(x, y) : greater(x, y);
    if constexpr (Xorsign)
      result = std::signbit(a) != std::signbit(b) ? -result : result;
    if constexpr (Nan)
      result = a != a || b != b ? nanOf<T>() : result;
    return result;
  }
};

/// copysign: the sign of `a`, the magnitude of `b`.
template <class T> T withSign(T a, T b) { return std::copysign(b, a); }

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_FLOATARITHMETIC_H
