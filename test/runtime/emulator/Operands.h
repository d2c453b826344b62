//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Values that are worth trying: the corners of every type, and others.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_OPERANDS_H
#define TEST_RUNTIME_EMULATOR_OPERANDS_H

#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace oracle {

class Operands {
public:
  /// For operands of a type (`f32`, `b64`), of which a packed one has parts of
  /// type `part`, which may be empty.
  Operands(const std::string &type, const std::string &part, uint64_t seed);

  /// The value of the n-th thread for the k-th of the operands: corners in
  /// every pair of the first two, then any.
  uint64_t value(unsigned thread, unsigned k);

private:
  uint64_t any();
  uint64_t corner(uint64_t n) const;

  std::vector<uint64_t> corners_;
  unsigned bits_ = 32, parts_ = 1;
  int exponentBits_ = 0, mantissaBits_ = 0;
  std::mt19937_64 random_;
};

} // namespace oracle

#endif // TEST_RUNTIME_EMULATOR_OPERANDS_H
