//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/OperandParser.h"

namespace emulator::ptx {
namespace {

Operand constantOperand(TokenStream &tokens) {
  Operand operand;
  operand.at = tokens.location();
  Constant value = tokens.constant();
  operand.kind =
      value.floatWidth ? Operand::Kind::Float : Operand::Kind::Integer;
  operand.bits = value.bits;
  operand.width = value.floatWidth;
  return operand;
}

bool isComponent(const Token &token) {
  static const std::string_view words[] = {"x", "y", "z", "w",
                                           "r", "g", "b", "a"};
  for (std::string_view word : words)
    if (token.isWord(word) && token.glued)
      return true;
  return false;
}

/// `%r1`, `%v.x`, `sm+16` or `_`.
Operand nameOperand(TokenStream &tokens) {
  Operand operand;
  operand.at = tokens.location();
  operand.name = tokens.name("an operand");
  if (operand.name == "_") {
    operand.name.clear();
    return operand;
  }
  operand.kind = Operand::Kind::Name;
  // The manual lets r, g, b and a stand for x, y, z and w.
  if (isComponent(tokens.peek())) {
    std::string_view word = tokens.take().text;
    size_t colour = std::string_view("rgba").find(word);
    operand.component = colour == std::string_view::npos
                            ? std::string(word)
                            : std::string(1, "xyzw"[colour]);
  }
  operand.offset = tokens.offset();
  return operand;
}

/// The elements up to `close`, which is taken.
void elements(TokenStream &tokens, std::string_view close, Operand &operand) {
  if (tokens.accept(close))
    return;
  do
    operand.elements.push_back(parseOperand(tokens, false));
  while (tokens.accept(","));
  tokens.expect(close);
}

Operand addressOperand(TokenStream &tokens) {
  Operand operand;
  operand.at = tokens.location();
  operand.kind = Operand::Kind::Address;
  tokens.expect("[");
  if (tokens.peek().isName() && !tokens.atConstant()) {
    Operand base = nameOperand(tokens);
    if (base.kind == Operand::Kind::Sink)
      throw Diagnostic(base.at, "`_` is no address");
    operand.name = base.name;
    operand.component = base.component;
    operand.offset = base.offset;
  } else {
    Constant value = tokens.constant();
    if (value.floatWidth)
      throw Diagnostic(operand.at, "an address is not floating-point");
    operand.offset = static_cast<int64_t>(value.bits);
  }
  if (tokens.accept(","))
    elements(tokens, "]", operand);
  else
    tokens.expect("]");
  return operand;
}

Operand group(TokenStream &tokens, Operand::Kind kind) {
  Operand operand;
  operand.at = tokens.location();
  operand.kind = kind;
  tokens.take();
  elements(tokens, kind == Operand::Kind::Vector ? "}" : ")", operand);
  return operand;
}

Operand withPair(TokenStream &tokens, Operand first) {
  if (!tokens.accept("|"))
    return first;
  Operand pair;
  pair.at = first.at;
  pair.kind = Operand::Kind::Pair;
  pair.elements.push_back(std::move(first));
  pair.elements.push_back(nameOperand(tokens));
  return pair;
}

} // namespace

Operand parseOperand(TokenStream &tokens, bool inCall) {
  const Token &token = tokens.peek();
  if (token.is("["))
    return addressOperand(tokens);
  if (token.is("{"))
    return group(tokens, Operand::Kind::Vector);
  if (token.is("(") && inCall)
    return group(tokens, Operand::Kind::List);
  if (token.is("!") && tokens.peek(1).isName()) {
    tokens.take();
    Operand operand = nameOperand(tokens);
    operand.negated = true;
    return operand;
  }
  if (tokens.atConstant())
    return constantOperand(tokens);
  if (token.isName())
    return withPair(tokens, nameOperand(tokens));
  tokens.expected("an operand");
}

} // namespace emulator::ptx
