//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/VariableParser.h"

namespace emulator::ptx {
namespace {

constexpr size_t mostInitializers = size_t(1) << 26;

Space spaceOf(std::string_view word) {
  if (word == "reg")
    return Space::Reg;
  if (word == "const")
    return Space::Const;
  if (word == "global")
    return Space::Global;
  if (word == "local")
    return Space::Local;
  if (word == "param")
    return Space::Param;
  if (word == "shared" || word == "shared::cta")
    return Space::Shared;
  return Space::None;
}

class VariableParser {
public:
  explicit VariableParser(TokenStream &tokens) : tokens_(tokens) {}

  std::vector<Variable> list(Linkage linkage);
  Variable parameter();

private:
  Variable prefix();
  void attribute();
  void pointer(Variable &variable);
  void declarator(Variable &variable);
  void extents(Variable &variable);
  void initializers(Variable &variable, size_t level);
  Initializer cell(const Variable &variable);
  Initializer symbol(uint64_t mask);

  TokenStream &tokens_;
};

/// What stands before the name.
Variable VariableParser::prefix() {
  Variable variable;
  variable.at = tokens_.location();
  variable.space = spaceOf(tokens_.take().text);
  for (; tokens_.peek().kind == Token::Kind::Word; tokens_.take()) {
    std::string_view word = tokens_.peek().text;
    if (auto type = parseType(word)) {
      if (variable.type != Type::None)
        tokens_.fail("a second type, `." + std::string(word) + "`");
      variable.type = *type;
    } else if (word == "align") {
      tokens_.take();
      if (tokens_.peek().kind != Token::Kind::Integer)
        tokens_.expected("an alignment");
      variable.align = static_cast<uint32_t>(tokens_.peek().bits);
      if (!variable.align || variable.align & (variable.align - 1) ||
          variable.align > 4096)
        tokens_.fail("alignment is not a power of two up to 4096");
    } else if (word == "v2" || word == "v4" || word == "v8") {
      variable.vector = static_cast<uint8_t>(word[1] - '0');
    } else if (word == "ptr") {
      pointer(variable);
    } else if (word == "attribute") {
      attribute();
    } else {
      tokens_.expected("a type");
    }
  }
  if (variable.type == Type::None)
    tokens_.expected("a type");
  return variable;
}

/// `.attribute(.managed, .unified(1, 2))`, up to its parenthesis.
void VariableParser::attribute() {
  tokens_.take();
  if (!tokens_.peek().is("("))
    tokens_.expected("`(`");
  if (tokens_.peek(1).isWord("managed"))
    tokens_.fail("managed memory is not supported by the emulated device");
  for (unsigned depth = 1; depth;) {
    tokens_.take();
    depth += tokens_.peek().is("(");
    depth -= tokens_.peek().is(")");
    if (tokens_.peek().kind == Token::Kind::End)
      tokens_.expected("`)`");
  }
}

/// `.ptr .space .align N`, up to its last word or number.
void VariableParser::pointer(Variable &variable) {
  variable.pointer = true;
  Space space = spaceOf(tokens_.peek(1).text);
  if (tokens_.peek(1).kind == Token::Kind::Word && space != Space::None) {
    variable.pointee = space;
    tokens_.take();
  }
  if (!tokens_.peek(1).isWord("align"))
    return;
  tokens_.take();
  tokens_.take();
  if (tokens_.peek().kind != Token::Kind::Integer)
    tokens_.expected("an alignment");
  variable.pointeeAlign = static_cast<uint32_t>(tokens_.peek().bits);
}

void VariableParser::extents(Variable &variable) {
  while (tokens_.accept("[")) {
    if (tokens_.accept("]")) {
      variable.extents.push_back(0);
      continue;
    }
    variable.extents.push_back(tokens_.number("an extent"));
    tokens_.expect("]");
  }
}

/// `generic(name) + offset`, `name + offset`; what follows a mask is in
/// parentheses.
Initializer VariableParser::symbol(uint64_t mask) {
  Initializer value;
  value.at = tokens_.location();
  value.mask = mask;
  value.symbol = tokens_.name("an initialiser");
  if (value.symbol == "generic" && tokens_.accept("(")) {
    value.generic = true;
    value.symbol = tokens_.name("the name of a variable");
    tokens_.expect(")");
  }
  value.offset = tokens_.offset();
  return value;
}

Initializer VariableParser::cell(const Variable &variable) {
  if (tokens_.peek().isName() && !tokens_.atConstant())
    return symbol(~uint64_t(0));
  // `0xFF00(symbol)` is the second byte of an address.
  if (tokens_.peek().kind == Token::Kind::Integer && tokens_.peek(1).is("(")) {
    uint64_t mask = tokens_.take().bits;
    tokens_.take();
    if (!mask)
      tokens_.fail("a mask of no bits");
    Initializer value = symbol(mask);
    value.shift = static_cast<unsigned>(__builtin_ctzll(mask));
    tokens_.expect(")");
    return value;
  }
  Initializer value;
  value.at = tokens_.location();
  Constant number = tokens_.constant();
  bool isFloating = isFloat(variable.type) || variable.type == Type::B32 ||
                    variable.type == Type::B64;
  if (number.floatWidth && !isFloating)
    throw Diagnostic(value.at, "a floating-point initialiser of an integer");
  value.bits = number.bits;
  if (number.floatWidth == 64 && bytesOf(variable.type) == 4) {
    double wide;
    __builtin_memcpy(&wide, &number.bits, sizeof wide);
    auto narrow = static_cast<float>(wide);
    uint32_t bits;
    __builtin_memcpy(&bits, &narrow, sizeof bits);
    value.bits = bits;
  }
  return value;
}

/// Elements of the dimension `level`, padded with zeros where a later row
/// follows.
void VariableParser::initializers(Variable &variable, size_t level) {
  auto &values = variable.initializers;
  if (level > variable.extents.size() + 1)
    tokens_.fail("more braces than dimensions");
  if (!tokens_.accept("{")) {
    values.push_back(cell(variable));
    return;
  }
  uint64_t row = variable.vector;
  for (size_t i = level + 1; i < variable.extents.size(); ++i)
    row *= variable.extents[i];
  while (!tokens_.accept("}")) {
    bool nested = tokens_.peek().is("{");
    size_t start = values.size();
    initializers(variable, level + 1);
    if (nested && values.size() - start > row)
      tokens_.fail("more initialisers than elements");
    if (nested && level < variable.extents.size() && row < mostInitializers)
      values.resize(start + row);
    if (values.size() > mostInitializers)
      tokens_.fail("over 2^26 initialisers");
    if (!tokens_.peek().is("}"))
      tokens_.expect(",");
  }
}

void VariableParser::declarator(Variable &variable) {
  variable.at = tokens_.location();
  variable.name = tokens_.name("the name of a variable");
  if (tokens_.accept("<")) {
    // A literal: in an expression the `>` would be an operator.
    if (tokens_.peek().kind != Token::Kind::Integer)
      tokens_.expected("a count of registers");
    variable.family = tokens_.take().bits;
    tokens_.expect(">");
  }
  extents(variable);
  if (!tokens_.accept("="))
    return;
  initializers(variable, 0);
  // `x[] = {...}` has as many elements as initialisers.
  if (!variable.extents.empty() && !variable.extents[0]) {
    uint64_t row = variable.vector;
    for (size_t i = 1; i < variable.extents.size(); ++i)
      row *= variable.extents[i];
    if (row)
      variable.extents[0] = (variable.initializers.size() + row - 1) / row;
  }
  uint64_t cells = variable.bytes() / bytesOf(variable.type);
  if (variable.initializers.size() > cells)
    tokens_.fail("more initialisers than elements");
}

std::vector<Variable> VariableParser::list(Linkage linkage) {
  Variable prefixed = prefix();
  prefixed.linkage = linkage;
  std::vector<Variable> variables;
  do {
    variables.push_back(prefixed);
    declarator(variables.back());
    if (variables.back().bytes() > (uint64_t(1) << 40))
      throw Diagnostic(variables.back().at, "variable is over 1 TiB");
  } while (tokens_.accept(","));
  tokens_.expect(";");
  return variables;
}

Variable VariableParser::parameter() {
  Space space = spaceOf(tokens_.peek().text);
  if (tokens_.peek().kind != Token::Kind::Word ||
      (space != Space::Param && space != Space::Reg))
    tokens_.expected("`.param` or `.reg`");
  Variable variable = prefix();
  if (tokens_.peek().isName())
    variable.name = tokens_.name("a name");
  extents(variable);
  if (variable.bytes() > (uint64_t(1) << 20))
    throw Diagnostic(variable.at, "parameter is over 1 MiB");
  return variable;
}

} // namespace

bool beginsVariable(const Token &token) {
  return token.kind == Token::Kind::Word && spaceOf(token.text) != Space::None;
}

std::vector<Variable> parseVariables(TokenStream &tokens, Linkage linkage) {
  return VariableParser(tokens).list(linkage);
}

std::vector<Variable> parseParameters(TokenStream &tokens) {
  std::vector<Variable> parameters;
  tokens.expect("(");
  if (tokens.accept(")"))
    return parameters;
  do
    parameters.push_back(VariableParser(tokens).parameter());
  while (tokens.accept(","));
  tokens.expect(")");
  return parameters;
}

} // namespace emulator::ptx
