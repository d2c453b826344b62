//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.2: extended-precision integer arithmetic. The carry bit
// of a thread is a predicate of its frame; after a subtraction it holds the
// borrow.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/IntegerArithmetic.h"
#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Sections.h"

#include <iterator>

namespace emulator {
namespace {

/// Whether the carry is read, and whether it is written.
enum class Carry : uint8_t { Out, In, Both };

/// A sum with its carry, or a difference with its borrow.
template <class T, bool Subtracts> T combine(T a, T b, bool in, bool &out) {
  T partial, result;
  if constexpr (Subtracts) {
    out = __builtin_sub_overflow(a, b, &partial);
    out |= __builtin_sub_overflow(partial, T(in), &result);
  } else {
    out = __builtin_add_overflow(a, b, &partial);
    out |= __builtin_add_overflow(partial, T(in), &result);
  }
  return result;
}

/// d = left(lane) + right(lane) + carry, where the carry stands in operand 4.
template <class T, Carry C, bool Subtracts, class Left>
Outcome combineLanes(Warp &warp, const Instruction &i, Mask lanes, Left left,
                     const T *right) {
  Mask &carry = warp.predicate(i.operand[4]);
  Mask in = C == Carry::Out ? 0 : carry, out = 0;
  T results[warpLanes];
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    bool overflow = false;
    results[lane] = combine<T, Subtracts>(left(lane), right[lane],
                                          in >> lane & 1, overflow);
    out |= Mask(overflow) << lane;
  }
  eachLane(warp.lanes<T>(i.operand[0]), lanes,
           [&](unsigned lane) { return results[lane]; });
  if (C != Carry::In)
    setPredicate(carry, lanes, out);
  return Outcome::Next;
}

template <class T, Carry C, bool Subtracts>
Outcome addWithCarry(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.lanes<T>(i.operand[1]);
  return combineLanes<T, C, Subtracts>(
      warp, i, lanes, [&](unsigned lane) { return a[lane]; },
      warp.lanes<T>(i.operand[2]));
}

/// The half of a product of numbers of type T, whose bits become unsigned.
template <class T, bool High> Unsigned<T> half(T a, T b) {
  return static_cast<Unsigned<T>>(High ? MultiplyHigh<T>::apply(a, b)
                                       : MultiplyLow<T>::apply(a, b));
}

template <class T, Carry C, bool High>
Outcome multiplyAddWithCarry(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.lanes<T>(i.operand[1]);
  const T *b = warp.lanes<T>(i.operand[2]);
  return combineLanes<Unsigned<T>, C, false>(
      warp, i, lanes,
      [&](unsigned lane) { return half<T, High>(a[lane], b[lane]); },
      warp.lanes<Unsigned<T>>(i.operand[3]));
}

/// Signs do not matter to sums.
template <Carry C, bool Subtracts> Handler selectSum(Selection &s) {
  s.instruction().operand[4] = s.carry();
  return bitsOf(s.type("type")) == 64 ? addWithCarry<uint64_t, C, Subtracts>
                                      : addWithCarry<uint32_t, C, Subtracts>;
}

template <Carry C, bool High> Handler selectProduct(Selection &s) {
  s.instruction().operand[4] = s.carry();
  switch (s.type("type")) {
  case Type::U32:
    return multiplyAddWithCarry<uint32_t, C, High>;
  case Type::S32:
    return multiplyAddWithCarry<int32_t, C, High>;
  case Type::U64:
    return multiplyAddWithCarry<uint64_t, C, High>;
  default:
    return multiplyAddWithCarry<int64_t, C, High>;
  }
}

template <Carry C> Handler selectHalf(Selection &s) {
  return s.word("half") == "hi" ? selectProduct<C, true>(s)
                                : selectProduct<C, false>(s);
}

#define BINARY " d:type, a:type, b:type"
#define TERNARY " d:type, a:type, b:type, c:type"
const char *const types = "type = u32 s32 u64 s64";
const char *const halves = "half = lo hi; type = u32 s32 u64 s64";

const Row rows[] = {
    {"9.7.2.1", "add.cc.type" BINARY, types, selectSum<Carry::Out, false>},
    {"9.7.2.2", "addc.type" BINARY, types, selectSum<Carry::In, false>},
    {"9.7.2.2", "addc.cc.type" BINARY, types, selectSum<Carry::Both, false>},
    {"9.7.2.3", "sub.cc.type" BINARY, types, selectSum<Carry::Out, true>},
    {"9.7.2.4", "subc.type" BINARY, types, selectSum<Carry::In, true>},
    {"9.7.2.4", "subc.cc.type" BINARY, types, selectSum<Carry::Both, true>},
    {"9.7.2.5", "mad.half.cc.type" TERNARY, halves, selectHalf<Carry::Out>},
    {"9.7.2.6", "madc.half.type" TERNARY, halves, selectHalf<Carry::In>},
    {"9.7.2.6", "madc.half.cc.type" TERNARY, halves, selectHalf<Carry::Both>},
};

} // namespace

Section extendedPrecisionSection() {
  return {"Extended-Precision Integer Arithmetic Instructions", rows,
          std::size(rows)};
}

} // namespace emulator
