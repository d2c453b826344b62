//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// One conversion of cvt: PTX ISA, section 9.7.9.21.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_CONVERSION_H
#define RUNTIME_EMULATOR_ISA_CONVERSION_H

#include "runtime/emulator/isa/Real.h"
#include "runtime/emulator/isa/Table.h"

namespace emulator {

/// One side of a conversion.
struct Number {
  Type type = Type::None;
  const FloatFormat *format = nullptr; ///< null for integers and ue8m0
  unsigned bits = 0;
  bool isSigned = false;

  static Number of(Type type);
  bool isPower() const { return type == Type::UE8M0; }
  bool isInteger() const { return !format && !isPower(); }
};

struct Conversion {
  Number from, to;
  Rounding rounding = Rounding::Nearest;
  bool integral = false; ///< a number becomes an integral one
  bool ftz = false;      ///< denormals of single precision become zeros
  bool sat = false;      ///< to integers: clamped; to others: to [0, 1]
  bool relu = false;     ///< what is negative becomes zero
  bool finite = false;   ///< what is too large becomes the largest number
  unsigned fromWidth = 0, toWidth = 0; ///< of the registers

  /// The bits of a value of `from` as a value of `to`.
  uint64_t apply(uint64_t bits) const;
};

/// A handler for a conversion between registers as wide as their types that
/// needs no exact value in between; null if there is none.
Handler shortConversion(const Conversion &conversion);

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_CONVERSION_H
