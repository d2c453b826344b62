//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Well-formed UTF-8, as table 3-7 of the Unicode standard defines it.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_TEXT_UTF8_H
#define RUNTIME_TEXT_UTF8_H

#include <cstddef>
#include <string_view>

namespace moert {

/// U+FFFD, which stands for bytes that are not UTF-8.
inline constexpr std::string_view replacementCharacter = "\xef\xbf\xbd";

/// What the first bytes of a text are.
struct Utf8Prefix {
  enum Kind { Character, Incomplete, Invalid };
  Kind kind;
  /// Bytes of the character; 1 if it is invalid, 0 if it is incomplete.
  size_t length;
};

/// Looks at the start of `bytes`, which must not be empty. Incomplete means
/// that further bytes can still make a character of all of them.
Utf8Prefix classifyUtf8(std::string_view bytes);

/// Whether all of `bytes` is well-formed.
bool isUtf8(std::string_view bytes);

} // namespace moert

#endif // RUNTIME_TEXT_UTF8_H
