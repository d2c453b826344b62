//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The syntax of a row, ready to be matched with instructions.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_PATTERN_H
#define RUNTIME_EMULATOR_ISA_PATTERN_H

#include "runtime/emulator/isa/Table.h"

#include <string>
#include <vector>

namespace emulator {

/// A class of words: `type = u16 s16`.
struct WordClass {
  std::string name;
  std::vector<std::string> words;
};

/// One modifier, or several that come or stay away together.
struct ModifierPattern {
  struct Item {
    std::string word; ///< of a literal
    int wordClass = -1;
  };
  std::vector<Item> items;
  bool optional = false;
};

struct OperandPattern {
  enum class Shape : uint8_t { Value, Address, Label, Any, Immediate, Symbol };
  Shape shape = Shape::Value;
  std::string name;
  Type type = Type::None; ///< of a fixed type
  int typeClass = -1;     ///< else the class that names it
  bool wide = false;      ///< twice the width of it
  bool wider = false;     ///< its register may be wider
  bool negatable = false;
  bool optional = false;
  bool anyLength = false;
  unsigned elements = 1;  ///< of a vector; 1 for a scalar
  int elementsClass = -1; ///< else the class whose word ends in the number
  std::string second;     ///< of a pair; empty if it is none
  std::vector<OperandPattern> inner; ///< of an address, behind its base
};

/// The words that matched: for each class the number of its word, or -1.
struct WordMatch {
  std::vector<int> words;
  std::vector<std::string_view> literals; ///< that were optional
  size_t matched = 1; ///< words, with the mnemonic, until the first that failed
};

class Pattern {
public:
  /// Throws std::logic_error for a row that is not well-formed.
  explicit Pattern(const Row &row);

  const Row &row() const { return *row_; }
  const std::string &mnemonic() const { return mnemonic_; }
  const std::vector<WordClass> &classes() const { return classes_; }
  const std::vector<ModifierPattern> &modifiers() const { return modifiers_; }
  const std::vector<OperandPattern> &operands() const { return operands_; }
  int classOf(std::string_view name) const;

  /// Whether the words are those of the row; what stands in `match.matched` is
  /// right in any case.
  bool match(const std::vector<std::string> &words, WordMatch &match) const;

private:
  void parseClasses(std::string_view text);
  void parseModifiers(std::string_view text);
  void parseOperands(std::string_view text);
  OperandPattern parseOperand(std::string_view text) const;
  void parseOperandType(std::string_view text, OperandPattern &operand) const;
  void parseElements(std::string_view text, OperandPattern &operand) const;
  bool matchFrom(size_t element, size_t word,
                 const std::vector<std::string> &words, WordMatch &match) const;
  bool matchItems(const ModifierPattern &modifier, size_t &word,
                  const std::vector<std::string> &words,
                  WordMatch &match) const;

  const Row *row_;
  std::string mnemonic_;
  std::vector<WordClass> classes_;
  std::vector<ModifierPattern> modifiers_;
  std::vector<OperandPattern> operands_;
};

/// The rows of a mnemonic, in the table's order.
const std::vector<Pattern> &patternsOf(std::string_view mnemonic);

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_PATTERN_H
