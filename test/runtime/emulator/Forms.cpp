//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Forms.h"

#include <algorithm>
#include <functional>
#include <map>

namespace emulator {
namespace {

/// A choice of words: those in a row, and each class's.
struct Chosen {
  oracle::Words words;
  std::map<int, std::string> ofClass;
};

void expand(const Pattern &pattern, size_t at, const Chosen &so,
            const std::function<void(const Chosen &)> &visit);

/// The bits of a register that holds a value of the type.
unsigned registerBits(const std::string &type) {
  auto parsed = parseType(type);
  return parsed ? bitsOf(*parsed) : 32;
}

/// Whether a class says only when, for whom or how fast memory changes.
bool isHint(const std::string &name) {
  for (const char *hint :
       {"order", "sem", "scope", "late", "evict", "far", "size", "cop"})
    if (name == hint)
      return true;
  return false;
}

/// Whether a second hint may follow: an order needs its scope.
bool mayAdd(const Pattern &pattern, const Chosen &so, int wordClass) {
  const auto &classes = pattern.classes();
  auto nameOf = [&](int n) { return classes[static_cast<size_t>(n)].name; };
  if (!isHint(nameOf(wordClass)))
    return true;
  for (const auto &chosen : so.ofClass)
    if (isHint(nameOf(chosen.first)) &&
        !(nameOf(chosen.first) == "order" && nameOf(wordClass) == "scope"))
      return false;
  return true;
}

/// Hints are tried with one type, without a vector; the others without them.
bool isWorthTrying(const Pattern &pattern, const Chosen &so) {
  bool hinted = so.words.has("L2::cache_hint");
  for (const auto &chosen : so.ofClass)
    hinted |= isHint(pattern.classes()[static_cast<size_t>(chosen.first)].name);
  bool plain = so.words.back() == "u32" || so.words.back() == "b32";
  return !hinted || (plain && so.words.among({"v2", "v4", "v8"}).empty());
}

/// Adds the items of a modifier from `item` on, in every way.
void expandItems(const Pattern &pattern, size_t at, size_t item,
                 const Chosen &so,
                 const std::function<void(const Chosen &)> &visit) {
  const auto &items = pattern.modifiers()[at].items;
  if (item == items.size())
    return expand(pattern, at + 1, so, visit);
  const auto &current = items[item];
  std::vector<std::string> words{current.word};
  if (current.wordClass >= 0 && !mayAdd(pattern, so, current.wordClass))
    return;
  if (current.wordClass >= 0)
    words = pattern.classes()[static_cast<size_t>(current.wordClass)].words;
  for (const std::string &word : words) {
    Chosen next = so;
    next.words.push_back(word);
    if (current.wordClass >= 0)
      next.ofClass[current.wordClass] = word;
    expandItems(pattern, at, item + 1, next, visit);
  }
}

void expand(const Pattern &pattern, size_t at, const Chosen &so,
            const std::function<void(const Chosen &)> &visit) {
  if (at == pattern.modifiers().size())
    return isWorthTrying(pattern, so) ? visit(so) : void();
  expandItems(pattern, at, 0, so, visit);
  if (pattern.modifiers()[at].optional)
    expand(pattern, at + 1, so, visit);
}

std::string doubled(const std::string &type) {
  return type[0] + std::to_string(2 * std::stoi(type.substr(1)));
}

FormOperand operandOf(const Pattern &pattern, const OperandPattern &from,
                      const Chosen &so) {
  FormOperand made;
  made.name = from.name;
  auto word = [&](int wordClass) {
    auto found = so.ofClass.find(wordClass);
    return found == so.ofClass.end() ? std::string() : found->second;
  };
  made.type = from.typeClass >= 0 ? word(from.typeClass)
                                  : std::string(nameOf(from.type));
  if (from.wide)
    made.type = doubled(made.type);
  made.immediate = from.shape == OperandPattern::Shape::Immediate;
  made.address = from.shape == OperandPattern::Shape::Address;
  if (made.address)
    return made;
  made.elements = from.elements;
  if (from.elementsClass >= 0) {
    std::string count = word(from.elementsClass);
    made.elements = count.empty() ? 1 : std::stoul(count.substr(1));
  }
  made.vector = made.elements > 1;
  made.width = made.immediate ? 32 : registerBits(made.type);
  if (from.wider)
    made.width = std::max(made.width, 16u);
  const char *members = pattern.row().members;
  made.members = members && made.name == members;
  return made;
}

/// Immediates worth trying.
std::vector<int64_t> immediatesOf(const std::string &mnemonic) {
  if (mnemonic == "lop3")
    return {0x96, 0xE8, 0xCA, 0x1B, 0x00, 0xFF, 0x80};
  return {0};
}

bool isInteger(const std::string &type) {
  return type.size() > 1 && (type[0] == 'u' || type[0] == 's') &&
         type[1] >= '0' && type[1] <= '9' &&
         type.find('x') == std::string::npos;
}

/// The operand in each way that it may stand there.
std::vector<FormOperand> variants(const Pattern &pattern,
                                  const OperandPattern &from,
                                  const FormOperand &plain) {
  std::vector<FormOperand> made{plain};
  if (from.wider && isInteger(plain.type))
    for (unsigned width : {32u, 64u})
      if (width > plain.width) {
        made.push_back(plain);
        made.back().width = width;
      }
  if (from.negatable) {
    made.push_back(plain);
    made.back().negated = true;
  }
  if (plain.immediate) {
    made.clear();
    for (int64_t value : immediatesOf(pattern.mnemonic())) {
      made.push_back(plain);
      made.back().value = value;
    }
  }
  return made;
}

void addOperands(const Pattern &pattern, size_t at, const Form &so,
                 const Chosen &chosen, std::vector<Form> &made) {
  if (at == pattern.operands().size()) {
    made.push_back(so);
    return;
  }
  const OperandPattern &from = pattern.operands()[at];
  // A policy goes with its hint.
  if (from.name == "policy" && !so.words.has("L2::cache_hint"))
    return addOperands(pattern, at + 1, so, chosen, made);
  FormOperand plain = operandOf(pattern, from, chosen);
  plain.destination = at == 0 && !plain.address;
  for (const FormOperand &operand : variants(pattern, from, plain)) {
    Form next = so;
    next.operands.push_back(operand);
    if (!from.second.empty()) {
      FormOperand second = operand;
      second.name = from.second;
      second.type = "pred";
      second.width = 1;
      next.operands.push_back(second);
    }
    addOperands(pattern, at + 1, next, chosen, made);
  }
  if (from.optional)
    addOperands(pattern, at + 1, so, chosen, made);
}

} // namespace

std::vector<Form> formsOf(const Pattern &pattern) {
  std::vector<Form> made;
  Chosen start;
  start.words.push_back(pattern.mnemonic());
  expand(pattern, 0, start, [&](const Chosen &chosen) {
    Form form;
    form.row = &pattern.row();
    form.words = chosen.words;
    addOperands(pattern, 0, form, chosen, made);
  });
  return made;
}

std::string Form::spelled() const {
  std::string text;
  for (const std::string &word : words)
    text += (text.empty() ? "" : ".") + word;
  return text;
}

bool Form::carries() const {
  return std::string(row->section).rfind("9.7.2.", 0) == 0;
}

bool Form::hasMemory() const {
  for (const FormOperand &operand : operands)
    if (operand.address)
      return true;
  return false;
}

std::string Form::space() const {
  for (const std::string &word : words) {
    if (word.rfind("shared", 0) == 0)
      return "shared";
    if (word == "local")
      return word;
    if (word == "const" || word.rfind("param", 0) == 0)
      return "";
  }
  return "global";
}

oracle::Words Form::described() const {
  oracle::Words told = words;
  if (operands.size() == 4 && (words[0] == "min" || words[0] == "max"))
    told.push_back("three");
  for (const FormOperand &operand : operands)
    if (operand.vector && words[0] == "mov") {
      told.push_back(operand.destination ? "to" : "from");
      told.push_back(std::to_string(operand.elements));
      told.push_back(std::to_string(operand.width));
    }
  return told;
}

namespace {

std::vector<FormOperand> chosenOperands(const Form &form, bool destinations) {
  std::vector<FormOperand> made;
  FormOperand word;
  word.name = "memory";
  word.type = "b64";
  word.width = 64;
  made.assign(form.hasMemory() ? memoryWords : 0, word);
  for (const FormOperand &operand : form.operands)
    if (operand.destination == destinations && !operand.members &&
        !operand.address)
      for (unsigned e = 0; e < operand.elements; ++e)
        made.push_back(operand);
  if (form.carries()) {
    FormOperand carry;
    carry.name = "carry";
    carry.type = "pred";
    carry.width = 1;
    made.push_back(carry);
  }
  return made;
}

} // namespace

std::vector<FormOperand> Form::sources() const {
  return chosenOperands(*this, false);
}
std::vector<FormOperand> Form::destinations() const {
  return chosenOperands(*this, true);
}

std::string targetOf(const Row &row) {
  std::string first = row.arch;
  return first == "sm_90a" ? first : "sm_100a";
}

} // namespace emulator
