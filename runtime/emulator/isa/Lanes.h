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

namespace emulator {

// Slots of one instruction are the same or apart, so lanes do not depend on
// each other.
#if defined(__clang__)
#define EMULATOR_EACH_LANE _Pragma("clang loop vectorize(assume_safety)")
#else
#define EMULATOR_EACH_LANE _Pragma("GCC ivdep")
#endif

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
  EMULATOR_EACH_LANE
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    d[lane] = lanes >> lane & 1 ? results[lane] : d[lane];
}

/// The lanes for which `test(lane)` holds.
template <class F> [[gnu::always_inline]] inline Mask lanesWhere(F test) {
  Mask bits = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    bits |= Mask(test(lane)) << lane;
  return bits;
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
