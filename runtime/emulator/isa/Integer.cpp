//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.1: integer arithmetic instructions.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/IntegerArithmetic.h"
#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Sections.h"

#include <iterator>

namespace emulator {
namespace {

template <template <class> class Operation> Handler selectWide(Selection &s) {
  switch (s.type("type")) {
  case Type::U16:
    return Lanewise<&Operation<uint16_t>::apply>::run;
  case Type::S16:
    return Lanewise<&Operation<int16_t>::apply>::run;
  case Type::U32:
    return Lanewise<&Operation<uint32_t>::apply>::run;
  case Type::S32:
    return Lanewise<&Operation<int32_t>::apply>::run;
  default:
    return nullptr;
  }
}

/// Operations on both halves of 32 bits.
template <template <class> class Operation> Handler selectPair(Selection &s) {
  return s.type("type") == Type::S16x2
             ? Lanewise<&Halves<Operation, int16_t>::apply>::run
             : Lanewise<&Halves<Operation, uint16_t>::apply>::run;
}

template <template <class, class> class Operation>
Handler selectDot(Selection &s) {
  bool a = s.word("atype") == "s32", b = s.word("btype") == "s32";
  if (a && b)
    return Lanewise<&Operation<int32_t, int32_t>::apply>::run;
  if (a)
    return Lanewise<&Operation<int32_t, uint32_t>::apply>::run;
  return b ? Lanewise<&Operation<uint32_t, int32_t>::apply>::run
           : Lanewise<&Operation<uint32_t, uint32_t>::apply>::run;
}

Handler selectDot2(Selection &s) {
  return s.word("mode") == "lo" ? selectDot<Dot2Low>(s)
                                : selectDot<Dot2High>(s);
}

Handler selectBfind(Selection &s) {
  return s.has("shiftamt") ? selectInteger<FindHighestShift>(s)
                           : selectInteger<FindHighest>(s);
}

Handler selectBmsk(Selection &s) {
  return s.word("mode") == "clamp" ? Lanewise<&maskClamp>::run
                                   : Lanewise<&maskWrap>::run;
}

Handler selectSzext(Selection &s) {
  bool isSigned = s.type("type") == Type::S32;
  if (s.word("mode") == "clamp")
    return isSigned ? Lanewise<&extendSignedClamp>::run
                    : Lanewise<&extendUnsignedClamp>::run;
  return isSigned ? Lanewise<&extendSignedWrap>::run
                  : Lanewise<&extendUnsignedWrap>::run;
}

const char *const plain = "type = u16 u32 u64 s16 s32 s64";
const char *const words = "type = u32 s32";
const char *const narrow = "type = u16 u32 s16 s32";
const char *const isSigned = "type = s16 s32 s64";
const char *const bits = "type = b32 b64";
const char *const fields = "type = u32 u64 s32 s64";
const char *const pairs = "type = u16x2 s16x2";

const Row rows[] = {
    {"9.7.1.1", "add.type d:type, a:type, b:type", plain, selectInteger<Add>},
    {"9.7.1.1", "add.sat.s32 d:s32, a:s32, b:s32", "",
     selectOne<&addSaturated>},
    {"9.7.1.1", "add.type d:type, a:type, b:type", pairs, selectPair<Add>,
     "sm_90"},
    {"9.7.1.2", "sub.type d:type, a:type, b:type", plain,
     selectInteger<Subtract>},
    {"9.7.1.2", "sub.sat.s32 d:s32, a:s32, b:s32", "",
     selectOne<&subtractSaturated>},
    {"9.7.1.2", "sub.type d:type, a:type, b:type", pairs, selectPair<Subtract>,
     "sm_90"},
    {"9.7.1.3", "mul.lo.type d:type, a:type, b:type", plain,
     selectInteger<MultiplyLow>},
    {"9.7.1.3", "mul.hi.type d:type, a:type, b:type", plain,
     selectInteger<MultiplyHigh>},
    {"9.7.1.3", "mul.wide.type d:wide(type), a:type, b:type", narrow,
     selectWide<MultiplyWide>},
    {"9.7.1.4", "mad.lo.type d:type, a:type, b:type, c:type", plain,
     selectInteger<MultiplyAddLow>},
    {"9.7.1.4", "mad.hi.type d:type, a:type, b:type, c:type", plain,
     selectInteger<MultiplyAddHigh>},
    {"9.7.1.4", "mad.hi.sat.s32 d:s32, a:s32, b:s32, c:s32", "",
     selectOne<&multiplyAddHighSaturated>},
    {"9.7.1.4", "mad.wide.type d:wide(type), a:type, b:type, c:wide(type)",
     narrow, selectWide<MultiplyAddWide>},
    {"9.7.1.5", "mul24.lo.type d:type, a:type, b:type", words,
     selectWide<Multiply24Low>},
    {"9.7.1.5", "mul24.hi.type d:type, a:type, b:type", words,
     selectWide<Multiply24High>},
    {"9.7.1.6", "mad24.lo.type d:type, a:type, b:type, c:type", words,
     selectWide<MultiplyAdd24Low>},
    {"9.7.1.6", "mad24.hi.type d:type, a:type, b:type, c:type", words,
     selectWide<MultiplyAdd24High>},
    {"9.7.1.6", "mad24.hi.sat.s32 d:s32, a:s32, b:s32, c:s32", "",
     selectOne<&multiplyAdd24HighSaturated>},
    {"9.7.1.7", "sad.type d:type, a:type, b:type, c:type", plain,
     selectInteger<AbsoluteDifference>},
    {"9.7.1.8", "div.type d:type, a:type, b:type", plain,
     selectInteger<Divide>},
    {"9.7.1.9", "rem.type d:type, a:type, b:type", plain,
     selectInteger<Remainder>},
    {"9.7.1.10", "abs.type d:type, a:type", isSigned, selectInteger<Absolute>},
    {"9.7.1.11", "neg.type d:type, a:type", isSigned, selectInteger<Negate>},
    {"9.7.1.12", "min.type d:type, a:type, b:type", plain,
     selectInteger<Minimum>},
    {"9.7.1.12", "min.type d:type, a:type, b:type", pairs, selectPair<Minimum>,
     "sm_90"},
    {"9.7.1.12", "min.relu.s32 d:s32, a:s32, b:s32", "",
     selectOne<&MinimumRelu<int32_t>::apply>, "sm_90"},
    {"9.7.1.12", "min.relu.type d:type, a:type, b:type", "type = s16x2",
     selectPair<MinimumRelu>, "sm_90"},
    {"9.7.1.13", "max.type d:type, a:type, b:type", plain,
     selectInteger<Maximum>},
    {"9.7.1.13", "max.type d:type, a:type, b:type", pairs, selectPair<Maximum>,
     "sm_90"},
    {"9.7.1.13", "max.relu.s32 d:s32, a:s32, b:s32", "",
     selectOne<&MaximumRelu<int32_t>::apply>, "sm_90"},
    {"9.7.1.13", "max.relu.type d:type, a:type, b:type", "type = s16x2",
     selectPair<MaximumRelu>, "sm_90"},
    {"9.7.1.14", "popc.type d:u32, a:type", bits, selectInteger<CountOnes>},
    {"9.7.1.15", "clz.type d:u32, a:type", bits,
     selectInteger<CountLeadingZeros>},
    {"9.7.1.16", "bfind{.shiftamt}.type d:u32, a:type", fields, selectBfind},
    {"9.7.1.17", "fns.b32 d:b32, mask:b32, base:b32, offset:s32", "",
     selectOne<&findNthSet>},
    {"9.7.1.18", "brev.type d:type, a:type", bits, selectInteger<ReverseBits>},
    {"9.7.1.19", "bfe.type d:type, a:type, b:u32, c:u32", fields,
     selectInteger<ExtractField>},
    {"9.7.1.20", "bfi.type f:type, a:type, b:type, c:u32, d:u32", bits,
     selectInteger<InsertField>},
    {"9.7.1.21", "szext.mode.type d:type, a:type, b:u32",
     "mode = clamp wrap; type = u32 s32", selectSzext, "sm_70"},
    {"9.7.1.22", "bmsk.mode.b32 d:b32, a:b32, b:b32", "mode = clamp wrap",
     selectBmsk, "sm_70"},
    {"9.7.1.23", "dp4a.atype.btype d:b32, a:b32, b:b32, c:b32",
     "atype = u32 s32; btype = u32 s32", selectDot<Dot4>, "sm_61"},
    {"9.7.1.24", "dp2a.mode.atype.btype d:b32, a:b32, b:b32, c:b32",
     "mode = lo hi; atype = u32 s32; btype = u32 s32", selectDot2, "sm_61"},
};

} // namespace

Section integerSection() {
  return {"Integer Arithmetic Instructions", rows, std::size(rows)};
}

} // namespace emulator
