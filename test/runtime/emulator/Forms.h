//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The instructions that a row of the table stands for, each with a kernel that
// runs it once a thread on operands from memory.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_FORMS_H
#define TEST_RUNTIME_EMULATOR_FORMS_H

#include "runtime/emulator/isa/Pattern.h"
#include "test/runtime/emulator/Oracle.h"

#include <string>
#include <vector>

namespace emulator {

/// An operand, or an element of a vector.
struct FormOperand {
  std::string name, type; ///< as the row has it: `f32`, `pred`
  unsigned width = 32;    ///< of its register in bits; 1 for a predicate
  unsigned elements = 1;
  bool vector = false; ///< written as `{...}`
  bool destination = false, immediate = false, members = false;
  bool address = false; ///< of the thread's own memory
  bool negated = false;
  int64_t value = 0; ///< of an immediate
};

/// One combination of a row's words, types and optional operands.
struct Form {
  const Row *row = nullptr;
  oracle::Words words;
  std::vector<FormOperand> operands; ///< a pair's second follows its first

  std::string spelled() const; ///< `add.rn.f32`
  /// What oracles are told: the words, and what else they cannot know.
  oracle::Words described() const;
  bool carries() const; ///< reads or writes the carry bit
  bool hasMemory() const;
  /// The space of the memory: `global`, `shared` or `local`; else empty.
  std::string space() const;
  /// Values that a thread reads and writes: 64-bit ones count twice if they
  /// have 128 bits; the carry is the last, and memory, four words, the first.
  std::vector<FormOperand> sources() const, destinations() const;
};

/// Every form of a row; of orders, scopes and hints to caches at most one is
/// there at a time, since they change no result.
std::vector<Form> formsOf(const Pattern &pattern);

/// Bytes from one thread's value to the next in the arrays of a kernel.
constexpr unsigned cellBytes = 16;

/// A module whose kernel `k(in, out, mask)` runs the form in the lanes of
/// `mask`: `in` holds `threads` cells for each source, `out` for each
/// destination, which the other lanes leave as they are.
std::string kernelOf(const Form &form, unsigned threads);

/// Words of memory that a thread has for an address operand.
constexpr unsigned memoryWords = 4;

/// The target to compile the row for.
std::string targetOf(const Row &row);

} // namespace emulator

#endif // TEST_RUNTIME_EMULATOR_FORMS_H
