//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Exact.h"

#include <algorithm>

namespace oracle {
namespace {

// Largest numbers and canonical NaNs: PTX ISA 5.2.3, 9.7.3 and 9.7.4.
const Format formats[] = {
    {"f64", 11, 52, true, true, 0x7FEFFFFFFFFFFFFF, 0x7FF8000000000000},
    {"f32", 8, 23, true, true, 0x7F7FFFFF, 0x7FFFFFFF},
    {"f16", 5, 10, true, true, 0x7BFF, 0x7FFF},
    {"bf16", 8, 7, true, true, 0x7F7F, 0x7FFF},
    {"tf32", 8, 10, true, true, 0x3FBFF, 0x3FFFF},
    {"e4m3", 4, 3, false, true, 0x7E, 0x7F},
    {"e5m2", 5, 2, true, true, 0x7B, 0x7F},
    {"e2m3", 2, 3, false, false, 0x1F, 0},
    {"e3m2", 3, 2, false, false, 0x1F, 0},
    {"e2m1", 2, 1, false, false, 0x7, 0},
};

/// The bits of a value that the format holds.
uint64_t bitsOf(const Format &format, mpfr_srcptr value) {
  uint64_t sign = mpfr_signbit(value) ? format.sign() : 0;
  if (mpfr_zero_p(value))
    return sign;
  // 0.1xxx * 2^exponent
  long exponent = mpfr_get_exp(value) - 1, least = 1 - format.bias();
  mpfr_t scaled;
  mpfr_init2(scaled, 64);
  mpfr_abs(scaled, value, MPFR_RNDN);
  mpfr_mul_2si(scaled, scaled, format.mantissaBits - std::max(exponent, least),
               MPFR_RNDN);
  uint64_t mantissa = mpfr_get_uj(scaled, MPFR_RNDZ);
  mpfr_clear(scaled);
  uint64_t implicit = uint64_t(1) << format.mantissaBits;
  if (mantissa < implicit)
    return sign | mantissa;
  auto biased = static_cast<uint64_t>(exponent + format.bias());
  return sign | biased << format.mantissaBits | (mantissa - implicit);
}

uint64_t beyond(const Format &format, mpfr_rnd_t rounding, bool negative) {
  bool away = rounding == MPFR_RNDN || (rounding == MPFR_RNDU && !negative) ||
              (rounding == MPFR_RNDD && negative);
  return away && format.hasInfinity ? format.largest + 1 : format.largest;
}

} // namespace

const Format *formatNamed(const std::string &word) {
  for (const Format &format : formats)
    if (word == format.name)
      return &format;
  return nullptr;
}

bool isNan(const Format &format, uint64_t bits) {
  uint64_t magnitude = bits & (format.sign() - 1);
  return format.hasNan && magnitude > format.largest + format.hasInfinity;
}

bool isDenormal(const Format &format, uint64_t bits) {
  uint64_t magnitude = bits & (format.sign() - 1);
  return magnitude && magnitude < uint64_t(1) << format.mantissaBits;
}

uint64_t flush(const Format &format, uint64_t bits) {
  return isDenormal(format, bits) ? bits & format.sign() : bits;
}

Number::Number(const Format &format, uint64_t bits) : Number() {
  uint64_t magnitude = bits & (format.sign() - 1);
  int sign = bits & format.sign() ? -1 : 1;
  if (isNan(format, bits)) {
    mpfr_set_nan(value_);
  } else if (magnitude > format.largest) {
    mpfr_set_inf(value_, sign);
  } else if (!magnitude) {
    mpfr_set_zero(value_, sign);
  } else {
    uint64_t implicit = uint64_t(1) << format.mantissaBits;
    auto field = static_cast<int>(magnitude >> format.mantissaBits);
    uint64_t mantissa = (magnitude & (implicit - 1)) | (field ? implicit : 0);
    mpfr_set_uj_2exp(value_, mantissa,
                     std::max(field, 1) - format.bias() - format.mantissaBits,
                     MPFR_RNDN);
    if (sign < 0)
      mpfr_neg(value_, value_, MPFR_RNDN);
  }
}

mpfr_rnd_t roundingNamed(const std::string &word) {
  if (word == "rz" || word == "rzi")
    return MPFR_RNDZ;
  if (word == "rm" || word == "rmi")
    return MPFR_RNDD;
  return word == "rp" || word == "rpi" ? MPFR_RNDU : MPFR_RNDN;
}

uint64_t rounded(const Format &format, mpfr_rnd_t rounding, bool finite,
                 const Operation &operation) {
  mpfr_t result;
  mpfr_init2(result, format.mantissaBits + 1);
  int ternary = operation(result, rounding);
  uint64_t bits = 0;
  if (mpfr_nan_p(result)) {
    bits = format.hasNan ? format.nan : format.largest;
  } else if (mpfr_inf_p(result)) {
    bits = mpfr_signbit(result) ? format.sign() : 0;
    bits |= finite || !format.hasInfinity ? format.largest : format.largest + 1;
  } else if (mpfr_regular_p(result) &&
             mpfr_get_exp(result) - 1 >
                 (1 << format.exponentBits) - 1 - format.bias()) {
    bits = (mpfr_signbit(result) ? format.sign() : 0) |
           (finite ? format.largest
                   : beyond(format, rounding, mpfr_signbit(result)));
  } else {
    // Denormal results are rounded again, with what the first left.
    mpfr_exp_t least = mpfr_get_emin();
    mpfr_set_emin(2 - format.bias() - format.mantissaBits);
    ternary = mpfr_check_range(result, ternary, rounding);
    mpfr_subnormalize(result, ternary, rounding);
    mpfr_set_emin(least);
    bits = bitsOf(format, result);
    if ((bits & (format.sign() - 1)) > format.largest)
      bits = (bits & format.sign()) |
             (finite ? format.largest
                     : beyond(format, rounding, mpfr_signbit(result)));
  }
  mpfr_clear(result);
  return bits;
}

uint64_t rounded(const Format &format, mpfr_rnd_t rounding, bool finite,
                 const Number &exact) {
  return rounded(format, rounding, finite, [&](mpfr_ptr to, mpfr_rnd_t mode) {
    return mpfr_set(to, exact.get(), mode);
  });
}

} // namespace oracle
