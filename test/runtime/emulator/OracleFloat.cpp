//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Floating-point numbers: PTX ISA, sections 9.7.3, 9.7.4 and 9.7.5.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Exact.h"
#include "test/runtime/emulator/Oracle.h"

#include <vector>

namespace oracle {
namespace {

/// The operands of one operation as numbers, and how it ends.
struct Arithmetic {
  const Words &words;
  const Format &format;   ///< of the result and of most operands
  const Format &narrower; ///< of a and b in mixed precision

  uint64_t operand(const Format &of, uint64_t raw) const {
    uint64_t bits = raw & (~uint64_t(0) >> (64 - of.bits()));
    return words.has("ftz") ? flush(of, bits) : bits;
  }
  /// `.ftz`, `.sat` and `.relu` of a result.
  uint64_t finish(uint64_t bits) const {
    bool negative = bits & format.sign(), nan = isNan(format, bits);
    uint64_t one = uint64_t(format.bias()) << format.mantissaBits;
    if (words.has("sat"))
      bits = nan || negative ? 0 : std::min(bits, one);
    if (words.has("relu") && negative && !nan)
      return 0;
    return words.has("ftz") ? flush(format, bits) : bits;
  }
};

std::string roundingWord(const Words &w) {
  return w.among({"rn", "rz", "rm", "rp"});
}

/// a op b, sqrt(a), a * b + c.
Operation operationOf(const Words &w, const Number &a, const Number &b,
                      const Number &c) {
  std::string op = w.mnemonic();
  return [&a, &b, &c, op](mpfr_ptr to, mpfr_rnd_t mode) {
    if (op == "add")
      return mpfr_add(to, a.get(), b.get(), mode);
    if (op == "sub")
      return mpfr_sub(to, a.get(), b.get(), mode);
    if (op == "mul")
      return mpfr_mul(to, a.get(), b.get(), mode);
    if (op == "div")
      return mpfr_div(to, a.get(), b.get(), mode);
    if (op == "rcp")
      return mpfr_ui_div(to, 1, a.get(), mode);
    if (op == "sqrt")
      return mpfr_sqrt(to, a.get(), mode);
    return mpfr_fma(to, a.get(), b.get(), c.get(), mode);
  };
}

/// 1 / -0 is -infinity, which mpfr_ui_div knows as well.
uint64_t arithmetic(const Arithmetic &how, const uint64_t *in) {
  const Words &w = how.words;
  bool mixed = &how.format != &how.narrower;
  bool fused = w.mnemonic() == "fma" || w.mnemonic() == "mad";
  const Format &second = mixed && !fused ? how.format : how.narrower;
  Number a(how.narrower, how.operand(how.narrower, in[0]));
  Number b(second, how.operand(second, in[1]));
  Number c(how.format, how.operand(how.format, in[2]));
  uint64_t bits = rounded(how.format, roundingNamed(roundingWord(w)), false,
                          operationOf(w, a, b, c));
  return how.finish(bits);
}

/// The parts of packed operands one by one.
template <class F>
Results eachPart(const Words &w, const uint64_t *in, F function) {
  std::string name = w.typed(0);
  size_t at = name.find("x2");
  const Format &format = *formatNamed(name.substr(0, at));
  if (at == std::string::npos)
    return {function(format, in)};
  uint64_t packed = 0;
  auto bits = static_cast<unsigned>(format.bits());
  for (unsigned shift = 0; shift < 2 * bits; shift += bits) {
    uint64_t parts[] = {in[0] >> shift, in[1] >> shift, in[2] >> shift};
    packed |= function(format, parts) << shift;
  }
  return {packed};
}

} // namespace

Results floatOracle(const Words &w, const uint64_t *in) {
  if (w.mnemonic() == "div" && w.has("approx"))
    return approximationOracle(w, in);
  bool mixed = !w.typed(1).empty() && w.typed(1) != w.typed(0);
  Results results;
  if (mixed) {
    Arithmetic how{w, *formatNamed(w.typed(1)), *formatNamed(w.typed(0))};
    results = {arithmetic(how, in)};
  } else {
    results = eachPart(w, in, [&](const Format &format, const uint64_t *parts) {
      return arithmetic({w, format, format}, parts);
    });
  }
  if (w.typed(0) == "f64" && isNan(*formatNamed("f64"), results[0].bits))
    results[0].anyNan = true;
  if (w.has("full"))
    results[0].ulps = 2;
  return results;
}

namespace {

/// Of two numbers whose NaNs are dealt with; -0 is less than +0.
uint64_t extreme(const Format &format, uint64_t a, uint64_t b, bool least) {
  Number x(format, a), y(format, b);
  int order = mpfr_cmp(x.get(), y.get());
  if (order == 0)
    order = int(mpfr_signbit(y.get()) != 0) - int(mpfr_signbit(x.get()) != 0);
  return (order < 0) == least ? a : b;
}

uint64_t extremeOf(const Words &w, const Format &format, const uint64_t *in,
                   unsigned count) {
  bool three = count == 3, magnitudes = w.has("abs");
  uint64_t result = format.nan, signs = 0;
  bool nan = false;
  for (unsigned i = 0; i < count; ++i) {
    uint64_t bits = in[i] & (~uint64_t(0) >> (64 - format.bits()));
    bits = w.has("ftz") ? flush(format, bits) : bits;
    signs ^= bits & format.sign();
    bits = magnitudes ? bits & (format.sign() - 1) : bits;
    if (isNan(format, bits)) {
      nan = true;
      continue;
    }
    bool first = isNan(format, result);
    result =
        first ? bits : extreme(format, result, bits, w.mnemonic() == "min");
  }
  if (isNan(format, result) || (nan && w.has("NaN")))
    return format.nan;
  return three || !w.has("xorsign") ? result : result | signs;
}

} // namespace

Results extremeOracle(const Words &w, const uint64_t *in) {
  // The driver marks three operands by a number behind them.
  unsigned count = w.has("three") ? 3 : 2;
  Results results =
      eachPart(w, in, [&](const Format &format, const uint64_t *parts) {
        return extremeOf(w, format, parts, count);
      });
  results[0].anyNan =
      w.typed(0) == "f64" && isNan(*formatNamed("f64"), results[0].bits);
  return results;
}

// --- approximations ---

namespace {

uint64_t approximation(const Words &w, const Format &format,
                       const uint64_t *in) {
  // ex2.approx.ftz.bf16 is the one use of `.ftz` that is not of f32 or f16.
  uint64_t raw = in[0] & (~uint64_t(0) >> (64 - format.bits()));
  Number a(format, w.has("ftz") ? flush(format, raw) : raw);
  std::string op = w.mnemonic();
  uint64_t bits =
      rounded(format, MPFR_RNDN, false, [&](mpfr_ptr to, mpfr_rnd_t mode) {
        if (op == "sin")
          return mpfr_sin(to, a.get(), mode);
        if (op == "cos")
          return mpfr_cos(to, a.get(), mode);
        if (op == "lg2")
          return mpfr_log2(to, a.get(), mode);
        if (op == "ex2")
          return mpfr_exp2(to, a.get(), mode);
        if (op == "tanh")
          return mpfr_tanh(to, a.get(), mode);
        if (op == "sqrt")
          return mpfr_sqrt(to, a.get(), mode);
        if (op == "rcp")
          return mpfr_ui_div(to, 1, a.get(), mode);
        return mpfr_rec_sqrt(to, a.get(), mode);
      });
  // mpfr_rec_sqrt(-0) is +infinity, IEEE's rSqrt and PTX's table say -infinity.
  if (op == "rsqrt" && mpfr_zero_p(a.get()) && mpfr_signbit(a.get()))
    bits = (format.largest + 1) | format.sign();
  return w.has("ftz") ? flush(format, bits) : bits;
}

/// div.approx: beyond 2^126 the reciprocal is 0.
uint64_t quotient(const Words &w, const Format &format, const uint64_t *in) {
  uint64_t magnitude = in[1] & 0x7FFFFFFF;
  bool far = magnitude > 0x7E800000 && magnitude < 0x7F800000;
  uint64_t sign = (in[0] ^ in[1]) & 0x80000000;
  if (far && isNan(format, in[0] & 0xFFFFFFFF))
    return format.nan;
  if (far)
    return (in[0] & 0x7FFFFFFF) == 0x7F800000 ? format.nan : sign;
  return arithmetic({w, format, format}, in);
}

} // namespace

Results approximationOracle(const Words &w, const uint64_t *in) {
  const Format &f64 = *formatNamed("f64");
  if (w.mnemonic() == "div") {
    Results results{quotient(w, *formatNamed("f32"), in)};
    results[0].ulps = 2;
    return results;
  }
  if (w.typed(0) == "f64") {
    // rcp and rsqrt with `.ftz` look at the upper 32 bits and write no others.
    bool coarse = w.has("ftz");
    uint64_t a[] = {coarse ? in[0] & 0xFFFFFFFF00000000 : in[0]};
    uint64_t bits = approximation(w, f64, a);
    bool nan = isNan(f64, bits);
    if (!coarse)
      return {Expected(bits, 2, nan)};
    bits &= 0xFFFFFFFF00000000;
    return {Expected(nan ? 0x7FFFFFFF00000000 : bits, uint64_t(1) << 32)};
  }
  Results results =
      eachPart(w, in, [&](const Format &format, const uint64_t *parts) {
        return approximation(w, format, parts);
      });
  results[0].ulps = w.typed(0).find("x2") == std::string::npos ? 1 : 0;
  return results;
}

// --- signs and kinds ---

Results signOracle(const Words &w, const uint64_t *in) {
  if (w.mnemonic() == "testp") {
    const Format &format = *formatNamed(w.typed(0));
    uint64_t bits = in[0] & (~uint64_t(0) >> (64 - format.bits()));
    bool nan = isNan(format, bits), small = isDenormal(format, bits);
    uint64_t magnitude = bits & (format.sign() - 1);
    bool infinite = magnitude == format.largest + 1;
    bool normal = !nan && !infinite && !small && magnitude;
    std::string test = w[1];
    bool holds = test == "finite"       ? !nan && !infinite
                 : test == "infinite"   ? infinite
                 : test == "number"     ? !nan
                 : test == "notanumber" ? nan
                 : test == "normal"     ? normal
                                        : small;
    return {uint64_t(holds)};
  }
  return eachPart(w, in, [&](const Format &format, const uint64_t *parts) {
    uint64_t bits = parts[0] & (~uint64_t(0) >> (64 - format.bits()));
    if (w.mnemonic() == "copysign")
      return (bits & format.sign()) | (parts[1] & (format.sign() - 1));
    bits = w.has("ftz") ? flush(format, bits) : bits;
    return w.mnemonic() == "neg" ? bits ^ format.sign()
                                 : bits & (format.sign() - 1);
  });
}

} // namespace oracle
