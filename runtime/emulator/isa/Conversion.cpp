//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, sections 9.7.9.21 and 9.7.9.22: cvt and cvt.pack.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Conversion.h"

#include "runtime/emulator/isa/Lanes.h"
#include "runtime/emulator/isa/Numbers.h"
#include "runtime/emulator/isa/Sections.h"

#include <algorithm>
#include <iterator>

namespace emulator {
namespace {

Rounding roundingOf(std::string_view word) {
  if (word == "rz" || word == "rzi")
    return Rounding::Zero;
  if (word == "rm" || word == "rmi")
    return Rounding::Down;
  if (word == "rp" || word == "rpi")
    return Rounding::Up;
  return Rounding::Nearest;
}

// --- registers of any width ---

using Values = uint64_t[warpLanes];

template <class R, class T> void readLanes(Warp &warp, Slot slot, Values &to) {
  const R *from = warp.lanes<R>(slot);
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    to[lane] =
        static_cast<uint64_t>(static_cast<int64_t>(static_cast<T>(from[lane])));
}

/// The values of a register as numbers of type T, extended to 64 bits.
template <class T>
void readAs(Warp &warp, Slot slot, unsigned width, Values &to) {
  if (width == 64)
    readLanes<uint64_t, T>(warp, slot, to);
  else if (width == 32)
    readLanes<uint32_t, T>(warp, slot, to);
  else
    readLanes<uint16_t, T>(warp, slot, to);
}

template <class T>
void writeAs(Warp &warp, Slot slot, unsigned width, Mask lanes,
             const Values &values) {
  auto extended = [&](unsigned lane) {
    return static_cast<int64_t>(static_cast<T>(values[lane]));
  };
  if (width == 64)
    eachLane(warp.lanes<uint64_t>(slot), lanes, [&](unsigned lane) {
      return static_cast<uint64_t>(extended(lane));
    });
  else if (width == 32)
    eachLane(warp.lanes<uint32_t>(slot), lanes, [&](unsigned lane) {
      return static_cast<uint32_t>(extended(lane));
    });
  else
    eachLane(warp.lanes<uint16_t>(slot), lanes, [&](unsigned lane) {
      return static_cast<uint16_t>(extended(lane));
    });
}

void read(Warp &warp, Slot slot, unsigned width, const Number &number,
          Values &to) {
  switch (number.bits) {
  case 8:
    return number.isSigned ? readAs<int8_t>(warp, slot, width, to)
                           : readAs<uint8_t>(warp, slot, width, to);
  case 16:
    return number.isSigned ? readAs<int16_t>(warp, slot, width, to)
                           : readAs<uint16_t>(warp, slot, width, to);
  case 32:
    return number.isSigned ? readAs<int32_t>(warp, slot, width, to)
                           : readAs<uint32_t>(warp, slot, width, to);
  default:
    return readAs<uint64_t>(warp, slot, width, to);
  }
}

void write(Warp &warp, Slot slot, unsigned width, const Number &number,
           Mask lanes, const Values &values) {
  switch (number.bits) {
  case 8:
    return number.isSigned ? writeAs<int8_t>(warp, slot, width, lanes, values)
                           : writeAs<uint8_t>(warp, slot, width, lanes, values);
  case 16:
    return number.isSigned
               ? writeAs<int16_t>(warp, slot, width, lanes, values)
               : writeAs<uint16_t>(warp, slot, width, lanes, values);
  case 32:
    return number.isSigned
               ? writeAs<int32_t>(warp, slot, width, lanes, values)
               : writeAs<uint32_t>(warp, slot, width, lanes, values);
  default:
    return writeAs<uint64_t>(warp, slot, width, lanes, values);
  }
}

// --- cvt of one value ---

Outcome convert(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &c = i.detailAs<Conversion>();
  Values values;
  read(warp, i.operand[1], c.fromWidth, c.from, values);
  for (Mask left = lanes; left; left &= left - 1) {
    uint64_t &value = values[__builtin_ctz(left)];
    value = c.apply(value);
  }
  write(warp, i.operand[0], c.toWidth, c.to, lanes, values);
  return Outcome::Next;
}

/// Between integers, without a clamp: the low bits, extended.
Outcome convertInteger(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &c = i.detailAs<Conversion>();
  Values values;
  read(warp, i.operand[1], c.fromWidth, c.from, values);
  write(warp, i.operand[0], c.toWidth, c.to, lanes, values);
  return Outcome::Next;
}

/// Whether every number of `from` is one of `to`.
bool holds(const Number &to, const Number &from) {
  return to.format->mantissaBits >= from.format->mantissaBits &&
         to.format->exponentBits >= from.format->exponentBits;
}

/// Refuses modifiers that the types do not need or allow.
void checkModifiers(Selection &s, const Conversion &c) {
  bool toInteger = c.to.isInteger(), fromInteger = c.from.isInteger();
  bool whole = !s.word("irnd").empty(), rounds = !s.word("frnd").empty();
  bool same = c.to.type == c.from.type;
  bool needsWhole = toInteger && !fromInteger;
  bool needsRounding = !toInteger && (fromInteger || !holds(c.to, c.from));
  if (needsWhole != whole && !(whole && same && !toInteger))
    s.refuse(whole ? "`.r?i` is for conversions to integers"
                   : "the integer rounding is missing");
  if (needsRounding != rounds)
    s.refuse(rounds ? "nothing is rounded" : "the rounding is missing");
  if (c.ftz && c.from.type != Type::F32 && c.to.type != Type::F32)
    s.refuse("`.ftz` is for .f32");
  bool bfloat = c.from.type == Type::BF16 || c.to.type == Type::BF16;
  bool old = c.to.type == Type::BF16 && c.from.type == Type::F32 &&
             (c.rounding == Rounding::Nearest || c.rounding == Rounding::Zero);
  if (bfloat && s.arch() < (old ? 80u : 90u))
    s.refuse(old ? "needs .target sm_80" : "needs .target sm_90");
}

Conversion conversionOf(Selection &s, Type to, Type from) {
  Conversion c;
  c.to = Number::of(to);
  c.from = Number::of(from);
  c.ftz = s.has("ftz");
  c.sat = s.has("sat");
  c.relu = s.has("relu");
  c.finite = s.has("satfinite");
  std::string_view whole = s.word("irnd");
  c.integral = !whole.empty();
  c.rounding = roundingOf(c.integral ? whole : s.word("frnd"));
  c.toWidth = std::max(s.width("d"), 16u);
  c.fromWidth = std::max(s.width("a"), 16u);
  return c;
}

Handler selectConversion(Selection &s) {
  Conversion &c = s.detail(conversionOf(s, s.type("dtype"), s.type("atype")));
  checkModifiers(s, c);
  if (c.to.isInteger() && c.from.isInteger() && !c.sat)
    return convertInteger;
  Handler handler = shortConversion(c);
  return handler ? handler : convert;
}

/// cvt.rn{.relu}{.satfinite}.f16.f32 and the like.
Handler selectNarrow(Selection &s) {
  s.detail(conversionOf(s, s.type("dtype"), Type::F32));
  return convert;
}

Handler selectTf32(Selection &s) {
  Conversion &c = s.detail(conversionOf(s, Type::TF32, Type::F32));
  if (s.word("frnd").empty())
    c.rounding = Rounding::NearestAway;
  return convert;
}

// --- cvt of pairs ---

/// The low element comes from the last source.
struct PackedConversion {
  Conversion one;
  bool twoSources = false;
  unsigned fromStride = 0, toStride = 0; ///< bits from element to element
};

template <class From>
void convertPairs(Warp &warp, const Instruction &i, Values &values) {
  const auto &packed = i.detailAs<PackedConversion>();
  const From *high = warp.lanes<From>(i.operand[1]);
  const From *low = packed.twoSources ? warp.lanes<From>(i.operand[2]) : high;
  unsigned shift = packed.twoSources ? 0 : packed.fromStride;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    values[lane] = packed.one.apply(low[lane]) |
                   packed.one.apply(uint64_t(high[lane]) >> shift)
                       << packed.toStride;
}

Outcome convertPair(Warp &warp, const Instruction &i, Mask lanes) {
  const Conversion &one = i.detailAs<PackedConversion>().one;
  Values values;
  if (one.fromWidth == 32)
    convertPairs<uint32_t>(warp, i, values);
  else
    convertPairs<uint16_t>(warp, i, values);
  if (one.toWidth == 32)
    writeAs<uint32_t>(warp, i.operand[0], 32, lanes, values);
  else
    writeAs<uint16_t>(warp, i.operand[0], 16, lanes, values);
  return Outcome::Next;
}

template <uint16_t (*Function)(float)>
uint32_t packSingles(float high, float low) {
  return Function(low) | uint32_t(Function(high)) << 16;
}

/// The element of a packed type.
Type elementOf(Type pair) {
  switch (pair) {
  case Type::F16x2:
    return Type::F16;
  case Type::BF16x2:
    return Type::BF16;
  case Type::E4M3x2:
    return Type::E4M3;
  case Type::E5M2x2:
    return Type::E5M2;
  case Type::E2M3x2:
    return Type::E2M3;
  case Type::E3M2x2:
    return Type::E3M2;
  case Type::E2M1x2:
    return Type::E2M1;
  case Type::UE8M0x2:
    return Type::UE8M0;
  default:
    return pair;
  }
}

/// 6 bits lie in 8.
unsigned strideOf(const Number &number) {
  return number.bits == 6 ? 8 : number.bits;
}

Handler selectPair(Selection &s) {
  Type to = s.type("dtype"), from = s.type("atype");
  PackedConversion packed;
  packed.one = conversionOf(s, elementOf(to), elementOf(from));
  // `.satfinite` is no option of the small formats.
  packed.one.finite |= packed.one.to.bits <= 8 && !packed.one.to.isPower();
  packed.twoSources = from == Type::F32;
  packed.fromStride = strideOf(packed.one.from);
  packed.toStride = strideOf(packed.one.to);
  const Conversion &c = s.detail(packed).one;
  bool plain = packed.twoSources && !c.relu && !c.finite &&
               c.rounding == Rounding::Nearest;
  if (plain && to == Type::BF16x2)
    return Lanewise<&packSingles<floatToBfloat>>::run;
  if (plain && to == Type::F16x2)
    return Lanewise<&packSingles<floatToHalf>>::run;
  return convertPair;
}

// --- cvt.pack ---

struct Packing {
  Type type;
  unsigned bits;
  bool merges; ///< the other bits come from c
};

Outcome packLanes(Warp &warp, const Instruction &i, Mask lanes) {
  const auto &packing = i.detailAs<Packing>();
  const auto *a = warp.lanes<uint32_t>(i.operand[1]);
  const auto *b = warp.lanes<uint32_t>(i.operand[2]);
  const auto *c = packing.merges ? warp.lanes<uint32_t>(i.operand[3]) : a;
  bool isSigned = emulator::isSigned(packing.type);
  auto clamped = [&](uint32_t value) {
    return encodeInteger(decodeInteger(value, 32, true), packing.bits, isSigned,
                         Rounding::Zero);
  };
  eachLane(warp.lanes<uint32_t>(i.operand[0]), lanes, [&](unsigned lane) {
    uint64_t packed = clamped(b[lane]) | clamped(a[lane]) << packing.bits;
    if (packing.merges)
      packed |= uint64_t(c[lane]) << (2 * packing.bits);
    return static_cast<uint32_t>(packed);
  });
  return Outcome::Next;
}

Handler selectPack(Selection &s) {
  Type type = s.type("dtype");
  s.detail(Packing{type, bitsOf(type), s.slot("c") != noSlot});
  return packLanes;
}

#define INTEGERS "u8 u16 u32 u64 s8 s16 s32 s64"
#define TYPES                                                                  \
  "dtype = " INTEGERS " f16 bf16 f32 f64; atype = " INTEGERS " f16 bf16 f32 "  \
  "f64"
#define SMALL "sm_100f sm_120f"

const Row rows[] = {
    {"9.7.9.21", "cvt{.irnd}{.ftz}{.sat}.dtype.atype d:dtype^, a:atype^",
     "irnd = rni rzi rmi rpi; " TYPES, selectConversion},
    {"9.7.9.21", "cvt.frnd{.ftz}{.sat}.dtype.atype d:dtype^, a:atype^",
     "frnd = rn rz rm rp; " TYPES, selectConversion},
    {"9.7.9.21", "cvt.frnd{.relu}{.satfinite}.dtype.f32 d:dtype, a:f32",
     "frnd = rn rz; dtype = f16 bf16", selectNarrow, "sm_80"},
    {"9.7.9.21",
     "cvt.frnd{.relu}{.satfinite}.dtype.atype d:dtype, a:atype, b:atype",
     "frnd = rn rz; dtype = f16x2 bf16x2; atype = f32", selectPair, "sm_80"},
    {"9.7.9.21", "cvt.rna{.satfinite}.tf32.f32 d:b32, a:f32", "", selectTf32,
     "sm_80"},
    {"9.7.9.21", "cvt.frnd{.satfinite}{.relu}.tf32.f32 d:b32, a:f32",
     "frnd = rn rz", selectTf32, "sm_90"},
    {"9.7.9.21", "cvt.rn.satfinite{.relu}.dtype.atype d:b16, a:atype, b:atype",
     "dtype = e4m3x2 e5m2x2; atype = f32", selectPair, "sm_89"},
    {"9.7.9.21", "cvt.rn.satfinite{.relu}.dtype.atype d:b16, a:atype",
     "dtype = e4m3x2 e5m2x2; atype = f16x2", selectPair, "sm_89"},
    {"9.7.9.21", "cvt.rn{.relu}.dtype.atype d:dtype, a:b16",
     "dtype = f16x2; atype = e4m3x2 e5m2x2", selectPair, "sm_89"},
    {"9.7.9.21", "cvt.rn.satfinite{.relu}.dtype.atype d:b16, a:atype, b:atype",
     "dtype = e2m3x2 e3m2x2; atype = f32", selectPair, SMALL},
    {"9.7.9.21", "cvt.rn{.relu}.dtype.atype d:dtype, a:b16",
     "dtype = f16x2; atype = e2m3x2 e3m2x2", selectPair, SMALL},
    {"9.7.9.21", "cvt.rn.satfinite{.relu}.dtype.atype d:b8, a:atype, b:atype",
     "dtype = e2m1x2; atype = f32", selectPair, SMALL},
    {"9.7.9.21", "cvt.rn{.relu}.dtype.atype d:dtype, a:b8",
     "dtype = f16x2; atype = e2m1x2", selectPair, SMALL},
    {"9.7.9.21", "cvt.frnd{.satfinite}.dtype.atype d:b16, a:atype, b:atype",
     "frnd = rz rp; dtype = ue8m0x2; atype = f32", selectPair, SMALL},
    {"9.7.9.21", "cvt.frnd{.satfinite}.dtype.atype d:b16, a:atype",
     "frnd = rz rp; dtype = ue8m0x2; atype = bf16x2", selectPair, SMALL},
    {"9.7.9.21", "cvt.rn.dtype.atype d:dtype, a:b16",
     "dtype = bf16x2; atype = ue8m0x2", selectPair, SMALL},
    {"9.7.9.22", "cvt.pack.sat.dtype.s32 d:b32, a:s32, b:s32",
     "dtype = u16 s16", selectPack, "sm_72"},
    {"9.7.9.22", "cvt.pack.sat.dtype.s32.b32 d:b32, a:s32, b:s32, c:b32",
     "dtype = u2 s2 u4 s4 u8 s8", selectPack, "sm_75"},
};

} // namespace

Section conversionSection() {
  return {"Data Movement and Conversion Instructions: cvt", rows,
          std::size(rows)};
}

} // namespace emulator
