//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, sections 9.7.6 and 9.7.7: comparison and selection instructions.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Comparison.h"
#include "runtime/emulator/isa/Sections.h"

#include <iterator>

namespace emulator {
namespace {

// --- setp, set ---

/// setp{.bool} p|q, a, b{, c}: q is for the complement of the comparison.
template <class Format, template <class> class Compare>
[[gnu::noinline]] Outcome setPredicates(Warp &warp, const Instruction &i,
                                        Mask lanes) {
  Mask found = compareLanes<Format, Compare>(warp, i.operand[2], i.operand[3]);
  if (i.detail == nullptr) {
    setPredicate(warp.predicate(i.operand[0]), lanes, found);
    return Outcome::Next;
  }
  const auto &combine = i.detailAs<Combination>();
  Mask p = combine.apply(warp, i.operand[4], found);
  Mask q = combine.apply(warp, i.operand[4], ~found);
  setPredicate(warp.predicate(i.operand[0]), lanes, p);
  if (i.operand[1] != noSlot)
    setPredicate(warp.predicate(i.operand[1]), lanes, q);
  return Outcome::Next;
}

template <class Format, template <class> class Compare> struct SetPredicates {
  static constexpr Handler handler = setPredicates<Format, Compare>;
};

/// set{.bool} d, a, b{, c}: all ones or 1.0 for true, by the type of d.
template <class Format, template <class> class Compare>
[[gnu::noinline]] Outcome setValue(Warp &warp, const Instruction &i,
                                   Mask lanes) {
  const auto &set = i.detailAs<SetResult>();
  Mask found = compareLanes<Format, Compare>(warp, i.operand[1], i.operand[2]);
  found = set.combination.apply(warp, i.operand[3], found);
  if (set.wide)
    eachLane(warp.lanes<uint32_t>(i.operand[0]), lanes,
             [&, yes = set.yes](unsigned lane) {
               return yes & (0 - (found >> lane & 1));
             });
  else
    eachLane(warp.lanes<uint16_t>(i.operand[0]), lanes, [&](unsigned lane) {
      return static_cast<uint16_t>(found >> lane & 1 ? set.yes : 0);
    });
  return Outcome::Next;
}

template <class Format, template <class> class Compare> struct SetValue {
  static constexpr Handler handler = setValue<Format, Compare>;
};

Handler selectSetp(Selection &s) {
  if (!s.word("bool").empty() || s.slot("q") != noSlot)
    s.detail(combinationOf(s));
  return selectByType<SetPredicates>(s, s.type("type"));
}

Handler selectSet(Selection &s) {
  SetResult result;
  result.combination = combinationOf(s);
  Type to = s.type("dtype");
  result.wide = bitsOf(to) == 32;
  if (to == Type::F32)
    result.yes = 0x3F800000;
  else if (to == Type::F16)
    result.yes = 0x3C00;
  else if (to == Type::BF16)
    result.yes = 0x3F80;
  else
    result.yes = result.wide ? ~uint32_t(0) : 0xFFFF;
  s.detail(result);
  return selectByType<SetValue>(s, s.type("stype"));
}

// --- f16x2, bf16x2 ---

/// One half of a packed pair as a number.
template <class Format, unsigned Half> struct PairHalf {
  using Storage = uint32_t;
  static float read(uint32_t pair) {
    return Format::read(static_cast<uint16_t>(pair >> (16 * Half)));
  }
};

/// setp of pairs: p for the low halves, q for the high ones.
template <class Format, template <class> class Compare>
[[gnu::noinline]] Outcome setPairPredicates(Warp &warp, const Instruction &i,
                                            Mask lanes) {
  const auto &combine = i.detailAs<Combination>();
  Mask low = compareLanes<PairHalf<Format, 0>, Compare>(warp, i.operand[2],
                                                        i.operand[3]);
  Mask high = compareLanes<PairHalf<Format, 1>, Compare>(warp, i.operand[2],
                                                         i.operand[3]);
  low = combine.apply(warp, i.operand[4], low);
  high = combine.apply(warp, i.operand[4], high);
  setPredicate(warp.predicate(i.operand[0]), lanes, low);
  if (i.operand[1] != noSlot)
    setPredicate(warp.predicate(i.operand[1]), lanes, high);
  return Outcome::Next;
}

template <class Format, template <class> class Compare>
struct SetPairPredicates {
  static constexpr Handler handler = setPairPredicates<Format, Compare>;
};

template <class Format, template <class> class Compare>
[[gnu::noinline]] Outcome setPairValue(Warp &warp, const Instruction &i,
                                       Mask lanes) {
  const auto &set = i.detailAs<SetResult>();
  Mask low = compareLanes<PairHalf<Format, 0>, Compare>(warp, i.operand[1],
                                                        i.operand[2]);
  Mask high = compareLanes<PairHalf<Format, 1>, Compare>(warp, i.operand[1],
                                                         i.operand[2]);
  low = set.combination.apply(warp, i.operand[3], low);
  high = set.combination.apply(warp, i.operand[3], high);
  eachLane(warp.lanes<uint32_t>(i.operand[0]), lanes, [&](unsigned lane) {
    return (low >> lane & 1 ? set.yes : 0) |
           (high >> lane & 1 ? set.yes << 16 : 0);
  });
  return Outcome::Next;
}

template <class Format, template <class> class Compare> struct SetPairValue {
  static constexpr Handler handler = setPairValue<Format, Compare>;
};

Handler selectPairSetp(Selection &s) {
  s.detail(combinationOf(s));
  return selectPairFormat<SetPairPredicates>(s);
}

Handler selectPairSet(Selection &s) {
  SetResult result;
  result.combination = combinationOf(s);
  Type to = s.type("dtype");
  result.yes = to == Type::F16x2    ? 0x3C00
               : to == Type::BF16x2 ? 0x3F80
                                    : 0xFFFF;
  s.detail(result);
  return selectPairFormat<SetPairValue>(s);
}

// --- selp, slct ---

/// selp d, a, b, c
template <class T>
[[gnu::noinline]] Outcome selectByPredicate(Warp &warp, const Instruction &i,
                                            Mask lanes) {
  const T *a = warp.lanes<T>(i.operand[1]);
  const T *b = warp.lanes<T>(i.operand[2]);
  T *d = warp.lanes<T>(i.operand[0]);
  Mask c = warp.predicate(i.operand[3]);
  if (lanes == allLanes) {
    blend(d, a, b, c);
    return Outcome::Next;
  }
  T results[warpLanes];
  blend(results, a, b, c);
  blend(d, results, d, lanes);
  return Outcome::Next;
}

Handler selectSelp(Selection &s) {
  if (s.negated("c")) {
    // The choice the other way round.
    Instruction &i = s.instruction();
    std::swap(i.operand[1], i.operand[2]);
  }
  switch (bitsOf(s.type("type"))) {
  case 16:
    return selectByPredicate<uint16_t>;
  case 32:
    return selectByPredicate<uint32_t>;
  default:
    return selectByPredicate<uint64_t>;
  }
}

/// slct d, a, b, c: a where c is not negative, which -0.0 is not and NaN is.
template <class T> T chooseBySign(T a, T b, int32_t c) {
  return c >= 0 ? a : b;
}
template <class T> T chooseByFloat(T a, T b, float c) { return c >= 0 ? a : b; }
template <class T> T chooseByFlushed(T a, T b, float c) {
  return flushDenormal(c) >= 0 ? a : b;
}

template <class T> Handler selectSlctOf(Selection &s) {
  if (s.type("ctype") == Type::S32)
    return Lanewise<&chooseBySign<T>>::run;
  return s.has("ftz") ? Lanewise<&chooseByFlushed<T>>::run
                      : Lanewise<&chooseByFloat<T>>::run;
}

Handler selectSlct(Selection &s) {
  switch (bitsOf(s.type("dtype"))) {
  case 16:
    return selectSlctOf<uint16_t>(s);
  case 32:
    return selectSlctOf<uint32_t>(s);
  default:
    return selectSlctOf<uint64_t>(s);
  }
}

#define INTEGER_COMPARISONS "cmp = eq ne lt le gt ge lo ls hi hs; "
#define FLOAT_COMPARISONS                                                      \
  "cmp = eq ne lt le gt ge equ neu ltu leu gtu geu num nan; "
#define OPERATIONS "bool = and or xor; "
#define SETP " p:pred|q, a:type, b:type"
#define SETP_BOOL " p:pred|q, a:type, b:type, !c:pred"
#define SET " d:dtype, a:stype, b:stype"

const char *const integers = INTEGER_COMPARISONS OPERATIONS
    "type = b16 b32 b64 u16 u32 u64 s16 s32 s64; stype = b16 b32 b64 u16 u32 "
    "u64 s16 s32 s64; dtype = u32 s32 f32";
const char *const floats = FLOAT_COMPARISONS OPERATIONS
    "type = f32 f64; stype = f32 f64; dtype = u32 s32 f32";
const char *const halves = FLOAT_COMPARISONS OPERATIONS
    "type = f16 bf16; stype = f16 bf16; dtype = u16 s16 u32 s32 f16 bf16";
const char *const packed = FLOAT_COMPARISONS OPERATIONS
    "type = f16x2 bf16x2; stype = f16x2 bf16x2; dtype = f16x2 bf16x2 u32 s32";
const char *const selected =
    "type = b16 b32 b64 u16 u32 u64 s16 s32 s64 f32 f64 f16 bf16";
const char *const chosen =
    "dtype = b16 b32 b64 u16 u32 u64 s16 s32 s64 f32 f64; ctype = s32 f32";

const Row rows[] = {
    {"9.7.6.1", "set.cmp.dtype.stype" SET, integers, selectSet},
    {"9.7.6.1", "set.cmp.bool.dtype.stype" SET ", !c:pred", integers,
     selectSet},
    {"9.7.6.1", "set.cmp{.ftz}.dtype.stype" SET, floats, selectSet},
    {"9.7.6.1", "set.cmp.bool{.ftz}.dtype.stype" SET ", !c:pred", floats,
     selectSet},
    {"9.7.6.2", "setp.cmp.type" SETP, integers, selectSetp},
    {"9.7.6.2", "setp.cmp.bool.type" SETP_BOOL, integers, selectSetp},
    {"9.7.6.2", "setp.cmp{.ftz}.type" SETP, floats, selectSetp},
    {"9.7.6.2", "setp.cmp.bool{.ftz}.type" SETP_BOOL, floats, selectSetp},
    {"9.7.6.3", "selp.type d:type, a:type, b:type, !c:pred", selected,
     selectSelp},
    {"9.7.6.4", "slct{.ftz}.dtype.ctype d:dtype, a:dtype, b:dtype, c:ctype",
     chosen, selectSlct},
    {"9.7.7.1", "set.cmp{.ftz}.dtype.stype" SET, halves, selectSet, "sm_53"},
    {"9.7.7.1", "set.cmp.bool{.ftz}.dtype.stype" SET ", !c:pred", halves,
     selectSet, "sm_53"},
    {"9.7.7.1", "set.cmp{.ftz}.dtype.stype" SET, packed, selectPairSet,
     "sm_53"},
    {"9.7.7.1", "set.cmp.bool{.ftz}.dtype.stype" SET ", !c:pred", packed,
     selectPairSet, "sm_53"},
    {"9.7.7.2", "setp.cmp{.ftz}.type" SETP, halves, selectSetp, "sm_53"},
    {"9.7.7.2", "setp.cmp.bool{.ftz}.type" SETP_BOOL, halves, selectSetp,
     "sm_53"},
    {"9.7.7.2", "setp.cmp{.ftz}.type" SETP, packed, selectPairSetp, "sm_53"},
    {"9.7.7.2", "setp.cmp.bool{.ftz}.type" SETP_BOOL, packed, selectPairSetp,
     "sm_53"},
};

} // namespace

Section comparisonSection() {
  return {"Comparison and Selection Instructions", rows, std::size(rows)};
}

} // namespace emulator
