//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The tokens of PTX: PTX ISA, chapter 4.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_LEXER_H
#define RUNTIME_EMULATOR_PTX_LEXER_H

#include "runtime/emulator/ptx/Diagnostic.h"

#include <string_view>
#include <vector>

namespace emulator::ptx {

struct Token {
  enum class Kind : uint8_t {
    End,
    Name,        ///< `%r1`, `ld`, `$L__BB0_1`, `_`
    Word,        ///< `.global`, `.L1::evict_last`: text without the dot
    Integer,     ///< its value in `bits`
    Float,       ///< its value in `bits`, as `width` bits
    String,      ///< text without the quotes
    Punctuation, ///< text of one or two characters
  };
  Kind kind = Kind::End;
  std::string_view text;
  Location at;
  uint64_t bits = 0;
  uint8_t width = 0;
  bool isUnsigned = false; ///< an integer with `U`, or over 2^63-1
  bool glued = false;      ///< no space stands before it

  bool is(std::string_view punctuation) const {
    return kind == Kind::Punctuation && text == punctuation;
  }
  bool isName() const { return kind == Kind::Name; }
  bool isWord(std::string_view word) const {
    return kind == Kind::Word && text == word;
  }
};

/// The tokens of `text`, which must outlive them, ended by one of Kind::End.
/// Throws Diagnostic.
std::vector<Token> tokenize(std::string_view text);

} // namespace emulator::ptx

#endif // RUNTIME_EMULATOR_PTX_LEXER_H
