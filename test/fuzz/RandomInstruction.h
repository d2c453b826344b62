//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Instructions written at random after the rows of the table.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_FUZZ_RANDOMINSTRUCTION_H
#define TEST_FUZZ_RANDOMINSTRUCTION_H

#include "runtime/emulator/isa/Pattern.h"

#include <algorithm>
#include <random>
#include <string>
#include <vector>

namespace emulator {

class RandomInstruction {
public:
  explicit RandomInstruction(std::mt19937 &random) : random_(random) {}

  /// What instructions name: registers, and variables in shared and global
  /// memory. Belongs behind the `{` of a function; `marker` is in it.
  static const char *const declarations, *const marker;

  /// Names that an instruction may take beside those, and labels.
  std::vector<std::string> names, labels;

  /// A line, with its `;`, of some row. Not every one is right.
  std::string write();
  /// A number as authors write it, or one at a border.
  std::string number();

private:
  uint32_t below(size_t count) {
    return static_cast<uint32_t>(random_() % std::max<size_t>(1, count));
  }
  template <class T> const T &oneOf(const std::vector<T> &all) {
    return all[below(all.size())];
  }
  std::string registerOf(unsigned bits);
  unsigned bitsOf(const OperandPattern &operand) const;
  unsigned elementsOf(const OperandPattern &operand);
  std::string modifiers(const Pattern &pattern);
  std::string value(const OperandPattern &operand);
  std::string address(const OperandPattern &operand);
  std::string operand(const OperandPattern &operand);

  std::mt19937 &random_;
  std::vector<std::string> chosen_; ///< by class; empty if left out
};

} // namespace emulator

#endif // TEST_FUZZ_RANDOMINSTRUCTION_H
