//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A cursor over tokens, with the constant expressions of section 4.5.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_TOKENSTREAM_H
#define RUNTIME_EMULATOR_PTX_TOKENSTREAM_H

#include "runtime/emulator/ptx/Lexer.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace emulator::ptx {

/// A number that a constant expression comes to.
struct Constant {
  uint64_t bits = 0;
  bool isUnsigned = false;
  uint8_t floatWidth = 0; ///< 32 or 64; 0 for an integer
};

class TokenStream {
public:
  explicit TokenStream(std::vector<Token> tokens)
      : tokens_(std::move(tokens)) {}

  const Token &peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token take() {
    Token token = peek();
    if (at_ + 1 < tokens_.size())
      ++at_;
    return token;
  }
  Location location() const { return peek().at; }

  bool accept(std::string_view punctuation);
  bool acceptWord(std::string_view word);
  void expect(std::string_view punctuation);
  std::string name(const char *what);
  std::string string(const char *what);
  /// A constant that fits in 32 bits.
  uint32_t number(const char *what);
  /// An integer expression, or a floating-point constant with its sign.
  Constant constant();
  /// `+ a - b ...`, or 0 if neither sign stands here.
  int64_t offset();
  /// Whether a constant begins here.
  bool atConstant() const;

  /// Throws: `expected WHAT, found TOKEN`.
  [[noreturn]] void expected(const std::string &what) const;
  [[noreturn]] void fail(const std::string &message) const;

private:
  Constant conditional();
  Constant binary(unsigned precedence);
  Constant unary();
  Constant primary();
  Constant apply(std::string_view op, Constant left, Constant right) const;

  std::vector<Token> tokens_;
  size_t at_ = 0;
  unsigned depth_ = 0;
};

} // namespace emulator::ptx

#endif // RUNTIME_EMULATOR_PTX_TOKENSTREAM_H
