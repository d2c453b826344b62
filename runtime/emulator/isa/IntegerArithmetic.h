//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The integer operations of PTX ISA, section 9.7.1, on one lane.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_INTEGERARITHMETIC_H
#define RUNTIME_EMULATOR_ISA_INTEGERARITHMETIC_H

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace emulator {

template <class T> using Unsigned = std::make_unsigned_t<T>;
template <class T> constexpr unsigned widthOf = sizeof(T) * 8;

/// An integer of twice the width, of the same sign.
template <class T> struct Twice;
template <> struct Twice<uint16_t> { using type = uint32_t; };
template <> struct Twice<int16_t> { using type = int32_t; };
template <> struct Twice<uint32_t> { using type = uint64_t; };
template <> struct Twice<int32_t> { using type = int64_t; };
template <> struct Twice<uint64_t> { using type = unsigned __int128; };
template <> struct Twice<int64_t> { using type = __int128; };
template <class T> using Wide = typename Twice<T>::type;

/// T(a op b) modulo 2^width, without the overflow that C++ leaves undefined.
template <class T> struct Add {
  static T apply(T a, T b) {
    return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
  }
};
template <class T> struct Subtract {
  static T apply(T a, T b) {
    return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
  }
};
template <class T> struct MultiplyLow {
  static T apply(T a, T b) {
    // 16 bits would become int, and overflow.
    using U = std::conditional_t<sizeof(T) < 8, uint32_t, uint64_t>;
    return static_cast<T>(static_cast<U>(a) * static_cast<U>(b));
  }
};
template <class T> struct MultiplyHigh {
  static T apply(T a, T b) {
    return static_cast<T>((static_cast<Wide<T>>(a) * b) >> widthOf<T>);
  }
};
template <class T> struct MultiplyWide {
  static Wide<T> apply(T a, T b) { return static_cast<Wide<T>>(a) * b; }
};
template <class T> struct MultiplyAddLow {
  static T apply(T a, T b, T c) {
    return Add<T>::apply(MultiplyLow<T>::apply(a, b), c);
  }
};
template <class T> struct MultiplyAddHigh {
  static T apply(T a, T b, T c) {
    return Add<T>::apply(MultiplyHigh<T>::apply(a, b), c);
  }
};
template <class T> struct MultiplyAddWide {
  static Wide<T> apply(T a, T b, Wide<T> c) {
    return Add<Wide<T>>::apply(MultiplyWide<T>::apply(a, b), c);
  }
};

inline int32_t saturate(int64_t value) {
  return static_cast<int32_t>(
      std::clamp<int64_t>(value, std::numeric_limits<int32_t>::min(),
                          std::numeric_limits<int32_t>::max()));
}
inline int32_t addSaturated(int32_t a, int32_t b) {
  return saturate(int64_t(a) + b);
}
inline int32_t subtractSaturated(int32_t a, int32_t b) {
  return saturate(int64_t(a) - b);
}
inline int32_t multiplyAddHighSaturated(int32_t a, int32_t b, int32_t c) {
  return saturate(int64_t(MultiplyHigh<int32_t>::apply(a, b)) + c);
}

/// The low 24 bits as a number of type T.
template <class T> int64_t low24(T a) {
  uint32_t bits = static_cast<uint32_t>(a) << 8;
  if constexpr (std::is_signed_v<T>)
    return static_cast<int32_t>(bits) >> 8;
  else
    return bits >> 8;
}
/// Bits 0 to 31, or 16 to 47, of the product of 24-bit numbers.
template <class T> struct Multiply24Low {
  static T apply(T a, T b) { return static_cast<T>(low24(a) * low24(b)); }
};
template <class T> struct Multiply24High {
  static T apply(T a, T b) {
    return static_cast<T>((low24(a) * low24(b)) >> 16);
  }
};
template <class T> struct MultiplyAdd24Low {
  static T apply(T a, T b, T c) {
    return Add<T>::apply(Multiply24Low<T>::apply(a, b), c);
  }
};
template <class T> struct MultiplyAdd24High {
  static T apply(T a, T b, T c) {
    return Add<T>::apply(Multiply24High<T>::apply(a, b), c);
  }
};
inline int32_t multiplyAdd24HighSaturated(int32_t a, int32_t b, int32_t c) {
  return saturate(int64_t(Multiply24High<int32_t>::apply(a, b)) + c);
}

template <class T> struct AbsoluteDifference {
  static T apply(T a, T b, T c) {
    T difference = a < b ? Subtract<T>::apply(b, a) : Subtract<T>::apply(a, b);
    return Add<T>::apply(c, difference);
  }
};

/// By zero: all ones, and the dividend as the remainder, as NVIDIA's devices
/// do where the manual leaves it open.
template <class T> struct Divide {
  static T apply(T a, T b) {
    if (b == 0)
      return static_cast<T>(-1);
    if (std::is_signed_v<T> && b == static_cast<T>(-1))
      return Subtract<T>::apply(0, a);
    return static_cast<T>(a / b);
  }
};
template <class T> struct Remainder {
  static T apply(T a, T b) {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == static_cast<T>(-1))
      return 0;
    return static_cast<T>(a % b);
  }
};

template <class T> struct Negate {
  static T apply(T a) { return Subtract<T>::apply(0, a); }
};
template <class T> struct Absolute {
  static T apply(T a) { return a < 0 ? Negate<T>::apply(a) : a; }
};
template <> struct Absolute<uint16_t> {
  static uint16_t apply(uint16_t a) { return a; }
};
template <> struct Absolute<uint32_t> {
  static uint32_t apply(uint32_t a) { return a; }
};
template <> struct Absolute<uint64_t> {
  static uint64_t apply(uint64_t a) { return a; }
};
template <class T> struct Minimum {
  static T apply(T a, T b) { return a < b ? a : b; }
};
template <class T> struct Maximum {
  static T apply(T a, T b) { return a < b ? b : a; }
};
template <class T> struct MinimumRelu {
  static T apply(T a, T b) {
    return Maximum<T>::apply(Minimum<T>::apply(a, b), 0);
  }
};
template <class T> struct MaximumRelu {
  static T apply(T a, T b) {
    return Maximum<T>::apply(Maximum<T>::apply(a, b), 0);
  }
};

/// An operation on both 16-bit halves.
template <template <class> class Operation, class T> struct Halves {
  static uint32_t apply(uint32_t a, uint32_t b) {
    T low = Operation<T>::apply(static_cast<T>(a), static_cast<T>(b));
    T high =
        Operation<T>::apply(static_cast<T>(a >> 16), static_cast<T>(b >> 16));
    return static_cast<uint16_t>(low) |
           static_cast<uint32_t>(static_cast<uint16_t>(high)) << 16;
  }
};

template <class T> struct CountOnes {
  static uint32_t apply(T a) {
    return static_cast<uint32_t>(
        __builtin_popcountll(static_cast<Unsigned<T>>(a)));
  }
};
template <class T> struct CountLeadingZeros {
  static uint32_t apply(T a) {
    auto bits = static_cast<Unsigned<T>>(a);
    return bits ? static_cast<uint32_t>(__builtin_clzll(bits)) -
                      (64 - widthOf<T>)
                : widthOf<T>;
  }
};
/// The highest bit that differs from the sign; all ones if there is none.
template <class T> struct FindHighest {
  static uint32_t apply(T a) {
    auto bits = static_cast<Unsigned<T>>(a < 0 ? ~a : a);
    return bits ? 63 - static_cast<uint32_t>(__builtin_clzll(bits))
                : ~uint32_t(0);
  }
};
/// The shift that brings that bit to the top.
template <class T> struct FindHighestShift {
  static uint32_t apply(T a) {
    uint32_t at = FindHighest<T>::apply(a);
    return at == ~uint32_t(0) ? at : widthOf<T> - 1 - at;
  }
};
template <class T> struct ReverseBits {
  static T apply(T a) {
    auto bits = static_cast<Unsigned<T>>(a);
    Unsigned<T> reversed = 0;
    for (unsigned i = 0; i < widthOf<T>; ++i)
      reversed = static_cast<Unsigned<T>>(reversed << 1 | (bits >> i & 1));
    return static_cast<T>(reversed);
  }
};

/// The n-th set bit of `mask`, counted from `base`, upwards if n > 0 and
/// downwards if n < 0; n = 0 asks for `base` itself.
inline uint32_t findNthSet(uint32_t mask, uint32_t base, int32_t n) {
  if (base > 31)
    return ~uint32_t(0);
  if (n == 0)
    return mask >> base & 1 ? base : ~uint32_t(0);
  int step = n > 0 ? 1 : -1;
  for (int at = static_cast<int>(base); at >= 0 && at < 32; at += step)
    if (mask >> at & 1 && (n -= step) == 0)
      return static_cast<uint32_t>(at);
  return ~uint32_t(0);
}

/// `length` bits from `position`, with the sign that is the field's top bit, or
/// that of `a` where the field reaches beyond it.
template <class T> struct ExtractField {
  static T apply(T a, uint32_t b, uint32_t c) {
    unsigned position = b & 255, length = c & 255;
    auto bits = static_cast<Unsigned<T>>(a);
    constexpr unsigned top = widthOf<T> - 1;
    unsigned signAt = std::min(position + length - 1, top);
    bool sign = std::is_signed_v<T> && length && bits >> signAt & 1;
    Unsigned<T> field =
        position > top ? 0 : static_cast<Unsigned<T>>(bits >> position);
    unsigned kept = position > top ? 0 : std::min(length, top + 1 - position);
    if (kept <= top)
      field &= static_cast<Unsigned<T>>((Unsigned<T>(1) << kept) - 1);
    if (sign && kept <= top)
      field |= static_cast<Unsigned<T>>(~Unsigned<T>(0) << kept);
    return static_cast<T>(field);
  }
};

/// The low `length` bits of `a` in `b` from `position` on.
template <class T> struct InsertField {
  static T apply(T a, T b, uint32_t c, uint32_t d) {
    unsigned position = c & 255, length = d & 255;
    if (position >= widthOf<T> || !length)
      return b;
    T mask = length >= widthOf<T> ? static_cast<T>(~T(0))
                                  : static_cast<T>((T(1) << length) - 1);
    mask = static_cast<T>(mask << position);
    return static_cast<T>((b & ~mask) | (static_cast<T>(a << position) & mask));
  }
};

/// `length` ones from `position` on.
inline uint32_t maskClamp(uint32_t position, uint32_t length) {
  if (position >= 32 || length == 0)
    return 0;
  uint32_t ones = length >= 32 ? ~uint32_t(0) : (uint32_t(1) << length) - 1;
  return ones << position;
}
inline uint32_t maskWrap(uint32_t position, uint32_t length) {
  return maskClamp(position & 31, length & 31);
}

/// The low `n` bits of `a`, extended.
inline uint32_t extendUnsignedClamp(uint32_t a, uint32_t n) {
  return n >= 32 ? a : a & ((uint32_t(1) << n) - 1);
}
inline int32_t extendSignedClamp(int32_t a, uint32_t n) {
  if (n >= 32 || n == 0)
    return n ? a : 0;
  return static_cast<int32_t>(static_cast<uint32_t>(a) << (32 - n)) >> (32 - n);
}
inline uint32_t extendUnsignedWrap(uint32_t a, uint32_t n) {
  return extendUnsignedClamp(a, n & 31);
}
inline int32_t extendSignedWrap(int32_t a, uint32_t n) {
  return extendSignedClamp(a, n & 31);
}

/// The products of four bytes, summed onto `c`.
template <class A, class B> struct Dot4 {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    using AByte = std::conditional_t<std::is_signed_v<A>, int8_t, uint8_t>;
    using BByte = std::conditional_t<std::is_signed_v<B>, int8_t, uint8_t>;
    for (unsigned shift = 0; shift < 32; shift += 8)
      c += static_cast<uint32_t>(static_cast<AByte>(a >> shift) *
                                 static_cast<BByte>(b >> shift));
    return c;
  }
};
/// The products of two 16-bit numbers with two bytes, summed onto `c`.
template <class A, class B, unsigned First> struct Dot2 {
  static uint32_t apply(uint32_t a, uint32_t b, uint32_t c) {
    using AHalf = std::conditional_t<std::is_signed_v<A>, int16_t, uint16_t>;
    using BByte = std::conditional_t<std::is_signed_v<B>, int8_t, uint8_t>;
    for (unsigned i = 0; i < 2; ++i)
      c += static_cast<uint32_t>(static_cast<AHalf>(a >> (16 * i)) *
                                 static_cast<BByte>(b >> (8 * (First + i))));
    return c;
  }
};
template <class A, class B> struct Dot2Low : Dot2<A, B, 0> {};
template <class A, class B> struct Dot2High : Dot2<A, B, 2> {};

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_INTEGERARITHMETIC_H
