//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/TokenStream.h"

#include <map>

namespace emulator::ptx {
namespace {

constexpr unsigned deepest = 256;

unsigned precedenceOf(const Token &token) {
  static const std::map<std::string_view, unsigned> levels = {
      {"||", 1}, {"&&", 2}, {"|", 3},  {"^", 4},  {"&", 5},  {"==", 6},
      {"!=", 6}, {"<", 7},  {"<=", 7}, {">", 7},  {">=", 7}, {"<<", 8},
      {">>", 8}, {"+", 9},  {"-", 9},  {"*", 10}, {"/", 10}, {"%", 10}};
  if (token.kind != Token::Kind::Punctuation)
    return 0;
  auto found = levels.find(token.text);
  return found == levels.end() ? 0 : found->second;
}

uint64_t compare(std::string_view op, const Constant &a, const Constant &b) {
  if (op == "==")
    return a.bits == b.bits;
  if (op == "!=")
    return a.bits != b.bits;
  bool isUnsigned = a.isUnsigned || b.isUnsigned;
  auto less = [&](uint64_t x, uint64_t y) {
    return isUnsigned ? x < y
                      : static_cast<int64_t>(x) < static_cast<int64_t>(y);
  };
  bool swap = op[0] == '>';
  bool orEqual = op.size() == 2;
  if (orEqual)
    return !(swap ? less(a.bits, b.bits) : less(b.bits, a.bits));
  return swap ? less(b.bits, a.bits) : less(a.bits, b.bits);
}

/// A quotient or a remainder; the divisor is not 0.
uint64_t divide(bool remainder, const Constant &a, const Constant &b) {
  if (a.isUnsigned || b.isUnsigned)
    return remainder ? a.bits % b.bits : a.bits / b.bits;
  auto x = static_cast<int64_t>(a.bits), y = static_cast<int64_t>(b.bits);
  if (y == -1)
    return remainder ? 0 : 0 - a.bits;
  return static_cast<uint64_t>(remainder ? x % y : x / y);
}

uint64_t shift(bool left, const Constant &a, uint64_t count) {
  if (left)
    return count > 63 ? 0 : a.bits << count;
  if (a.isUnsigned)
    return count > 63 ? 0 : a.bits >> count;
  return static_cast<uint64_t>(static_cast<int64_t>(a.bits) >>
                               std::min<uint64_t>(count, 63));
}

} // namespace

std::string render(const std::string &file, const Diagnostic &diagnostic) {
  return file + ":" + std::to_string(diagnostic.at.line) + ":" +
         std::to_string(diagnostic.at.column) + ": " + diagnostic.what();
}

void TokenStream::fail(const std::string &message) const {
  throw Diagnostic(location(), message);
}

void TokenStream::expected(const std::string &what) const {
  const Token &token = peek();
  std::string found;
  switch (token.kind) {
  case Token::Kind::End:
    found = "the end of the text";
    break;
  case Token::Kind::Word:
    found = "`." + std::string(token.text) + "`";
    break;
  case Token::Kind::String:
    found = "a string";
    break;
  default:
    found = "`" + std::string(token.text) + "`";
  }
  fail("expected " + what + ", found " + found);
}

bool TokenStream::accept(std::string_view punctuation) {
  if (!peek().is(punctuation))
    return false;
  take();
  return true;
}

bool TokenStream::acceptWord(std::string_view word) {
  if (!peek().isWord(word))
    return false;
  take();
  return true;
}

void TokenStream::expect(std::string_view punctuation) {
  if (!accept(punctuation))
    expected("`" + std::string(punctuation) + "`");
}

std::string TokenStream::name(const char *what) {
  if (!peek().isName())
    expected(what);
  return std::string(take().text);
}

std::string TokenStream::string(const char *what) {
  if (peek().kind != Token::Kind::String)
    expected(what);
  return std::string(take().text);
}

uint32_t TokenStream::number(const char *what) {
  if (!atConstant())
    expected(what);
  Location at = location();
  Constant value = constant();
  if (value.floatWidth || value.bits > UINT32_MAX)
    throw Diagnostic(at, std::string(what) + " is not in 0 to 4294967295");
  return static_cast<uint32_t>(value.bits);
}

bool TokenStream::atConstant() const {
  const Token &token = peek();
  return token.kind == Token::Kind::Integer ||
         token.kind == Token::Kind::Float || token.is("-") || token.is("+") ||
         token.is("~") || token.is("(") || token.is("!") ||
         (token.isName() && token.text == "WARP_SZ");
}

Constant TokenStream::constant() { return conditional(); }

int64_t TokenStream::offset() {
  uint64_t sum = 0;
  while (peek().is("+") || peek().is("-")) {
    bool minus = take().is("-");
    Constant term = binary(10);
    if (term.floatWidth)
      fail("an address has no floating-point offset");
    sum = minus ? sum - term.bits : sum + term.bits;
  }
  return static_cast<int64_t>(sum);
}

Constant TokenStream::conditional() {
  Constant condition = binary(1);
  if (!accept("?"))
    return condition;
  if (++depth_ > deepest)
    fail("expression is nested too deeply");
  Constant yes = conditional();
  expect(":");
  Constant no = conditional();
  --depth_;
  return condition.bits ? yes : no;
}

Constant TokenStream::binary(unsigned precedence) {
  Constant left = unary();
  for (unsigned level; (level = precedenceOf(peek())) >= precedence && level;) {
    std::string_view op = take().text;
    left = apply(op, left, binary(level + 1));
  }
  return left;
}

Constant TokenStream::apply(std::string_view op, Constant a, Constant b) const {
  if (a.floatWidth || b.floatWidth)
    fail("operator `" + std::string(op) + "` has a floating-point operand");
  Constant result{0, a.isUnsigned || b.isUnsigned, 0};
  if (op == "||" || op == "&&")
    result = {op == "||" ? a.bits || b.bits : a.bits && b.bits, false, 0};
  else if (op == "==" || op == "!=" || op[0] == '<' || op[0] == '>')
    result = op == "<<" || op == ">>"
                 ? Constant{shift(op == "<<", a, b.bits), a.isUnsigned, 0}
                 : Constant{compare(op, a, b), false, 0};
  else if (op == "|")
    result.bits = a.bits | b.bits;
  else if (op == "^")
    result.bits = a.bits ^ b.bits;
  else if (op == "&")
    result.bits = a.bits & b.bits;
  else if (op == "+")
    result.bits = a.bits + b.bits;
  else if (op == "-")
    result.bits = a.bits - b.bits;
  else if (op == "*")
    result.bits = a.bits * b.bits;
  else if (b.bits)
    result.bits = divide(op == "%", a, b);
  else
    fail("division by zero in a constant expression");
  return result;
}

Constant TokenStream::unary() {
  if (++depth_ > deepest)
    fail("expression is nested too deeply");
  Constant value;
  if (accept("-")) {
    value = unary();
    value.bits = value.floatWidth
                     ? value.bits ^ uint64_t(1) << (value.floatWidth - 1)
                     : 0 - value.bits;
  } else if (accept("+")) {
    value = unary();
  } else if (accept("~") || peek().is("!")) {
    bool logical = accept("!");
    value = unary();
    if (value.floatWidth)
      fail("a floating-point constant has no complement");
    value.bits = logical ? !value.bits : ~value.bits;
  } else {
    value = primary();
  }
  --depth_;
  return value;
}

Constant TokenStream::primary() {
  const Token &token = peek();
  if (token.isName() && token.text == "WARP_SZ") {
    take();
    return {32, false, 0};
  }
  if (token.kind == Token::Kind::Integer) {
    Token number = take();
    return {number.bits, number.isUnsigned, 0};
  }
  if (token.kind == Token::Kind::Float) {
    Token number = take();
    return {number.bits, false, number.width};
  }
  if (!accept("("))
    expected("a constant");
  bool cast = peek().isWord("s64") || peek().isWord("u64");
  bool isUnsigned = cast && take().text == "u64";
  if (cast) {
    expect(")");
    return {unary().bits, isUnsigned, 0};
  }
  Constant value = conditional();
  expect(")");
  return value;
}

} // namespace emulator::ptx
