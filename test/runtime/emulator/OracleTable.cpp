//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Which oracle checks what, and what is checked elsewhere.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Oracle.h"

#include <iterator>

namespace oracle {
namespace {

/// For sections that begin with `section` and, if it is there, a mnemonic.
struct Entry {
  const char *section, *mnemonic;
  Check check;
};

constexpr const char *exact = "exact";

// What has no result to compare, or one that lies in memory.
constexpr const char *kernels = "by compiled kernels";
constexpr const char *noResult = "changes no result";
constexpr const char *bulk = "BulkTest";
constexpr const char *products = "MatrixUnitTest, WgmmaTest, CUTLASS";

// The first that fits counts.
const Entry entries[] = {
    {"9.7.1.14", nullptr, {bitsOracle, nullptr, exact}}, // popc
    {"9.7.1.15", nullptr, {bitsOracle, nullptr, exact}}, // clz
    {"9.7.1.16", nullptr, {bitsOracle, nullptr, exact}}, // bfind
    {"9.7.1.17", nullptr, {bitsOracle, nullptr, exact}}, // fns
    {"9.7.1.18", nullptr, {bitsOracle, nullptr, exact}}, // brev
    {"9.7.1.19", nullptr, {bitsOracle, nullptr, exact}}, // bfe
    {"9.7.1.20", nullptr, {bitsOracle, nullptr, exact}}, // bfi
    {"9.7.1.21", nullptr, {bitsOracle, nullptr, exact}}, // szext
    {"9.7.1.22", nullptr, {bitsOracle, nullptr, exact}}, // bmsk
    {"9.7.1.", nullptr, {integerOracle, nullptr, exact}},
    {"9.7.2.", nullptr, {carryOracle, nullptr, exact}},
    {"9.7.3.", "testp", {signOracle, nullptr, exact}},
    {"9.7.3.", "copysign", {signOracle, nullptr, exact}},
    {"9.7.3.", "abs", {signOracle, nullptr, exact}},
    {"9.7.3.", "neg", {signOracle, nullptr, exact}},
    {"9.7.3.", "min", {extremeOracle, nullptr, exact}},
    {"9.7.3.", "max", {extremeOracle, nullptr, exact}},
    {"9.7.3.8",
     nullptr,
     {floatOracle, nullptr, "exact; `.approx` and `.full` within 2 ulp"}},
    {"9.7.3.14", nullptr, {approximationOracle, nullptr, "the upper 32 bits"}},
    {"9.7.3.17", nullptr, {approximationOracle, nullptr, "the upper 32 bits"}},
    {"9.7.3.16", nullptr, {approximationOracle, nullptr, "within 2 ulp"}},
    {"9.7.3.18", nullptr, {approximationOracle, nullptr, "within 1 ulp"}},
    {"9.7.3.19", nullptr, {approximationOracle, nullptr, "within 1 ulp"}},
    {"9.7.3.20", nullptr, {approximationOracle, nullptr, "within 1 ulp"}},
    {"9.7.3.21", nullptr, {approximationOracle, nullptr, "within 1 ulp"}},
    {"9.7.3.22", nullptr, {approximationOracle, nullptr, "within 1 ulp"}},
    {"9.7.3.", nullptr, {floatOracle, nullptr, exact}},
    {"9.7.4.", "abs", {signOracle, nullptr, exact}},
    {"9.7.4.", "neg", {signOracle, nullptr, exact}},
    {"9.7.4.", "min", {extremeOracle, nullptr, exact}},
    {"9.7.4.", "max", {extremeOracle, nullptr, exact}},
    {"9.7.4.", "tanh", {approximationOracle, nullptr, "within 1 ulp"}},
    {"9.7.4.", "ex2", {approximationOracle, nullptr, "within 1 ulp"}},
    {"9.7.4.", nullptr, {floatOracle, nullptr, exact}},
    {"9.7.5.", nullptr, {floatOracle, nullptr, exact}},
    {"9.7.6.", "setp", {comparisonOracle, nullptr, exact}},
    {"9.7.6.", "set", {comparisonOracle, nullptr, exact}},
    {"9.7.6.", nullptr, {selectionOracle, nullptr, exact}},
    {"9.7.7.", nullptr, {comparisonOracle, nullptr, exact}},
    {"9.7.8.", nullptr, {logicOracle, nullptr, exact}},
    {"9.7.9.6", "shfl", {nullptr, exchangeOracle, exact}},
    {"9.7.9.7", "prmt", {moveOracle, nullptr, exact}},
    {"9.7.9.21", nullptr, {conversionOracle, nullptr, exact}},
    {"9.7.9.22", nullptr, {packOracle, nullptr, exact}},
    {"9.7.", "vote", {nullptr, exchangeOracle, exact}},
    {"9.7.", "match", {nullptr, exchangeOracle, exact}},
    {"9.7.", "redux", {nullptr, exchangeOracle, exact}},
    {"9.7.", "elect", {nullptr, exchangeOracle, exact}},
    {"9.7.", "activemask", {nullptr, exchangeOracle, exact}},
    {"9.7.", "mov", {moveOracle, nullptr, exact}},
    {"9.7.9.", "ld", {transferOracle, nullptr, exact}},
    {"9.7.9.", "ldu", {transferOracle, nullptr, exact}},
    {"9.7.9.11", "st", {transferOracle, nullptr, exact}},
    {"9.7.13.6", "atom", {atomicOracle, nullptr, exact}},
    {"9.7.13.7", "red", {atomicOracle, nullptr, exact}},
    {"9.7.9.15", nullptr, {nullptr, nullptr, noResult}},
    {"9.7.9.16", nullptr, {nullptr, nullptr, noResult}},
    {"9.7.9.17", nullptr, {nullptr, nullptr, noResult}},
    {"9.7.9.18", nullptr, {nullptr, nullptr, noResult}},
    {"9.7.9.25.3", nullptr, {nullptr, nullptr, kernels}},
    {"9.7.9.25.", nullptr, {nullptr, nullptr, bulk}},
    {"9.7.9.27.", nullptr, {nullptr, nullptr, bulk}},
    {"9.7.9.", nullptr, {nullptr, nullptr, kernels}},
    {"9.7.12.", nullptr, {nullptr, nullptr, kernels}},
    {"9.7.13.", "fence", {nullptr, nullptr, noResult}},
    {"9.7.13.", "membar", {nullptr, nullptr, noResult}},
    {"9.7.13.", "griddepcontrol", {nullptr, nullptr, noResult}},
    {"9.7.13.", nullptr, {nullptr, nullptr, kernels}},
    {"9.7.14.", nullptr, {nullptr, nullptr, products}},
    {"9.7.15.", nullptr, {nullptr, nullptr, products}},
    {"9.7.17.", nullptr, {nullptr, nullptr, kernels}},
    {"9.7.19.", nullptr, {nullptr, nullptr, noResult}},
};

} // namespace

Check checkOf(const std::string &section, const std::string &mnemonic) {
  for (const Entry &entry : entries) {
    std::string prefix = entry.section;
    bool whole = prefix.back() != '.';
    bool fits = whole ? section == prefix : section.rfind(prefix, 0) == 0;
    if (fits && (!entry.mnemonic || mnemonic == entry.mnemonic))
      return entry.check;
  }
  return {};
}

} // namespace oracle
