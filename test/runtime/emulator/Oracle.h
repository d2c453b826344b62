//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What instructions should do, written from the PTX manual a second time and
// apart from the emulated device: with integers of 128 bits and with MPFR.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_ORACLE_H
#define TEST_RUNTIME_EMULATOR_ORACLE_H

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace oracle {

/// The words of an instruction: `add`, `rn`, `f32`.
struct Words : std::vector<std::string> {
  using vector::vector;
  bool has(const std::string &word) const {
    return std::find(begin() + 1, end(), word) != end();
  }
  const std::string &mnemonic() const { return front(); }
  /// The n-th word that names a type, from the end: typed(0) is the last.
  std::string typed(unsigned n) const;
  /// The word among some, or an empty string.
  std::string among(std::initializer_list<const char *> words) const;
};

/// Bits and sign of an integer type's name: `s32`.
struct Integer {
  unsigned bits;
  bool isSigned;
  explicit Integer(const std::string &type);
  __int128 value(uint64_t raw) const; ///< of the low bits
  uint64_t wrap(__int128 value) const;
  __int128 least() const { return isSigned ? -(__int128(1) << (bits - 1)) : 0; }
  __int128 most() const { return (__int128(1) << (bits - isSigned)) - 1; }
};

/// What a lane should hold.
struct Expected {
  uint64_t bits = 0;
  uint64_t ulps = 0;   ///< what it may differ by, of approximations
  bool anyNan = false; ///< any NaN of double precision will do

  Expected(uint64_t bits = 0, uint64_t ulps = 0, bool anyNan = false)
      : bits(bits), ulps(ulps), anyNan(anyNan) {}
};

using Results = std::vector<Expected>;

/// The results of one lane from its sources, in the order of operands; a value
/// of 128 bits is two of 64.
using LaneOracle = Results (*)(const Words &, const uint64_t *sources);

constexpr unsigned lanes = 32;
using Row = std::array<uint64_t, lanes>;
using ExpectedRow = std::array<Expected, lanes>;

/// The results of a warp, of which only `active` take part.
using WarpOracle = void (*)(const Words &, const std::vector<Row> &sources,
                            uint32_t active, std::vector<ExpectedRow> &results);

/// How a row of the table is checked: by one of the oracles, or elsewhere.
struct Check {
  LaneOracle lane = nullptr;
  WarpOracle warp = nullptr;
  const char *how = ""; ///< for the table: "exact", "1 ulp", or where instead
};

/// By the row's section of the manual (`9.7.3.6`) and its mnemonic. `how` is
/// empty if there is none.
Check checkOf(const std::string &section, const std::string &mnemonic);

// The oracles, each in a file of the name of what it is about.
Results integerOracle(const Words &, const uint64_t *);
Results bitsOracle(const Words &, const uint64_t *);
Results carryOracle(const Words &, const uint64_t *);
Results floatOracle(const Words &, const uint64_t *);
Results extremeOracle(const Words &, const uint64_t *);
Results approximationOracle(const Words &, const uint64_t *);
Results signOracle(const Words &, const uint64_t *);
Results comparisonOracle(const Words &, const uint64_t *);
Results selectionOracle(const Words &, const uint64_t *);
Results logicOracle(const Words &, const uint64_t *);
Results moveOracle(const Words &, const uint64_t *);
Results conversionOracle(const Words &, const uint64_t *);
Results packOracle(const Words &, const uint64_t *);
/// The first four sources, and results, are the memory that is addressed.
Results transferOracle(const Words &, const uint64_t *);
Results atomicOracle(const Words &, const uint64_t *);
void exchangeOracle(const Words &, const std::vector<Row> &, uint32_t,
                    std::vector<ExpectedRow> &);

} // namespace oracle

#endif // TEST_RUNTIME_EMULATOR_ORACLE_H
