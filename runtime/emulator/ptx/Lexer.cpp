//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Lexer.h"

#include <cstdlib>
#include <cstring>

namespace emulator::ptx {
namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool startsName(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         c == '$' || c == '%';
}
bool continuesName(char c) { return (startsName(c) && c != '%') || isDigit(c); }

int digitOf(char c) {
  if (isDigit(c))
    return c - '0';
  char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

class Lexer {
public:
  explicit Lexer(std::string_view text) : text_(text) {}
  std::vector<Token> run();

private:
  char peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  Location location() const {
    return {line_, static_cast<uint32_t>(at_ - lineStart_ + 1)};
  }
  [[noreturn]] void fail(const std::string &message) const {
    throw Diagnostic(location(), message);
  }
  bool skipSpace();
  void skipComment();
  void newLine() {
    ++line_;
    lineStart_ = at_ + 1;
  }
  Token next(bool glued);
  void name(Token &token);
  void word(Token &token);
  void string(Token &token);
  void number(Token &token);
  void hexFloat(Token &token, unsigned digits);
  void decimalFloat(Token &token);
  void integer(Token &token, unsigned radix);
  void punctuation(Token &token);

  std::string_view text_;
  size_t at_ = 0, lineStart_ = 0;
  uint32_t line_ = 1;
};

/// Skips blanks, comments and lines of the C preprocessor. False if none stood
/// there.
bool Lexer::skipSpace() {
  size_t start = at_;
  for (; at_ < text_.size(); ++at_) {
    char c = peek();
    if (c == '\n')
      newLine();
    else if (c == '/' && (peek(1) == '/' || peek(1) == '*'))
      skipComment();
    else if (c == '#' && at_ == lineStart_)
      for (; at_ + 1 < text_.size() && peek(1) != '\n';)
        ++at_;
    else if (c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\v')
      break;
  }
  return at_ != start;
}

/// Stops on the last character of the comment.
void Lexer::skipComment() {
  if (peek(1) == '/') {
    while (at_ + 1 < text_.size() && peek(1) != '\n')
      ++at_;
    return;
  }
  Location start = location();
  for (at_ += 2; at_ < text_.size(); ++at_) {
    if (peek() == '\n')
      newLine();
    if (peek() == '*' && peek(1) == '/') {
      ++at_;
      return;
    }
  }
  throw Diagnostic(start, "comment does not end");
}

void Lexer::name(Token &token) {
  token.kind = Token::Kind::Name;
  size_t start = at_++;
  while (continuesName(peek()))
    ++at_;
  token.text = text_.substr(start, at_ - start);
  if (token.text == "%")
    fail("`%` without a name");
}

/// `.name` or `.name::name`.
void Lexer::word(Token &token) {
  token.kind = Token::Kind::Word;
  size_t start = ++at_;
  while (continuesName(peek()) ||
         (peek() == ':' && peek(1) == ':' && continuesName(peek(2))))
    at_ += peek() == ':' ? 2 : 1;
  token.text = text_.substr(start, at_ - start);
}

void Lexer::string(Token &token) {
  token.kind = Token::Kind::String;
  size_t start = ++at_;
  while (peek() != '"') {
    if (at_ >= text_.size() || peek() == '\n')
      fail("string does not end");
    at_ += peek() == '\\' && peek(1) != '\n' ? 2 : 1;
  }
  token.text = text_.substr(start, at_ - start);
  ++at_;
}

/// `0f` or `0d` with the digits of an IEEE number.
void Lexer::hexFloat(Token &token, unsigned digits) {
  token.kind = Token::Kind::Float;
  token.width = static_cast<uint8_t>(digits * 4);
  at_ += 2;
  for (unsigned i = 0; i < digits; ++i, ++at_) {
    if (digitOf(peek()) >= 16)
      fail("floating-point constant has not " + std::to_string(digits) +
           " hexadecimal digits");
    token.bits = token.bits << 4 | static_cast<unsigned>(digitOf(peek()));
  }
}

void Lexer::decimalFloat(Token &token) {
  token.kind = Token::Kind::Float;
  token.width = 64;
  size_t start = at_;
  while (isDigit(peek()) || peek() == '.')
    ++at_;
  if (peek() == 'e' || peek() == 'E') {
    at_ += peek(1) == '-' || peek(1) == '+' ? 2 : 1;
    while (isDigit(peek()))
      ++at_;
  }
  std::string digits(text_.substr(start, at_ - start));
  char *end = nullptr;
  double value = std::strtod(digits.c_str(), &end);
  if (*end)
    fail("`" + digits + "` is not a number");
  std::memcpy(&token.bits, &value, sizeof value);
}

void Lexer::integer(Token &token, unsigned radix) {
  token.kind = Token::Kind::Integer;
  size_t start = at_;
  for (; digitOf(peek()) < static_cast<int>(radix); ++at_)
    if (__builtin_mul_overflow(token.bits, uint64_t(radix), &token.bits) ||
        __builtin_add_overflow(token.bits, uint64_t(digitOf(peek())),
                               &token.bits))
      fail("integer constant does not fit in 64 bits");
  if (at_ == start)
    fail("integer constant has no digits");
  token.isUnsigned = token.bits >> 63;
  if (peek() == 'U') {
    token.isUnsigned = true;
    ++at_;
  }
}

void Lexer::number(Token &token) {
  size_t start = at_;
  char second = static_cast<char>(peek(1) | 0x20);
  if (peek() == '0' && second == 'f') {
    hexFloat(token, 8);
  } else if (peek() == '0' && second == 'd') {
    hexFloat(token, 16);
  } else if (peek() == '0' && (second == 'x' || second == 'b')) {
    at_ += 2;
    integer(token, second == 'x' ? 16 : 2);
  } else {
    size_t digits = 0;
    while (isDigit(peek(digits)))
      ++digits;
    char after = peek(digits);
    if (after == '.' || after == 'e' || after == 'E')
      decimalFloat(token);
    else
      integer(token, peek() == '0' && digits > 1 ? 8 : 10);
  }
  token.text = text_.substr(start, at_ - start);
  if (continuesName(peek()))
    fail("`" + std::string(token.text) + peek() + "` is not a number");
}

void Lexer::punctuation(Token &token) {
  static const char *const doubles[] = {
      "<<", ">>", "<=", ">=", "==", "!=", "&&", "||"};
  token.kind = Token::Kind::Punctuation;
  size_t length = 1;
  for (const char *two : doubles)
    if (text_.substr(at_, 2) == two)
      length = 2;
  token.text = text_.substr(at_, length);
  static const std::string_view known = "{}()[],;:@!|+-*/%<>=~&^?";
  if (length == 1 && known.find(peek()) == std::string_view::npos)
    fail("unexpected character `" + std::string(token.text) + "`");
  at_ += length;
}

Token Lexer::next(bool glued) {
  Token token;
  token.at = location();
  token.glued = glued;
  char c = peek();
  bool percentName = c == '%' && continuesName(peek(1));
  if (at_ >= text_.size())
    return token;
  if (percentName || (startsName(c) && c != '%'))
    name(token);
  else if (c == '.' && (startsName(peek(1)) || (glued && isDigit(peek(1)))))
    word(token);
  else if (isDigit(c) || (c == '.' && isDigit(peek(1))))
    number(token);
  else if (c == '"')
    string(token);
  else
    punctuation(token);
  return token;
}

std::vector<Token> Lexer::run() {
  std::vector<Token> tokens;
  do {
    bool glued = !skipSpace();
    tokens.push_back(next(glued));
  } while (tokens.back().kind != Token::Kind::End);
  return tokens;
}

} // namespace

std::vector<Token> tokenize(std::string_view text) {
  if (text.size() > (size_t(256) << 20))
    throw Diagnostic({1, 1}, "text is over 256 MiB long");
  // Drivers take NUL-terminated text, and compilers leave the NUL in images.
  return Lexer(text.substr(0, text.find('\0'))).run();
}

} // namespace emulator::ptx
