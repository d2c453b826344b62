//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.8: logic and shift instructions.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Sections.h"

#include <iterator>
#include <utility>

namespace emulator {
namespace {

template <class T> struct And {
  static T apply(T a, T b) { return static_cast<T>(a & b); }
};
template <class T> struct Or {
  static T apply(T a, T b) { return static_cast<T>(a | b); }
};
template <class T> struct Xor {
  static T apply(T a, T b) { return static_cast<T>(a ^ b); }
};
template <class T> struct Not {
  static T apply(T a) { return static_cast<T>(~a); }
};
template <class T> struct LogicalNot {
  static T apply(T a) { return a == 0; }
};

/// Shifts by the width or more leave zeros, or the sign.
template <class T> struct ShiftLeft {
  static T apply(T a, uint32_t b) {
    uint32_t by = b < sizeof(T) * 8 ? b : 0;
    T shifted = static_cast<T>(a << by);
    return b < sizeof(T) * 8 ? shifted : T(0);
  }
};
template <class T> struct ShiftRight {
  static T apply(T a, uint32_t b) {
    uint32_t most = sizeof(T) * 8 - 1;
    if constexpr (std::is_signed_v<T>)
      return static_cast<T>(a >> (b < most ? b : most));
    T shifted = static_cast<T>(a >> (b < most ? b : most));
    return b <= most ? shifted : T(0);
  }
};

/// lop3: bit i of the table is the result for the bits (a, b, c) = i.
template <unsigned Table> uint32_t lookUp(uint32_t a, uint32_t b, uint32_t c) {
  constexpr auto row = [](unsigned i) {
    return Table >> i & 1 ? ~uint32_t(0) : 0;
  };
  auto pick = [](uint32_t by, uint32_t yes, uint32_t no) {
    return (by & yes) | (~by & no);
  };
  return pick(a, pick(b, pick(c, row(7), row(6)), pick(c, row(5), row(4))),
              pick(b, pick(c, row(3), row(2)), pick(c, row(1), row(0))));
}

/// A handler for each table.
template <size_t... Tables>
Handler lookUpHandler(size_t table, std::index_sequence<Tables...>) {
  static const Handler handlers[] = {Lanewise<&lookUp<Tables>>::run...};
  return handlers[table];
}

Handler selectLookUp(Selection &s) {
  int64_t table = s.constant("table");
  if (table < 0 || table > 255)
    s.refuse("the table must be 0 to 255");
  return lookUpHandler(static_cast<size_t>(table),
                       std::make_index_sequence<256>());
}

struct LookUpTest {
  Handler lookUp;
  bool both; ///< d is not 0 and q, else d is not 0 or q
};

/// lop3.BoolOp d|p: p is whether d is not 0, combined with q.
Outcome lookUpTest(Warp &warp, const Instruction &i, Mask lanes) {
  Instruction plain = i;
  const auto &slots = i.list;
  plain.operand[0] = slots[0];
  for (unsigned n = 1; n < 4; ++n)
    plain.operand[n] = slots[n + 1];
  const auto &test = i.detailAs<LookUpTest>();
  test.lookUp(warp, plain, lanes);
  const auto *d = warp.lanes<uint32_t>(slots[0]);
  Mask found = lanesWhere([&](unsigned lane) { return d[lane] != 0; });
  Mask q = warp.predicate(slots[5]) ^ static_cast<Mask>(i.immediate);
  found = test.both ? found & q : found | q;
  setPredicate(warp.predicate(slots[1]), lanes, found);
  return Outcome::Next;
}

Handler selectLookUpTest(Selection &s) {
  s.detail(LookUpTest{selectLookUp(s), s.word("bool") == "and"});
  s.instruction().immediate = s.negated("q") ? allLanes : 0;
  if (s.slot("p") == noSlot)
    s.refuse("the predicate is missing");
  return lookUpTest;
}

// --- shf: the funnel [b, a] ---

template <bool Left, bool Wrap>
uint32_t funnel(uint32_t a, uint32_t b, uint32_t c) {
  uint32_t by = Wrap ? c & 31 : c < 32 ? c : 32;
  uint64_t pair = uint64_t(b) << 32 | a;
  return static_cast<uint32_t>(Left ? pair << by >> 32 : pair >> by);
}

Handler selectFunnel(Selection &s) {
  bool wrap = s.word("mode") == "wrap";
  if (s.word("way") == "l")
    return wrap ? Lanewise<&funnel<true, true>>::run
                : Lanewise<&funnel<true, false>>::run;
  return wrap ? Lanewise<&funnel<false, true>>::run
              : Lanewise<&funnel<false, false>>::run;
}

// --- predicates ---

template <class Operation>
Outcome combine(Warp &warp, const Instruction &i, Mask lanes) {
  setPredicate(warp.predicate(i.operand[0]), lanes,
               Operation::apply(warp.predicate(i.operand[1]),
                                warp.predicate(i.operand[2])));
  return Outcome::Next;
}
template <class Operation> Handler selectPredicate(Selection &) {
  return combine<Operation>;
}
Outcome invert(Warp &warp, const Instruction &i, Mask lanes) {
  setPredicate(warp.predicate(i.operand[0]), lanes,
               ~warp.predicate(i.operand[1]));
  return Outcome::Next;
}
Handler selectInvert(Selection &) { return invert; }

/// Shifts of bits are shifts of unsigned numbers.
const char *const bits = "type = b16 b32 b64";
const char *const shifted = "type = b16 b32 b64 u16 u32 u64 s16 s32 s64";

const Row rows[] = {
    {"9.7.8.1", "and.pred d:pred, a:pred, b:pred", "",
     selectPredicate<And<Mask>>},
    {"9.7.8.1", "and.type d:type, a:type, b:type", bits, selectInteger<And>},
    {"9.7.8.2", "or.pred d:pred, a:pred, b:pred", "",
     selectPredicate<Or<Mask>>},
    {"9.7.8.2", "or.type d:type, a:type, b:type", bits, selectInteger<Or>},
    {"9.7.8.3", "xor.pred d:pred, a:pred, b:pred", "",
     selectPredicate<Xor<Mask>>},
    {"9.7.8.3", "xor.type d:type, a:type, b:type", bits, selectInteger<Xor>},
    {"9.7.8.4", "not.pred d:pred, a:pred", "", selectInvert},
    {"9.7.8.4", "not.type d:type, a:type", bits, selectInteger<Not>},
    {"9.7.8.5", "cnot.type d:type, a:type", bits, selectInteger<LogicalNot>},
    {"9.7.8.6", "lop3.b32 d:b32, a:b32, b:b32, c:b32, table:imm", "",
     selectLookUp, "sm_50"},
    {"9.7.8.6",
     "lop3.bool.b32 d:b32|p, a:b32, b:b32, c:b32, table:imm, !q:pred",
     "bool = and or", selectLookUpTest, "sm_70"},
    {"9.7.8.7", "shf.way.mode.b32 d:b32, a:b32, b:b32, c:u32",
     "way = l r; mode = wrap clamp", selectFunnel, "sm_32"},
    {"9.7.8.8", "shl.type d:type, a:type, b:u32", bits,
     selectInteger<ShiftLeft>},
    {"9.7.8.9", "shr.type d:type, a:type, b:u32", shifted,
     selectInteger<ShiftRight>},
};

} // namespace

Section logicSection() {
  return {"Logic and Shift Instructions", rows, std::size(rows)};
}

} // namespace emulator
