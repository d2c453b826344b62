//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Pattern.h"

#include <algorithm>
#include <map>
#include <stdexcept>

namespace emulator {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ')
    text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ')
    text.remove_suffix(1);
  return text;
}

/// The parts between separators that stand in no brackets.
std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t start = 0;
  for (size_t at = 0; at < text.size(); ++at) {
    depth += text[at] == '[' || text[at] == '(';
    depth -= text[at] == ']' || text[at] == ')';
    if (text[at] != separator || depth)
      continue;
    parts.push_back(trim(text.substr(start, at - start)));
    start = at + 1;
  }
  parts.push_back(trim(text.substr(start)));
  return parts;
}

[[noreturn]] void malformed(const Row &row, const std::string &what) {
  throw std::logic_error("row `" + std::string(row.syntax) + "`: " + what);
}

} // namespace

Pattern::Pattern(const Row &row) : row_(&row) {
  parseClasses(row.classes);
  std::string_view syntax = row.syntax;
  size_t space = syntax.find(' ');
  std::string_view head = syntax.substr(0, space);
  size_t end = std::min(head.find_first_of(".{"), head.size());
  mnemonic_ = std::string(head.substr(0, end));
  parseModifiers(head.substr(end));
  if (space != std::string_view::npos)
    parseOperands(trim(syntax.substr(space)));
}

void Pattern::parseClasses(std::string_view text) {
  if (trim(text).empty())
    return;
  for (std::string_view part : split(text, ';')) {
    size_t equals = part.find('=');
    if (equals == std::string_view::npos)
      malformed(*row_, "class without `=`");
    WordClass wordClass;
    wordClass.name = std::string(trim(part.substr(0, equals)));
    for (std::string_view word : split(trim(part.substr(equals + 1)), ' '))
      if (!word.empty())
        wordClass.words.emplace_back(word);
    classes_.push_back(std::move(wordClass));
  }
}

int Pattern::classOf(std::string_view name) const {
  for (size_t i = 0; i < classes_.size(); ++i)
    if (classes_[i].name == name)
      return static_cast<int>(i);
  return -1;
}

void Pattern::parseModifiers(std::string_view text) {
  while (!text.empty()) {
    ModifierPattern modifier;
    modifier.optional = text[0] == '{';
    size_t end =
        modifier.optional ? text.find('}') : text.find_first_of(".{", 1);
    std::string_view part = text.substr(0, end);
    if (modifier.optional)
      part.remove_prefix(1);
    if (part.empty() || part[0] != '.')
      malformed(*row_, "modifier without a dot");
    for (std::string_view word : split(part.substr(1), '.')) {
      ModifierPattern::Item item;
      item.wordClass = classOf(word);
      item.word = std::string(word);
      modifier.items.push_back(std::move(item));
    }
    modifiers_.push_back(std::move(modifier));
    if (end == std::string_view::npos)
      return;
    text.remove_prefix(modifiers_.back().optional ? end + 1 : end);
  }
}

void Pattern::parseOperands(std::string_view text) {
  // `{, b}` becomes an operand that is marked, and the braces vanish.
  std::string plain;
  for (size_t at = 0; at < text.size(); ++at) {
    bool opens = text[at] == '{' && at + 1 < text.size() && text[at + 1] == ',';
    if (opens) {
      plain += ",?";
      ++at;
    } else if (text[at] != '}') {
      plain += text[at];
    }
  }
  for (std::string_view part : split(plain, ',')) {
    bool optional = !part.empty() && part[0] == '?';
    OperandPattern operand =
        parseOperand(optional ? trim(part.substr(1)) : part);
    operand.optional = optional;
    operands_.push_back(std::move(operand));
  }
}

OperandPattern Pattern::parseOperand(std::string_view text) const {
  OperandPattern operand;
  if (!text.empty() && text[0] == '[') {
    operand.shape = OperandPattern::Shape::Address;
    std::vector<std::string_view> parts =
        split(text.substr(1, text.size() - 2), ',');
    operand.name = std::string(parts[0]);
    for (size_t i = 1; i < parts.size(); ++i)
      operand.inner.push_back(parseOperand(parts[i]));
    return operand;
  }
  if (!text.empty() && text[0] == '!') {
    operand.negatable = true;
    text.remove_prefix(1);
  }
  size_t pair = text.find('|');
  if (pair != std::string_view::npos) {
    operand.second = std::string(text.substr(pair + 1));
    text = text.substr(0, pair);
  }
  size_t colon = text.find(':');
  if (colon == std::string_view::npos)
    malformed(*row_, "operand `" + std::string(text) + "` has no type");
  operand.name = std::string(text.substr(0, colon));
  parseOperandType(text.substr(colon + 1), operand);
  return operand;
}

void Pattern::parseOperandType(std::string_view text,
                               OperandPattern &operand) const {
  using Shape = OperandPattern::Shape;
  size_t vector = text.find_first_of("*+");
  if (vector != std::string_view::npos) {
    parseElements(text.substr(vector), operand);
    text = text.substr(0, vector);
  }
  if (!text.empty() && text.back() == '^') {
    operand.wider = true;
    text.remove_suffix(1);
  }
  if (text.rfind("wide(", 0) == 0) {
    operand.wide = true;
    text = text.substr(5, text.size() - 6);
  }
  operand.typeClass = classOf(text);
  if (operand.typeClass >= 0)
    return;
  if (auto type = parseType(text))
    operand.type = *type;
  else if (text == "label")
    operand.shape = Shape::Label;
  else if (text == "any")
    operand.shape = Shape::Any;
  else if (text == "imm")
    operand.shape = Shape::Immediate;
  else if (text == "symbol")
    operand.shape = Shape::Symbol;
  else
    malformed(*row_, "type `" + std::string(text) + "` is unknown");
}

void Pattern::parseElements(std::string_view text,
                            OperandPattern &operand) const {
  operand.anyLength = text[0] == '+';
  if (operand.anyLength)
    return;
  text.remove_prefix(1);
  operand.elementsClass = classOf(text);
  if (operand.elementsClass < 0)
    operand.elements = static_cast<unsigned>(std::stoul(std::string(text)));
}

bool Pattern::match(const std::vector<std::string> &words,
                    WordMatch &match) const {
  match.words.assign(classes_.size(), -1);
  return matchFrom(0, 1, words, match);
}

/// Matches modifiers from `element` on with words from `word` on, those that
/// are optional first as if they were there.
bool Pattern::matchFrom(size_t element, size_t word,
                        const std::vector<std::string> &words,
                        WordMatch &match) const {
  match.matched = std::max(match.matched, word);
  if (element == modifiers_.size())
    return word == words.size();
  const ModifierPattern &modifier = modifiers_[element];
  std::vector<int> savedWords = match.words;
  size_t savedLiterals = match.literals.size();
  size_t next = word;
  if (matchItems(modifier, next, words, match) &&
      matchFrom(element + 1, next, words, match))
    return true;
  match.words = std::move(savedWords);
  match.literals.resize(savedLiterals);
  return modifier.optional && matchFrom(element + 1, word, words, match);
}

bool Pattern::matchItems(const ModifierPattern &modifier, size_t &word,
                         const std::vector<std::string> &words,
                         WordMatch &match) const {
  for (const ModifierPattern::Item &item : modifier.items) {
    if (word >= words.size())
      return false;
    const std::string &found = words[word];
    if (item.wordClass < 0) {
      if (found != item.word)
        return false;
      if (modifier.optional)
        match.literals.push_back(item.word);
    } else {
      const auto &all = classes_[static_cast<size_t>(item.wordClass)].words;
      auto at = std::find(all.begin(), all.end(), found);
      if (at == all.end())
        return false;
      match.words[static_cast<size_t>(item.wordClass)] =
          static_cast<int>(at - all.begin());
    }
    ++word;
  }
  return true;
}

const std::vector<Pattern> &patternsOf(std::string_view mnemonic) {
  using Index = std::map<std::string, std::vector<Pattern>, std::less<>>;
  static const Index index = [] {
    Index made;
    for (const Section &section : instructionSet())
      for (size_t i = 0; i < section.count; ++i) {
        Pattern pattern(section.rows[i]);
        made[pattern.mnemonic()].push_back(std::move(pattern));
      }
    return made;
  }();
  static const std::vector<Pattern> none;
  auto found = index.find(mnemonic);
  return found == index.end() ? none : found->second;
}

} // namespace emulator
