//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Conversions: PTX ISA, sections 9.7.9.21 and 9.7.9.22.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Exact.h"
#include "test/runtime/emulator/Oracle.h"

namespace oracle {
namespace {

/// A whole number, rounded and clamped to what the type holds.
uint64_t toInteger(const Words &w, const Integer &to, const std::string &from,
                   const Number &value) {
  if (mpfr_nan_p(value.get())) {
    bool wide = from == "f64" || to.bits == 64;
    return wide ? uint64_t(1) << (to.bits - 1) : 0;
  }
  Number whole;
  mpfr_rint(whole.get(), value.get(),
            roundingNamed(w.among({"rni", "rzi", "rmi", "rpi"})));
  Number most, least;
  mpfr_set_uj(most.get(), static_cast<uint64_t>(to.most()), MPFR_RNDN);
  mpfr_set_sj(least.get(), static_cast<int64_t>(to.least()), MPFR_RNDN);
  if (mpfr_cmp(whole.get(), most.get()) >= 0)
    return static_cast<uint64_t>(to.most());
  if (mpfr_cmp(whole.get(), least.get()) <= 0)
    return to.wrap(to.least());
  return mpfr_sgn(whole.get()) < 0
             ? to.wrap(mpfr_get_sj(whole.get(), MPFR_RNDZ))
             : mpfr_get_uj(whole.get(), MPFR_RNDZ);
}

/// NaN of double precision keeps its sign and its payload.
uint64_t nanAsDouble(const Format &from, uint64_t bits) {
  uint64_t mantissa = bits & ((uint64_t(1) << from.mantissaBits) - 1);
  uint64_t sign = bits & from.sign() ? uint64_t(1) << 63 : 0;
  return sign | 0x7FF8000000000000 | mantissa << (52 - from.mantissaBits);
}

uint64_t toFloat(const Words &w, const Format &to, Number &value) {
  mpfr_rnd_t rounding = roundingNamed(w.among({"rn", "rz", "rm", "rp"}));
  std::string whole = w.among({"rni", "rzi", "rmi", "rpi"});
  if (!whole.empty() && mpfr_number_p(value.get())) {
    int negative = mpfr_signbit(value.get());
    mpfr_rint(value.get(), value.get(), roundingNamed(whole));
    mpfr_setsign(value.get(), value.get(), negative, MPFR_RNDN);
  }
  uint64_t bits = rounded(to, rounding, w.has("satfinite"), value);
  bool negative = bits & to.sign(), nan = isNan(to, bits);
  uint64_t one = uint64_t(to.bias()) << to.mantissaBits;
  if (w.has("sat"))
    return nan || negative ? 0 : std::min(bits, one);
  if (w.has("relu") && negative && !nan)
    return 0;
  return bits;
}

/// ue8m0: the exponent of the magnitude.
uint64_t toPower(const Words &w, const Number &value) {
  if (mpfr_nan_p(value.get()))
    return 0xFF;
  uint64_t most = w.has("satfinite") ? 0xFE : 0xFF;
  if (mpfr_inf_p(value.get()))
    return most;
  Number power;
  mpfr_set_ui_2exp(power.get(), 1, -127, MPFR_RNDN);
  for (uint64_t field = 0; field < 0xFF; ++field) {
    int order = mpfr_cmpabs(value.get(), power.get());
    if (w.has("rp") && order <= 0)
      return field;
    Number next;
    mpfr_mul_2ui(next.get(), power.get(), 1, MPFR_RNDN);
    if (w.has("rz") && mpfr_cmpabs(value.get(), next.get()) < 0)
      return field;
    mpfr_set(power.get(), next.get(), MPFR_RNDN);
  }
  return most;
}

/// cvt.rna.tf32: half of the last kept bit is added to the magnitude.
uint64_t toTf32(const Words &w, uint64_t bits, Number &value) {
  if (mpfr_nan_p(value.get()))
    return 0x7FFFFFFF;
  if (!w.has("rna"))
    return toFloat(w, *formatNamed("tf32"), value) << 13;
  uint64_t magnitude = bits & 0x7FFFFFFF;
  if (magnitude < 0x7F800000)
    magnitude = (magnitude + 0x1000) & ~uint64_t(0x1FFF);
  if (w.has("satfinite"))
    magnitude = std::min<uint64_t>(magnitude, 0x7F7FE000);
  return (bits & 0x80000000) | magnitude;
}

uint64_t converted(const Words &w, const std::string &to,
                   const std::string &from, uint64_t raw) {
  const Format *source = formatNamed(from), *target = formatNamed(to);
  bool flushes = w.has("ftz");
  if (from == "ue8m0") {
    Number value;
    mpfr_set_ui_2exp(value.get(), 1, static_cast<int>(raw & 0xFF) - 127,
                     MPFR_RNDN);
    return (raw & 0xFF) == 0xFF ? target->nan : toFloat(w, *target, value);
  }
  if (!source) {
    Integer integer(from);
    __int128 value = integer.value(raw);
    if (!target) {
      Integer result(to);
      if (w.has("sat"))
        value = std::max(result.least(), std::min(result.most(), value));
      return result.wrap(value);
    }
    Number number;
    if (value < 0)
      mpfr_set_sj(number.get(), static_cast<int64_t>(value), MPFR_RNDN);
    else
      mpfr_set_uj(number.get(), static_cast<uint64_t>(value), MPFR_RNDN);
    return toFloat(w, *target, number);
  }
  uint64_t bits = raw & (~uint64_t(0) >> (64 - source->bits()));
  if (flushes && from == "f32")
    bits = flush(*source, bits);
  Number value(*source, bits);
  if (to == "ue8m0")
    return toPower(w, value);
  if (to == "tf32")
    return toTf32(w, bits, value);
  if (!target)
    return toInteger(w, Integer(to), from, value);
  if (to == "f64" && isNan(*source, bits) && !w.has("sat"))
    return nanAsDouble(*source, bits);
  uint64_t result = toFloat(w, *target, value);
  return flushes && to == "f32" ? flush(*target, result) : result;
}

/// Bits from one element of a pair to the next.
unsigned strideOf(const std::string &type) {
  if (type == "f16" || type == "bf16")
    return 16;
  return type == "e2m1" ? 4 : 8;
}

} // namespace

Results conversionOracle(const Words &w, const uint64_t *in) {
  std::string to = w.typed(1), from = w.typed(0);
  size_t toPair = to.find("x2"), fromPair = from.find("x2");
  if (toPair == std::string::npos)
    return {converted(w, to, from, in[0])};
  to = to.substr(0, toPair);
  from = from.substr(0, fromPair);
  bool packed = fromPair != std::string::npos;
  uint64_t lower = in[1], upper = in[0];
  if (packed) {
    lower = in[0];
    upper = in[0] >> strideOf(from);
  }
  // 6 bits lie in 8.
  uint64_t mask = from == "e2m3" || from == "e3m2" ? 0x3F : ~uint64_t(0);
  return {converted(w, to, from, lower & mask) |
          converted(w, to, from, upper & mask) << strideOf(to)};
}

Results packOracle(const Words &w, const uint64_t *in) {
  Integer source("s32");
  Integer type(w[3]);
  auto clamped = [&](uint64_t raw) {
    __int128 value = source.value(raw);
    return type.wrap(std::max(type.least(), std::min(type.most(), value)));
  };
  uint64_t packed = clamped(in[1]) | clamped(in[0]) << type.bits;
  if (w.has("b32"))
    packed |= in[2] << (2 * type.bits);
  return {packed & 0xFFFFFFFF};
}

} // namespace oracle
