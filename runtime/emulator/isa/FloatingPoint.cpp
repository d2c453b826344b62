//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, section 9.7.3: floating-point instructions.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/FloatArithmetic.h"
#include "runtime/emulator/isa/Rounding.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/isa/Transcendental.h"

#include <iterator>

namespace emulator {
namespace {

template <template <class, class> class Operation>
Handler selectArithmetic(Selection &s) {
  if (s.type("type") == Type::F64)
    return rounded<&Operation<double, Options<false, false>>::apply>(s);
  bool ftz = s.has("ftz"), sat = s.has("sat");
  if (ftz && sat)
    return rounded<&Operation<float, Options<true, true>>::apply>(s);
  if (ftz)
    return rounded<&Operation<float, Options<true, false>>::apply>(s);
  if (sat)
    return rounded<&Operation<float, Options<false, true>>::apply>(s);
  return rounded<&Operation<float, Options<false, false>>::apply>(s);
}

/// Operations on both halves of 64 bits.
template <template <class, class> class Operation, class O> struct FloatPair {
  using Op = Operation<float, O>;
  static float low(uint64_t a) { return bitCast<float>(uint32_t(a)); }
  static float high(uint64_t a) { return bitCast<float>(uint32_t(a >> 32)); }
  static uint64_t join(float low, float high) {
    return uint64_t(bitCast<uint32_t>(high)) << 32 | bitCast<uint32_t>(low);
  }
  static uint64_t binary(uint64_t a, uint64_t b) {
    return join(Op::apply(low(a), low(b)), Op::apply(high(a), high(b)));
  }
};
template <class O> struct FmaPair : FloatPair<FloatFma, O> {
  using Base = FloatPair<FloatFma, O>;
  static uint64_t ternary(uint64_t a, uint64_t b, uint64_t c) {
    return Base::join(
        Base::Op::apply(Base::low(a), Base::low(b), Base::low(c)),
        Base::Op::apply(Base::high(a), Base::high(b), Base::high(c)));
  }
};

template <template <class, class> class Operation>
Handler selectPair(Selection &s) {
  if (s.has("ftz"))
    return rounded<&FloatPair<Operation, Options<true, false>>::binary>(s);
  return rounded<&FloatPair<Operation, Options<false, false>>::binary>(s);
}
Handler selectFmaPair(Selection &s) {
  if (s.has("ftz"))
    return rounded<&FmaPair<Options<true, false>>::ternary>(s);
  return rounded<&FmaPair<Options<false, false>>::ternary>(s);
}

// --- min, max ---

template <Extreme E, bool Ftz, bool Nan>
Handler selectExtremeSign(Selection &s) {
  return s.has("xorsign")
             ? Lanewise<&FloatExtreme<float, E, Ftz, Nan, true>::apply>::run
             : Lanewise<&FloatExtreme<float, E, Ftz, Nan, false>::apply>::run;
}
template <Extreme E> Handler selectExtreme(Selection &s) {
  bool ftz = s.has("ftz"), nan = s.has("NaN");
  if (s.type("type") == Type::F64)
    return Lanewise<&FloatExtreme<double, E, false, false, false>::apply>::run;
  if (ftz)
    return nan ? selectExtremeSign<E, true, true>(s)
               : selectExtremeSign<E, true, false>(s);
  return nan ? selectExtremeSign<E, false, true>(s)
             : selectExtremeSign<E, false, false>(s);
}

/// Of three numbers, or of their magnitudes.
template <Extreme E, bool Ftz, bool Nan, bool Abs>
float extremeOfThree(float a, float b, float c) {
  using Two = FloatExtreme<float, E, Ftz, Nan, false>;
  if (Abs)
    return Two::apply(Two::apply(std::fabs(a), std::fabs(b)), std::fabs(c));
  return Two::apply(Two::apply(a, b), c);
}
template <Extreme E, bool Ftz, bool Nan> Handler selectThreeAbs(Selection &s) {
  return s.has("abs") ? Lanewise<&extremeOfThree<E, Ftz, Nan, true>>::run
                      : Lanewise<&extremeOfThree<E, Ftz, Nan, false>>::run;
}
template <Extreme E> Handler selectThree(Selection &s) {
  if (s.has("ftz"))
    return s.has("NaN") ? selectThreeAbs<E, true, true>(s)
                        : selectThreeAbs<E, true, false>(s);
  return s.has("NaN") ? selectThreeAbs<E, false, true>(s)
                      : selectThreeAbs<E, false, false>(s);
}

// --- approximations ---

template <float (*Function)(float), bool Ftz> float approximate(float a) {
  return finished<Ftz, false>(Function(flushed<Ftz>(a)));
}
template <float (*Function)(float)> Handler selectApproximate(Selection &s) {
  return s.has("ftz") ? Lanewise<&approximate<Function, true>>::run
                      : Lanewise<&approximate<Function, false>>::run;
}

/// rcp.approx.ftz.f64 and rsqrt.approx.ftz.f64 look at the upper half of their
/// argument and write the upper half of the result.
double upperHalf(double a) {
  uint64_t bits = bitCast<uint64_t>(a) & 0xFFFFFFFF00000000;
  if (!(bits & 0x7FF0000000000000))
    bits &= 0x8000000000000000;
  return bitCast<double>(bits);
}
double finishUpper(double a) {
  return a != a ? bitCast<double>(uint64_t(0x7FFFFFFF00000000)) : upperHalf(a);
}
double coarseReciprocal(double a) { return finishUpper(1.0 / upperHalf(a)); }
double coarseRsqrt(double a) {
  return finishUpper(1.0 / std::sqrt(upperHalf(a)));
}
double rsqrtDouble(double a) { return 1.0 / std::sqrt(a); }

// --- testp ---

struct Tests {
  bool finite, infinite, number, normal, subnormal;
};

template <class T> Tests testsOf(T a) {
  int kind = std::fpclassify(a);
  return {kind != FP_NAN && kind != FP_INFINITE, kind == FP_INFINITE,
          kind != FP_NAN, kind == FP_NORMAL, kind == FP_SUBNORMAL};
}

enum class Test : uint32_t {
  Finite,
  Infinite,
  Number,
  NotANumber,
  Normal,
  Subnormal
};

template <class T>
Outcome testProperty(Warp &warp, const Instruction &i, Mask lanes) {
  const T *a = warp.lanes<T>(i.operand[1]);
  auto test = static_cast<Test>(i.target);
  Mask found = lanesWhere([&](unsigned lane) {
    Tests tests = testsOf(a[lane]);
    switch (test) {
    case Test::Finite:
      return tests.finite;
    case Test::Infinite:
      return tests.infinite;
    case Test::Number:
      return tests.number;
    case Test::NotANumber:
      return !tests.number;
    case Test::Normal:
      return tests.normal;
    case Test::Subnormal:
      return tests.subnormal;
    }
    return false;
  });
  setPredicate(warp.predicate(i.operand[0]), lanes, found);
  return Outcome::Next;
}

Handler selectTest(Selection &s) {
  static const std::string_view names[] = {
      "finite", "infinite", "number", "notanumber", "normal", "subnormal"};
  for (uint32_t test = 0; test < std::size(names); ++test)
    if (s.word("test") == names[test])
      s.instruction().target = test;
  return s.type("type") == Type::F64 ? testProperty<double>
                                     : testProperty<float>;
}

Handler selectCopysign(Selection &s) {
  return s.type("type") == Type::F64 ? Lanewise<&withSign<double>>::run
                                     : Lanewise<&withSign<float>>::run;
}

#define ROUNDINGS "rnd = rn rz rm rp"
#define SINGLE ROUNDINGS "; type = f32"
#define DOUBLE ROUNDINGS "; type = f64"
#define BINARY " d:type, a:type, b:type"
#define TERNARY " d:type, a:type, b:type, c:type"
#define UNARY " d:type, a:type"

const Row rows[] = {
    {"9.7.3.1", "testp.test.type p:pred, a:type",
     "test = finite infinite number notanumber normal subnormal; "
     "type = f32 f64",
     selectTest},
    {"9.7.3.2", "copysign.type" BINARY, "type = f32 f64", selectCopysign},
    {"9.7.3.3", "add{.rnd}{.ftz}{.sat}.type" BINARY, SINGLE,
     selectArithmetic<FloatAdd>},
    {"9.7.3.3", "add{.rnd}.type" BINARY, DOUBLE, selectArithmetic<FloatAdd>},
    {"9.7.3.3", "add{.rnd}{.ftz}.f32x2 d:b64, a:b64, b:b64", ROUNDINGS,
     selectPair<FloatAdd>, "sm_100"},
    {"9.7.3.4", "sub{.rnd}{.ftz}{.sat}.type" BINARY, SINGLE,
     selectArithmetic<FloatSubtract>},
    {"9.7.3.4", "sub{.rnd}.type" BINARY, DOUBLE,
     selectArithmetic<FloatSubtract>},
    {"9.7.3.4", "sub{.rnd}{.ftz}.f32x2 d:b64, a:b64, b:b64", ROUNDINGS,
     selectPair<FloatSubtract>, "sm_100"},
    {"9.7.3.5", "mul{.rnd}{.ftz}{.sat}.type" BINARY, SINGLE,
     selectArithmetic<FloatMultiply>},
    {"9.7.3.5", "mul{.rnd}.type" BINARY, DOUBLE,
     selectArithmetic<FloatMultiply>},
    {"9.7.3.5", "mul{.rnd}{.ftz}.f32x2 d:b64, a:b64, b:b64", ROUNDINGS,
     selectPair<FloatMultiply>, "sm_100"},
    {"9.7.3.6", "fma.rnd{.ftz}{.sat}.type" TERNARY, SINGLE,
     selectArithmetic<FloatFma>},
    {"9.7.3.6", "fma.rnd.type" TERNARY, DOUBLE, selectArithmetic<FloatFma>},
    {"9.7.3.6", "fma.rnd{.ftz}.f32x2 d:b64, a:b64, b:b64, c:b64", ROUNDINGS,
     selectFmaPair, "sm_100"},
    {"9.7.3.7", "mad{.rnd}{.ftz}{.sat}.type" TERNARY, SINGLE,
     selectArithmetic<FloatFma>},
    {"9.7.3.7", "mad.rnd.type" TERNARY, DOUBLE, selectArithmetic<FloatFma>},
    {"9.7.3.8", "div.rnd{.ftz}.type" BINARY, SINGLE,
     selectArithmetic<FloatDivide>},
    {"9.7.3.8", "div.rnd.type" BINARY, DOUBLE, selectArithmetic<FloatDivide>},
    {"9.7.3.8", "div.approx{.ftz}.type" BINARY, "type = f32",
     selectArithmetic<FloatDivideApproximately>},
    {"9.7.3.8", "div.full{.ftz}.type" BINARY, "type = f32",
     selectArithmetic<FloatDivide>},
    {"9.7.3.9", "abs{.ftz}.type" UNARY, "type = f32",
     selectArithmetic<FloatAbsolute>},
    {"9.7.3.9", "abs.type" UNARY, "type = f64",
     selectArithmetic<FloatAbsolute>},
    {"9.7.3.10", "neg{.ftz}.type" UNARY, "type = f32",
     selectArithmetic<FloatNegate>},
    {"9.7.3.10", "neg.type" UNARY, "type = f64", selectArithmetic<FloatNegate>},
    {"9.7.3.11", "min{.ftz}{.NaN}{.xorsign.abs}.type" BINARY, "type = f32",
     selectExtreme<Extreme::Minimum>},
    {"9.7.3.11", "min{.ftz}{.NaN}{.abs}.f32 d:f32, a:f32, b:f32, c:f32", "",
     selectThree<Extreme::Minimum>, "sm_100"},
    {"9.7.3.11", "min.type" BINARY, "type = f64",
     selectExtreme<Extreme::Minimum>},
    {"9.7.3.12", "max{.ftz}{.NaN}{.xorsign.abs}.type" BINARY, "type = f32",
     selectExtreme<Extreme::Maximum>},
    {"9.7.3.12", "max{.ftz}{.NaN}{.abs}.f32 d:f32, a:f32, b:f32, c:f32", "",
     selectThree<Extreme::Maximum>, "sm_100"},
    {"9.7.3.12", "max.type" BINARY, "type = f64",
     selectExtreme<Extreme::Maximum>},
    {"9.7.3.13", "rcp.rnd{.ftz}.type" UNARY, SINGLE,
     selectArithmetic<FloatReciprocal>},
    {"9.7.3.13", "rcp.rnd.type" UNARY, DOUBLE,
     selectArithmetic<FloatReciprocal>},
    {"9.7.3.13", "rcp.approx{.ftz}.type" UNARY, "type = f32",
     selectArithmetic<FloatReciprocal>},
    {"9.7.3.14", "rcp.approx.ftz.f64 d:f64, a:f64", "",
     selectOne<&coarseReciprocal>},
    {"9.7.3.15", "sqrt.rnd{.ftz}.type" UNARY, SINGLE,
     selectArithmetic<FloatSquareRoot>},
    {"9.7.3.15", "sqrt.rnd.type" UNARY, DOUBLE,
     selectArithmetic<FloatSquareRoot>},
    {"9.7.3.15", "sqrt.approx{.ftz}.type" UNARY, "type = f32",
     selectArithmetic<FloatSquareRoot>},
    {"9.7.3.16", "rsqrt.approx{.ftz}.f32 d:f32, a:f32", "",
     selectApproximate<&rsqrtFloat>},
    {"9.7.3.16", "rsqrt.approx.f64 d:f64, a:f64", "", selectOne<&rsqrtDouble>},
    {"9.7.3.17", "rsqrt.approx.ftz.f64 d:f64, a:f64", "",
     selectOne<&coarseRsqrt>},
    {"9.7.3.18", "sin.approx{.ftz}.f32 d:f32, a:f32", "",
     selectApproximate<&sinFloat>},
    {"9.7.3.19", "cos.approx{.ftz}.f32 d:f32, a:f32", "",
     selectApproximate<&cosFloat>},
    {"9.7.3.20", "lg2.approx{.ftz}.f32 d:f32, a:f32", "",
     selectApproximate<&log2Float>},
    {"9.7.3.21", "ex2.approx{.ftz}.f32 d:f32, a:f32", "",
     selectApproximate<&exp2Float>},
    {"9.7.3.22", "tanh.approx.f32 d:f32, a:f32", "",
     selectApproximate<&tanhFloat>, "sm_75"},
};

} // namespace

Section floatingPointSection() {
  return {"Floating Point Instructions", rows, std::size(rows)};
}

} // namespace emulator
