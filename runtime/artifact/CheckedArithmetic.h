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
class CheckedSize {
public:
  CheckedSize(uint64_t size) : size(size) {}

  explicit operator bool() const { return size.has_value(); }
  /// The size; there is one.
  uint64_t operator*() const { return *size; }

  friend CheckedSize operator*(CheckedSize a, CheckedSize b) {
    CheckedSize result(0);
    if (!a || !b || __builtin_mul_overflow(*a, *b, &*result.size))
      result.size.reset();
    return result;
  }

  friend CheckedSize operator+(CheckedSize a, CheckedSize b) {
    CheckedSize result(0);
    if (!a || !b || __builtin_add_overflow(*a, *b, &*result.size))
      result.size.reset();
    return result;
  }

private:
  std::optional<uint64_t> size;
};

/// `value` rounded up to a multiple of `alignment`, which is not 0.
inline CheckedSize roundUp(CheckedSize value, uint64_t alignment) {
  CheckedSize raised = value + (alignment - 1);
  return raised ? CheckedSize(*raised / alignment * alignment) : raised;
}

} // namespace moert

#endif // RUNTIME_ARTIFACT_CHECKEDARITHMETIC_H
