//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Numbers as kernels and NumPy have them.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TOOLS_ELEMENT_H
#define RUNTIME_TOOLS_ELEMENT_H

#include <cstddef>
#include <string>
#include <string_view>

namespace moert::tools {

/// Holds every value of every element exactly: 64-bit integers, too.
using Real = long double;

/// A type of elements.
struct Element {
  enum class Kind { Signed, Unsigned, Float };

  const char *name;  ///< that of PTX: "bf16"
  const char *numpy; ///< "<f4"; null where NumPy has no such type
  Kind kind;
  unsigned bytes;
  int exponentBits = 0, mantissaBits = 0; ///< of Kind::Float
  bool infinite = true; ///< the largest exponent is infinity's and NaN's

  bool isFloat() const { return kind == Kind::Float; }
};

/// Null if there is none.
const Element *findElement(std::string_view name);
/// By NumPy's name, "<f4"; `?` is u8.
const Element *findNumpyElement(std::string_view numpy);
/// The names that findElement knows, with commas.
std::string elementNames();

Real decode(const Element &element, const std::byte *bytes);
/// Rounds to the nearest, ties to even. False, with nothing written, for what
/// is out of range, and for fractions and NaN as integers.
bool encode(const Element &element, Real value, std::byte *bytes);

/// The shortest text that gives the value back.
std::string showNumber(const Element &element, Real value);
/// A whole text as a number: decimal, 0x, inf, nan. False for anything else.
bool parseNumber(const std::string &text, Real &value);

} // namespace moert::tools

#endif // RUNTIME_TOOLS_ELEMENT_H
