//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Exact arithmetic in any binary floating-point format, by MPFR: what the
// emulated device's instructions are measured by. It shares nothing with them.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_EXACT_H
#define TEST_RUNTIME_EMULATOR_EXACT_H

#include <cstdint>
#include <functional>
#include <mpfr.h>
#include <string>

namespace oracle {

/// A format by its name in PTX: `f32`, `e4m3`, ...
struct Format {
  const char *name;
  int exponentBits, mantissaBits;
  bool hasInfinity, hasNan;
  uint64_t largest, nan; ///< finite magnitude, canonical NaN

  int bias() const { return (1 << (exponentBits - 1)) - 1; }
  int bits() const { return 1 + exponentBits + mantissaBits; }
  uint64_t sign() const { return uint64_t(1) << (bits() - 1); }
};

/// Null if the word names none.
const Format *formatNamed(const std::string &word);

bool isNan(const Format &format, uint64_t bits);
bool isDenormal(const Format &format, uint64_t bits);
/// Zero of its sign in place of a denormal number.
uint64_t flush(const Format &format, uint64_t bits);

/// A number of enough precision for each value of any format and integer.
class Number {
public:
  Number() { mpfr_init2(value_, 72); }
  Number(const Format &format, uint64_t bits);
  Number(const Number &other) : Number() {
    mpfr_set(value_, other.value_, MPFR_RNDN);
  }
  Number &operator=(const Number &) = delete;
  ~Number() { mpfr_clear(value_); }
  mpfr_ptr get() { return value_; }
  mpfr_srcptr get() const { return value_; }

private:
  mpfr_t value_;
};

/// `rn`, `rz`, `rm`, `rp`, `rni`, ...; to the nearest for anything else.
mpfr_rnd_t roundingNamed(const std::string &word);

/// Writes a result of the precision of its first argument and tells MPFR's
/// ternary value: `mpfr_add` and the like, closed over their arguments.
using Operation = std::function<int(mpfr_ptr, mpfr_rnd_t)>;

/// The bits of the operation's result, rounded once; `finite` makes the largest
/// number of what is beyond it.
uint64_t rounded(const Format &format, mpfr_rnd_t rounding, bool finite,
                 const Operation &operation);
uint64_t rounded(const Format &format, mpfr_rnd_t rounding, bool finite,
                 const Number &exact);

} // namespace oracle

#endif // TEST_RUNTIME_EMULATOR_EXACT_H
