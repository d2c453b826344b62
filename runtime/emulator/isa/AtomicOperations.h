//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What atomic operations make of the value in memory, b and c: PTX ISA,
// section 9.7.13.6.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_ATOMICOPERATIONS_H
#define RUNTIME_EMULATOR_ISA_ATOMICOPERATIONS_H

#include "runtime/emulator/isa/Numbers.h"

#include <cmath>
#include <cstdint>
#include <mutex>
#include <type_traits>

namespace emulator {

/// A value of 128 bits.
struct Quad {
  uint64_t half[2];
  bool operator==(const Quad &other) const {
    return half[0] == other.half[0] && half[1] == other.half[1];
  }
};

template <class T> T atomicExchange(T, T b, T) { return b; }
template <class T> T atomicCompare(T old, T b, T c) {
  return old == b ? c : old;
}
template <class T> T atomicAnd(T old, T b, T) { return old & b; }
template <class T> T atomicOr(T old, T b, T) { return old | b; }
template <class T> T atomicXor(T old, T b, T) { return old ^ b; }
template <class T> T atomicAdd(T old, T b, T) {
  return static_cast<T>(static_cast<uint64_t>(old) + static_cast<uint64_t>(b));
}
template <class T> T atomicMinimum(T old, T b, T) { return b < old ? b : old; }
template <class T> T atomicMaximum(T old, T b, T) { return old < b ? b : old; }
inline uint32_t atomicIncrement(uint32_t old, uint32_t b, uint32_t) {
  return old >= b ? 0 : old + 1;
}
inline uint32_t atomicDecrement(uint32_t old, uint32_t b, uint32_t) {
  return old == 0 || old > b ? b : old - 1;
}

inline float atomicAddFloat(float old, float b, float) {
  return quietFloat(old + b);
}
/// In global memory denormals are flushed.
inline float atomicAddFlushed(float old, float b, float) {
  return flushDenormal(quietFloat(flushDenormal(old) + flushDenormal(b)));
}
inline double atomicAddDouble(double old, double b, double) { return old + b; }

/// Sums and extremes of 16-bit formats, rounded once.
template <class Format> struct AtomicHalf {
  static uint16_t add(uint16_t old, uint16_t b, uint16_t) {
    return Format::write(Format::read(old) + Format::read(b));
  }
  static uint16_t minimum(uint16_t old, uint16_t b, uint16_t) {
    return extreme(old, b, true);
  }
  static uint16_t maximum(uint16_t old, uint16_t b, uint16_t) {
    return extreme(old, b, false);
  }
  static uint16_t extreme(uint16_t old, uint16_t b, bool least) {
    float x = Format::read(old), y = Format::read(b);
    if (x != x)
      return y != y ? canonicalNan16 : b;
    if (y != y || (x == y && std::signbit(x) == least))
      return old;
    if (x == y)
      return b;
    return (x < y) == least ? old : b;
  }
};

/// The same on both halves.
template <uint16_t (*Function)(uint16_t, uint16_t, uint16_t)>
uint32_t atomicPair(uint32_t old, uint32_t b, uint32_t) {
  uint32_t low =
      Function(static_cast<uint16_t>(old), static_cast<uint16_t>(b), 0);
  uint32_t high = Function(static_cast<uint16_t>(old >> 16),
                           static_cast<uint16_t>(b >> 16), 0);
  return low | high << 16;
}

template <class T> using AtomicOperation = T (*)(T old, T b, T c);

/// Replaces what `at` holds by what the operation makes of it; what it held
/// before. Blocks on other host threads may do the same. `changed` becomes true
/// if the value did.
template <class T, AtomicOperation<T> Apply>
T atomicUpdate(T *at, T b, T c, bool &changed) {
  T before, after;
  if constexpr (sizeof(T) <= 8) {
    // A number is exchanged by its bits.
    using Bits = std::conditional_t<
        sizeof(T) == 8, uint64_t,
        std::conditional_t<sizeof(T) == 4, uint32_t, uint16_t>>;
    auto *cell = reinterpret_cast<Bits *>(at);
    Bits old = __atomic_load_n(cell, __ATOMIC_RELAXED), fresh;
    do {
      before = bitCast<T>(old);
      after = Apply(before, b, c);
      fresh = bitCast<Bits>(after);
    } while (!__atomic_compare_exchange_n(cell, &old, fresh, false,
                                          __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
    changed |= old != fresh;
  } else {
    static std::mutex mutex;
    std::lock_guard<std::mutex> lock(mutex);
    before = *at;
    after = Apply(before, b, c);
    *at = after;
    changed |= !(before == after);
  }
  return before;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_ATOMICOPERATIONS_H
