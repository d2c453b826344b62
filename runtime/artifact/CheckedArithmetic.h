//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Arithmetic on sizes from outside: nothing wraps around unnoticed.
///
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_ARTIFACT_CHECKEDARITHMETIC_H
#define RUNTIME_ARTIFACT_CHECKEDARITHMETIC_H

#include <cstdint>
#include <optional>

namespace moert {

/// An unsigned size, or nothing once a result did not fit 64 bits.
using CheckedSize = std::optional<uint64_t>;

inline CheckedSize operator*(CheckedSize a, CheckedSize b) {
  uint64_t result;
  if (!a || !b || __builtin_mul_overflow(*a, *b, &result))
    return std::nullopt;
  return result;
}

inline CheckedSize operator+(CheckedSize a, CheckedSize b) {
  uint64_t result;
  if (!a || !b || __builtin_add_overflow(*a, *b, &result))
    return std::nullopt;
  return result;
}

/// `value` rounded up to a multiple of `alignment`, which is not 0.
inline CheckedSize roundUp(CheckedSize value, uint64_t alignment) {
  CheckedSize raised = value + CheckedSize(alignment - 1);
  if (!raised)
    return std::nullopt;
  return *raised / alignment * alignment;
}

} // namespace moert

#endif // RUNTIME_ARTIFACT_CHECKEDARITHMETIC_H
