//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Parser.h"

#include "runtime/emulator/ptx/OperandParser.h"
#include "runtime/emulator/ptx/VariableParser.h"

namespace emulator::ptx {
namespace {

constexpr unsigned deepestBlock = 256;

class Parser {
public:
  Parser(std::string_view text, std::string file) : tokens_(tokenize(text)) {
    module_.file = std::move(file);
  }
  Module run();

private:
  void version();
  void target();
  void item();
  void fileDirective();
  void section();
  void alias();
  void declaration(Linkage linkage);
  Linkage linkage();

  Function function(Linkage linkage);
  bool limit(Limits &limits);
  Extents extents();

  std::unique_ptr<Block> block();
  void statement(Block &block);
  void directive(Block &block);
  void location();
  void pragma();
  void label(Block &block);
  Prototype prototype();
  Instruction instruction();

  TokenStream tokens_;
  Module module_;
  SourceLocation source_;
  unsigned depth_ = 0;
};

void Parser::version() {
  if (!tokens_.acceptWord("version"))
    tokens_.expected("`.version`");
  Token number = tokens_.take();
  const std::string_view text = number.text;
  const size_t dot = text.find('.');
  const auto isNumber = [](std::string_view part) {
    return !part.empty() && part.size() < 4 &&
           part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  if (dot == std::string_view::npos || !isNumber(text.substr(0, dot)) ||
      !isNumber(text.substr(dot + 1)))
    throw Diagnostic(number.at, "expected a version such as 8.3");
  const auto part = [&](size_t from) {
    return static_cast<unsigned>(std::stoul(std::string(text.substr(from))));
  };
  module_.versionMajor = part(0);
  module_.versionMinor = part(dot + 1);
}

void Parser::target() {
  if (!tokens_.acceptWord("target"))
    tokens_.expected("`.target`");
  do {
    std::string name = tokens_.name("a target such as sm_90a");
    if (name.rfind("sm_", 0) == 0)
      module_.target = name;
    else if (name != "debug" && name != "texmode_unified" &&
             name != "texmode_independent")
      tokens_.fail("target `" + name + "` is unknown");
  } while (tokens_.accept(","));
  if (module_.target.empty())
    tokens_.fail("no target of the form sm_NN");
}

Module Parser::run() {
  version();
  target();
  while (tokens_.peek().kind != Token::Kind::End)
    item();
  return std::move(module_);
}

void Parser::item() {
  const Token &token = tokens_.peek();
  if (tokens_.acceptWord("address_size")) {
    module_.addressBits = tokens_.number("an address size");
    if (module_.addressBits != 64)
      tokens_.fail("address size " + std::to_string(module_.addressBits) +
                   " is not supported; it must be 64");
  } else if (token.isWord("file")) {
    fileDirective();
  } else if (token.isWord("section")) {
    section();
  } else if (token.isWord("loc")) {
    location();
  } else if (token.isWord("pragma")) {
    pragma();
  } else if (token.isWord("alias")) {
    alias();
  } else {
    declaration(linkage());
  }
}

/// `.file N "name" [, timestamp, size]`
void Parser::fileDirective() {
  tokens_.take();
  uint32_t number = tokens_.number("a file number");
  if (number > 65535)
    tokens_.fail("file number is over 65535");
  if (module_.sources.size() <= number)
    module_.sources.resize(number + 1);
  module_.sources[number] = tokens_.string("a file name");
  while (tokens_.accept(","))
    tokens_.number("a time stamp or a size");
}

/// Debugging information, which changes no behaviour.
void Parser::section() {
  tokens_.take();
  if (tokens_.peek().kind != Token::Kind::Word && !tokens_.peek().isName())
    tokens_.expected("the name of a section");
  while (!tokens_.accept("{")) {
    if (tokens_.peek().kind == Token::Kind::End)
      tokens_.expected("`{`");
    tokens_.take();
  }
  for (unsigned open = 1; open;) {
    Token token = tokens_.peek();
    if (token.kind == Token::Kind::End)
      tokens_.expected("`}`");
    open += token.is("{");
    open -= token.is("}");
    tokens_.take();
  }
}

void Parser::alias() {
  Alias alias;
  alias.at = tokens_.take().at;
  alias.name = tokens_.name("the name of a function");
  tokens_.expect(",");
  alias.aliasee = tokens_.name("the name of a function");
  tokens_.expect(";");
  module_.aliases.push_back(alias);
}

Linkage Parser::linkage() {
  if (tokens_.acceptWord("extern"))
    return Linkage::Extern;
  if (tokens_.acceptWord("visible"))
    return Linkage::Visible;
  if (tokens_.acceptWord("weak"))
    return Linkage::Weak;
  if (tokens_.acceptWord("common"))
    return Linkage::Common;
  return Linkage::None;
}

void Parser::declaration(Linkage linkage) {
  if (tokens_.peek().isWord("entry") || tokens_.peek().isWord("func")) {
    module_.functions.push_back(function(linkage));
    return;
  }
  if (!beginsVariable(tokens_.peek()))
    tokens_.expected("a directive of a module");
  for (Variable &variable : parseVariables(tokens_, linkage)) {
    bool global =
        variable.space == Space::Global || variable.space == Space::Const;
    if (!global && variable.space != Space::Shared)
      throw Diagnostic(variable.at, "a variable of a module is in the space "
                                    "global, const or shared");
    module_.variables.push_back(std::move(variable));
  }
}

Function Parser::function(Linkage linkage) {
  Function function;
  function.at = tokens_.location();
  function.linkage = linkage;
  function.kernel = tokens_.take().text == "entry";
  while (tokens_.peek().isWord("attribute")) {
    tokens_.take();
    while (!tokens_.peek().is(")") && tokens_.peek().kind != Token::Kind::End)
      tokens_.take();
    tokens_.expect(")");
    tokens_.accept(")");
  }
  if (!function.kernel && tokens_.peek().is("("))
    function.results = parseParameters(tokens_);
  function.name = tokens_.name("the name of a function");
  if (tokens_.peek().is("("))
    function.parameters = parseParameters(tokens_);
  while (tokens_.peek().kind == Token::Kind::Word)
    if (tokens_.acceptWord("noreturn"))
      function.noReturn = true;
    else if (!tokens_.acceptWord("abi_preserve_control") &&
             !limit(function.limits))
      tokens_.expected("a directive of a function");
  if (!tokens_.accept(";"))
    function.body = block();
  return function;
}

Extents Parser::extents() {
  Extents extents{1, 1, 1};
  unsigned count = 0;
  do {
    if (count == 3)
      tokens_.fail("more than three extents");
    extents[count++] = tokens_.number("an extent");
  } while (tokens_.accept(","));
  return extents;
}

bool Parser::limit(Limits &limits) {
  if (tokens_.acceptWord("maxntid"))
    limits.maxThreads = extents();
  else if (tokens_.acceptWord("reqntid"))
    limits.requiredThreads = extents();
  else if (tokens_.acceptWord("reqnctapercluster"))
    limits.requiredCluster = extents();
  else if (tokens_.acceptWord("explicitcluster"))
    limits.explicitCluster = true;
  else if (tokens_.acceptWord("maxclusterrank"))
    limits.maxClusterRank = tokens_.number("a number of blocks");
  else if (tokens_.acceptWord("maxnreg"))
    limits.maxRegisters = tokens_.number("a number of registers");
  else if (tokens_.acceptWord("minnctapersm") ||
           tokens_.acceptWord("maxnctapersm"))
    limits.minBlocksPerMultiprocessor = tokens_.number("a number of blocks");
  else if (tokens_.acceptWord("abi_preserve"))
    tokens_.number("a number of registers");
  else if (tokens_.peek().isWord("pragma"))
    pragma();
  else
    return false;
  return true;
}

std::unique_ptr<Block> Parser::block() {
  if (++depth_ > deepestBlock)
    tokens_.fail("blocks are nested deeper than 256");
  auto block = std::make_unique<Block>();
  block->at = tokens_.location();
  tokens_.expect("{");
  while (!tokens_.accept("}"))
    statement(*block);
  --depth_;
  return block;
}

void Parser::statement(Block &block) {
  const Token &token = tokens_.peek();
  if (token.is("{"))
    block.statements.push_back({this->block()});
  else if (token.kind == Token::Kind::Word)
    directive(block);
  else if (token.isName() && tokens_.peek(1).is(":"))
    label(block);
  else if (token.isName() || token.is("@"))
    block.statements.push_back({instruction()});
  else if (!tokens_.accept(";"))
    tokens_.expected("a statement");
}

void Parser::directive(Block &block) {
  if (tokens_.peek().isWord("loc"))
    return location();
  if (tokens_.peek().isWord("pragma"))
    return pragma();
  if (tokens_.peek().isWord("file"))
    return fileDirective();
  Linkage linkage = this->linkage();
  if (!beginsVariable(tokens_.peek()))
    tokens_.expected("a directive of a function");
  for (Variable &variable : parseVariables(tokens_, linkage))
    block.statements.push_back({std::move(variable)});
}

/// `.loc file line column [, function_name label[+n]] [, inlined_at f l c]`
void Parser::location() {
  tokens_.take();
  source_.file = tokens_.number("a file number");
  source_.line = tokens_.number("a line");
  tokens_.number("a column");
  while (tokens_.accept(",")) {
    std::string what = tokens_.name("`function_name` or `inlined_at`");
    if (what == "function_name") {
      tokens_.name("a label");
      tokens_.offset();
    } else if (what == "inlined_at") {
      for (const char *part : {"a file number", "a line", "a column"})
        tokens_.number(part);
    } else {
      tokens_.fail("`" + what + "` is unknown in `.loc`");
    }
  }
}

/// Hints to ptxas.
void Parser::pragma() {
  tokens_.take();
  do
    tokens_.string("a pragma");
  while (tokens_.accept(","));
  tokens_.expect(";");
}

void Parser::label(Block &block) {
  Label label;
  label.at = tokens_.location();
  label.name = tokens_.name("a label");
  tokens_.expect(":");
  bool branches = tokens_.peek().isWord("branchtargets");
  if (branches || tokens_.peek().isWord("calltargets")) {
    tokens_.take();
    label.kind =
        branches ? Label::Kind::BranchTargets : Label::Kind::CallTargets;
    do
      label.targets.push_back(tokens_.name("a target"));
    while (tokens_.accept(","));
    tokens_.expect(";");
  } else if (tokens_.acceptWord("callprototype")) {
    label.kind = Label::Kind::Prototype;
    label.prototype = prototype();
  }
  block.statements.push_back({std::move(label)});
}

/// `(results) _ (parameters) .noreturn ;`
Prototype Parser::prototype() {
  Prototype prototype;
  if (tokens_.peek().is("("))
    prototype.results = parseParameters(tokens_);
  tokens_.name("`_`");
  if (tokens_.peek().is("("))
    prototype.parameters = parseParameters(tokens_);
  while (!tokens_.accept(";")) {
    if (tokens_.acceptWord("noreturn"))
      prototype.noReturn = true;
    else if (tokens_.acceptWord("abi_preserve"))
      tokens_.number("a number of registers");
    else if (!tokens_.acceptWord("abi_preserve_control"))
      tokens_.expected("`;`");
  }
  return prototype;
}

Instruction Parser::instruction() {
  Instruction instruction;
  instruction.source = source_;
  if (tokens_.accept("@")) {
    Guard guard;
    guard.negated = tokens_.accept("!");
    guard.predicate = tokens_.name("a predicate");
    if (tokens_.peek().kind == Token::Kind::Word && tokens_.peek().glued)
      guard.component = std::string(tokens_.take().text);
    instruction.guard = guard;
  }
  instruction.at = tokens_.location();
  instruction.words.push_back(tokens_.name("an instruction"));
  while (tokens_.peek().kind == Token::Kind::Word)
    instruction.words.push_back(std::string(tokens_.take().text));
  bool inCall = instruction.words[0] == "call";
  if (!tokens_.accept(";")) {
    do
      instruction.operands.push_back(parseOperand(tokens_, inCall));
    while (tokens_.accept(","));
    tokens_.expect(";");
  }
  return instruction;
}

} // namespace

Module parse(std::string_view text, std::string file) {
  return Parser(text, std::move(file)).run();
}

} // namespace emulator::ptx
