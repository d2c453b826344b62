//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Handlers that apply a function to each lane. The loops are such that the
// compiler vectorises them: with all lanes active they store at once, else
// they blend.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_LANES_H
#define RUNTIME_EMULATOR_ISA_LANES_H

#include "runtime/emulator/isa/Table.h"
#include "runtime/emulator/machine/Warp.h"

#include <cstdint>
#include <cstring>
#include <immintrin.h>
#include <type_traits>

namespace emulator {

// Slots of one instruction are the same or apart, so lanes do not depend on
// each other. Clang unrolls short loops before it makes vectors, if it may.
#if defined(__clang__)
#define EMULATOR_EACH_LANE                                                     \
  _Pragma("clang loop vectorize(assume_safety) unroll(disable)")               \
      _Pragma("clang loop interleave_count(4)")
#else
#define EMULATOR_EACH_LANE _Pragma("GCC ivdep")
#endif

/// All ones in those 16-, 32- or 64-bit elements of a vector whose lane,
/// counted from `first`, is in `lanes`.
template <size_t Bytes> inline __m256i elementsOf(Mask lanes, unsigned first) {
  if constexpr (Bytes == 2) {
    const __m256i bit =
        _mm256_setr_epi16(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048,
                          4096, 8192, 16384, static_cast<int16_t>(0x8000));
    __m256i all = _mm256_set1_epi16(static_cast<int16_t>(lanes >> first));
    return _mm256_cmpeq_epi16(_mm256_and_si256(all, bit), bit);
  } else if constexpr (Bytes == 4) {
    const __m256i bit = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    __m256i all = _mm256_set1_epi32(static_cast<int32_t>(lanes >> first));
    return _mm256_cmpeq_epi32(_mm256_and_si256(all, bit), bit);
  } else {
    const __m256i bit = _mm256_setr_epi64x(1, 2, 4, 8);
    __m256i all = _mm256_set1_epi64x(lanes >> first);
    return _mm256_cmpeq_epi64(_mm256_and_si256(all, bit), bit);
  }
}

/// d = `yes` in the lanes of `choice`, and `no` in the others. Compilers make
/// gathers of loops that choose between two arrays.
template <class T>
[[gnu::always_inline]] inline void blend(T *d, const T *yes, const T *no,
                                         Mask choice) {
  if constexpr (sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8) {
    constexpr unsigned step = 32 / sizeof(T);
    for (unsigned lane = 0; lane < warpLanes; lane += step) {
      auto load = [lane](const T *from) {
        return _mm256_loadu_si256(
            reinterpret_cast<const __m256i *>(from + lane));
      };
      __m256i chosen = _mm256_blendv_epi8(load(no), load(yes),
                                          elementsOf<sizeof(T)>(choice, lane));
      _mm256_storeu_si256(reinterpret_cast<__m256i *>(d + lane), chosen);
    }
  } else {
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      d[lane] = choice >> lane & 1 ? yes[lane] : no[lane];
  }
}

/// Stores `value(lane)` in each of `lanes`; `value` may be called for others.
template <class D, class F>
[[gnu::always_inline]] inline void eachLane(D *d, Mask lanes, F value) {
  if (lanes == allLanes) {
    EMULATOR_EACH_LANE
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      d[lane] = value(lane);
    return;
  }
  D results[warpLanes];
  EMULATOR_EACH_LANE
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    results[lane] = value(lane);
  blend(d, results, d, lanes);
}

/// The lanes for which `test(lane)` holds.
template <class F> [[gnu::always_inline]] inline Mask lanesWhere(F test) {
  alignas(32) uint8_t found[warpLanes];
  EMULATOR_EACH_LANE
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    found[lane] = test(lane) ? 0xFF : 0;
  __m256i bytes = _mm256_load_si256(reinterpret_cast<const __m256i *>(found));
  return static_cast<Mask>(_mm256_movemask_epi8(bytes));
}

/// Writes the bits of `lanes` in a predicate.
inline void setPredicate(Mask &predicate, Mask lanes, Mask value) {
  predicate = (predicate & ~lanes) | (value & lanes);
}

/// `Lanewise<f>::run` is the handler of d = f(a, b, ...), whose operands stand
/// in this order.
template <auto Function> struct Lanewise;

template <class D, class A, D (*Function)(A)> struct Lanewise<Function> {
  [[gnu::noinline]] static Outcome run(Warp &warp, const Instruction &i,
                                       Mask lanes) {
    const A *a = warp.lanes<A>(i.operand[1]);
    eachLane(warp.lanes<D>(i.operand[0]), lanes,
             [&](unsigned lane) { return Function(a[lane]); });
    return Outcome::Next;
  }
};

template <class D, class A, class B, D (*Function)(A, B)>
struct Lanewise<Function> {
  [[gnu::noinline]] static Outcome run(Warp &warp, const Instruction &i,
                                       Mask lanes) {
    const A *a = warp.lanes<A>(i.operand[1]);
    const B *b = warp.lanes<B>(i.operand[2]);
    eachLane(warp.lanes<D>(i.operand[0]), lanes,
             [&](unsigned lane) { return Function(a[lane], b[lane]); });
    return Outcome::Next;
  }
};

template <class D, class A, class B, class C, D (*Function)(A, B, C)>
struct Lanewise<Function> {
  [[gnu::noinline]] static Outcome run(Warp &warp, const Instruction &i,
                                       Mask lanes) {
    const A *a = warp.lanes<A>(i.operand[1]);
    const B *b = warp.lanes<B>(i.operand[2]);
    const C *c = warp.lanes<C>(i.operand[3]);
    eachLane(warp.lanes<D>(i.operand[0]), lanes, [&](unsigned lane) {
      return Function(a[lane], b[lane], c[lane]);
    });
    return Outcome::Next;
  }
};

template <class D, class A, class B, class C, class E,
          D (*Function)(A, B, C, E)>
struct Lanewise<Function> {
  [[gnu::noinline]] static Outcome run(Warp &warp, const Instruction &i,
                                       Mask lanes) {
    const A *a = warp.lanes<A>(i.operand[1]);
    const B *b = warp.lanes<B>(i.operand[2]);
    const C *c = warp.lanes<C>(i.operand[3]);
    const E *e = warp.lanes<E>(i.operand[4]);
    eachLane(warp.lanes<D>(i.operand[0]), lanes, [&](unsigned lane) {
      return Function(a[lane], b[lane], c[lane], e[lane]);
    });
    return Outcome::Next;
  }
};

/// The handler of `Operation<T>::apply` for the integer type that the class
/// `type` stands for; null if it is none.
template <template <class> class Operation>
Handler selectInteger(Selection &s) {
  switch (s.type("type")) {
  case Type::U16:
  case Type::B16:
    return Lanewise<&Operation<uint16_t>::apply>::run;
  case Type::U32:
  case Type::B32:
    return Lanewise<&Operation<uint32_t>::apply>::run;
  case Type::U64:
  case Type::B64:
    return Lanewise<&Operation<uint64_t>::apply>::run;
  case Type::S16:
    return Lanewise<&Operation<int16_t>::apply>::run;
  case Type::S32:
    return Lanewise<&Operation<int32_t>::apply>::run;
  case Type::S64:
    return Lanewise<&Operation<int64_t>::apply>::run;
  default:
    return nullptr;
  }
}

/// The handler of one function.
template <auto Function> Handler selectOne(Selection &) {
  return Lanewise<Function>::run;
}

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_LANES_H
