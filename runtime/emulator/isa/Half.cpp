//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, sections 9.7.4 and 9.7.5: half-precision and mixed-precision
// instructions.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/HalfArithmetic.h"
#include "runtime/emulator/isa/Rounding.h"
#include "runtime/emulator/isa/Sections.h"

#include <iterator>

namespace emulator {
namespace {

bool isPair(Type type) { return type == Type::F16x2 || type == Type::BF16x2; }
bool isBfloat(Type type) { return type == Type::BF16 || type == Type::BF16x2; }

/// The handler of a function on 16 bits, or on both halves of 32.
template <auto Function> Handler single(bool pair) {
  return pair ? Lanewise<&BothHalves<Function>::apply>::run
              : Lanewise<Function>::run;
}

template <template <class, Clamp> class Operation, class Format>
Handler selectClamp(Selection &s) {
  bool pair = isPair(s.type("type"));
  if (s.has("sat"))
    return single<&Operation<Format, Clamp::Unit>::apply>(pair);
  if (s.has("relu"))
    return single<&Operation<Format, Clamp::Relu>::apply>(pair);
  return single<&Operation<Format, Clamp::None>::apply>(pair);
}

template <template <class, Clamp> class Operation>
Handler selectHalf(Selection &s) {
  if (isBfloat(s.type("type")))
    return selectClamp<Operation, BfloatFormat>(s);
  return s.has("ftz") ? selectClamp<Operation, FlushedHalf>(s)
                      : selectClamp<Operation, HalfFormat>(s);
}

/// Operations without a clamp.
template <template <class, Clamp> class Operation>
Handler selectPlain(Selection &s) {
  bool pair = isPair(s.type("type"));
  if (isBfloat(s.type("type")))
    return single<&Operation<BfloatFormat, Clamp::None>::apply>(pair);
  return s.has("ftz")
             ? single<&Operation<FlushedHalf, Clamp::None>::apply>(pair)
             : single<&Operation<HalfFormat, Clamp::None>::apply>(pair);
}

Handler selectBfloatExp2(Selection &s) {
  return single<&HalfExp2<FlushedBfloat, Clamp::None>::apply>(
      isPair(s.type("type")));
}

template <class Format, Extreme E, bool Nan>
Handler selectExtremeSign(Selection &s) {
  bool pair = isPair(s.type("type"));
  return s.has("xorsign")
             ? single<&HalfExtreme<Format, E, Nan, true>::apply>(pair)
             : single<&HalfExtreme<Format, E, Nan, false>::apply>(pair);
}
template <class Format, Extreme E> Handler selectExtremeNan(Selection &s) {
  return s.has("NaN") ? selectExtremeSign<Format, E, true>(s)
                      : selectExtremeSign<Format, E, false>(s);
}
template <Extreme E> Handler selectExtreme(Selection &s) {
  if (s.has("xorsign") && s.arch() < 86)
    s.refuse("`.xorsign` needs .target sm_86");
  if (isBfloat(s.type("type")))
    return selectExtremeNan<BfloatFormat, E>(s);
  return s.has("ftz") ? selectExtremeNan<FlushedHalf, E>(s)
                      : selectExtremeNan<HalfFormat, E>(s);
}

// --- mixed precision ---

template <class Format, bool Sat> struct Mixed {
  static float add(uint16_t a, float c) {
    return finished<false, Sat>(Format::read(a) + c);
  }
  static float subtract(uint16_t a, float c) {
    return finished<false, Sat>(Format::read(a) - c);
  }
  static float fma(uint16_t a, uint16_t b, float c) {
    return finished<false, Sat>(std::fma(Format::read(a), Format::read(b), c));
  }
};

enum class MixedKind : uint8_t { Add, Subtract, Fma };

template <MixedKind Kind, class Format, bool Sat>
Handler selectMixedOf(Selection &s) {
  if constexpr (Kind == MixedKind::Add)
    return rounded<&Mixed<Format, Sat>::add>(s);
  else if constexpr (Kind == MixedKind::Subtract)
    return rounded<&Mixed<Format, Sat>::subtract>(s);
  else
    return rounded<&Mixed<Format, Sat>::fma>(s);
}
template <MixedKind Kind> Handler selectMixed(Selection &s) {
  if (s.type("atype") == Type::BF16)
    return s.has("sat") ? selectMixedOf<Kind, BfloatFormat, true>(s)
                        : selectMixedOf<Kind, BfloatFormat, false>(s);
  return s.has("sat") ? selectMixedOf<Kind, HalfFormat, true>(s)
                      : selectMixedOf<Kind, HalfFormat, false>(s);
}

#define HALVES "type = f16 f16x2"
#define BFLOATS "type = bf16 bf16x2"
#define BINARY " d:type, a:type, b:type"
#define TERNARY " d:type, a:type, b:type, c:type"
#define UNARY " d:type, a:type"
#define MIXED "rnd = rn rz rm rp; atype = f16 bf16"

const Row rows[] = {
    {"9.7.4.1", "add{.rn}{.ftz}{.sat}.type" BINARY, HALVES, selectHalf<HalfAdd>,
     "sm_53"},
    {"9.7.4.1", "add{.rn}.type" BINARY, BFLOATS, selectHalf<HalfAdd>, "sm_90"},
    {"9.7.4.2", "sub{.rn}{.ftz}{.sat}.type" BINARY, HALVES,
     selectHalf<HalfSubtract>, "sm_53"},
    {"9.7.4.2", "sub{.rn}.type" BINARY, BFLOATS, selectHalf<HalfSubtract>,
     "sm_90"},
    {"9.7.4.3", "mul{.rn}{.ftz}{.sat}.type" BINARY, HALVES,
     selectHalf<HalfMultiply>, "sm_53"},
    {"9.7.4.3", "mul{.rn}.type" BINARY, BFLOATS, selectHalf<HalfMultiply>,
     "sm_90"},
    {"9.7.4.4", "fma.rn{.ftz}{.sat}.type" TERNARY, HALVES, selectHalf<HalfFma>,
     "sm_53"},
    {"9.7.4.4", "fma.rn{.ftz}{.relu}.type" TERNARY, HALVES, selectHalf<HalfFma>,
     "sm_80"},
    {"9.7.4.4", "fma.rn{.relu}.type" TERNARY, BFLOATS, selectHalf<HalfFma>,
     "sm_80"},
    {"9.7.4.5", "neg{.ftz}.type" UNARY, HALVES, selectPlain<HalfNegate>,
     "sm_53"},
    {"9.7.4.5", "neg.type" UNARY, BFLOATS, selectPlain<HalfNegate>, "sm_80"},
    {"9.7.4.6", "abs{.ftz}.type" UNARY, HALVES, selectPlain<HalfAbsolute>,
     "sm_53"},
    {"9.7.4.6", "abs.type" UNARY, BFLOATS, selectPlain<HalfAbsolute>, "sm_80"},
    {"9.7.4.7", "min{.ftz}{.NaN}{.xorsign.abs}.type" BINARY, HALVES,
     selectExtreme<Extreme::Minimum>, "sm_80"},
    {"9.7.4.7", "min{.NaN}{.xorsign.abs}.type" BINARY, BFLOATS,
     selectExtreme<Extreme::Minimum>, "sm_80"},
    {"9.7.4.8", "max{.ftz}{.NaN}{.xorsign.abs}.type" BINARY, HALVES,
     selectExtreme<Extreme::Maximum>, "sm_80"},
    {"9.7.4.8", "max{.NaN}{.xorsign.abs}.type" BINARY, BFLOATS,
     selectExtreme<Extreme::Maximum>, "sm_80"},
    {"9.7.4.9", "tanh.approx.type" UNARY, HALVES, selectPlain<HalfTanh>,
     "sm_75"},
    {"9.7.4.9", "tanh.approx.type" UNARY, BFLOATS, selectPlain<HalfTanh>,
     "sm_90"},
    {"9.7.4.10", "ex2.approx.type" UNARY, HALVES, selectPlain<HalfExp2>,
     "sm_75"},
    {"9.7.4.10", "ex2.approx.ftz.type" UNARY, BFLOATS, selectBfloatExp2,
     "sm_90"},
    {"9.7.5.1", "add{.rnd}{.sat}.f32.atype d:f32, a:atype, c:f32", MIXED,
     selectMixed<MixedKind::Add>, "sm_100"},
    {"9.7.5.2", "sub{.rnd}{.sat}.f32.atype d:f32, a:atype, c:f32", MIXED,
     selectMixed<MixedKind::Subtract>, "sm_100"},
    {"9.7.5.3", "fma.rnd{.sat}.f32.atype d:f32, a:atype, b:atype, c:f32", MIXED,
     selectMixed<MixedKind::Fma>, "sm_100"},
};

} // namespace

Section halfSection() {
  return {"Half-Precision and Mixed-Precision Instructions", rows,
          std::size(rows)};
}

} // namespace emulator
