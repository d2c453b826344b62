//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The table of the instruction set. A row is a form of an instruction as the
// PTX manual writes it, and the function that picks its handler. The binder
// matches the words and operands of an instruction with the rows of its
// mnemonic; what matches none is refused.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_TABLE_H
#define RUNTIME_EMULATOR_ISA_TABLE_H

#include "runtime/emulator/machine/Instruction.h"
#include "runtime/emulator/ptx/Syntax.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

class Selection;
struct Name;
struct LexicalScope;

/// Picks the handler of a matched instruction, and fills what it needs in
/// Selection::instruction(). Null, or Selection::refuse(), if the row does not
/// have this combination after all.
using Select = Handler (*)(Selection &);

/// A form of an instruction.
///
/// `syntax` is the mnemonic with its modifiers, then the operands:
///
///     add{.sat}.type d:type, a:type, b:type
///
/// - `.word`      that modifier
/// - `.class`     one of the words that `classes` lists for the class; whether
///                a word is a class or itself is decided by `classes`
/// - `{.x}`       `.x` or nothing; `{.x.y}` both or neither
/// - `d:T`        operand of type T: a type (`u32`), a class of types (`type`),
///                `pred`, or `wide(type)`, an integer of twice the width
/// - `d:T*N`      a vector `{...}` of N (a number, or a class with words v2,
/// v4,
///                v8, of which none is a scalar)
/// - `d:T+`       a vector of any length, counted by the selector
/// - `d|p`        a pair, the second of which is a predicate and optional
/// - `[a]`        an address; `[a, c:s32+]` with operands after its base
/// - `a:label`, `a:any` (type free), `a:imm` (an integer constant),
///   `a:symbol`   an operand that the selector reads from the syntax itself
/// - `{, b:T}`    an optional operand
/// - `!c:pred`    a predicate that may be negated; the slot of a negated one
///                holds it as it is
/// - `^` after T  (`a:type^`): the register may be wider than the type, as with
///                ld, st and cvt
///
/// `classes`: `type = u16 s16; rnd = rn rz`.
struct Row {
  const char *section; ///< of the manual, "9.7.1.1"
  const char *syntax;
  const char *classes;
  Select select;
  /// The first architecture; `sm_90a` for that one alone, `sm_100f` for a
  /// family; several with spaces between them.
  const char *arch = "sm_50";
  Convergence convergence = Convergence::None;
  /// The operand that holds the membermask, of Convergence::Members.
  const char *members = nullptr;
};

/// The rows of a section, in the order in which they are tried.
struct Section {
  const char *title; ///< "Integer Arithmetic Instructions"
  const Row *rows;
  size_t count;
  /// What a profile calls its instructions: "integer".
  const char *kind = "";
};

/// Every section, in the manual's order.
const std::vector<Section> &instructionSet();

/// A use of a row: what a selector sees.
class Selection {
public:
  virtual ~Selection() = default;

  /// The word that stands for a class, or empty where it is left out.
  virtual std::string_view word(std::string_view name) const = 0;
  /// Whether an optional modifier is there: has("sat").
  virtual bool has(std::string_view modifier) const = 0;
  /// The type that a class stands for; Type::None if it is left out.
  virtual Type type(std::string_view name) const = 0;
  /// Elements of an operand by its name in the row: 0 if left out, 1 for a
  /// scalar.
  virtual unsigned count(std::string_view operand) const = 0;
  /// The slot of an operand, or of an element of it; noSlot for `_` and for
  /// operands that are left out.
  virtual Slot slot(std::string_view operand, unsigned element = 0) const = 0;
  /// Bits of the register of an operand that may be wider than its type.
  virtual unsigned width(std::string_view operand) const = 0;
  /// The operand as it is written; null if left out.
  virtual const ptx::Operand *syntax(std::string_view operand) const = 0;
  /// The value of an integer constant, of `imm` and of others. Refuses a
  /// register.
  virtual int64_t constant(std::string_view operand) const = 0;
  virtual bool isConstant(std::string_view operand) const = 0;
  /// Whether a predicate is negated.
  virtual bool negated(std::string_view operand) const = 0;
  /// The constant part of an address; its base is slot(operand), 32 or 64 bits
  /// wide (width(operand)).
  virtual int64_t offset(std::string_view operand) const = 0;
  /// The space of the symbol that is an address's base, or None.
  virtual ptx::Space space(std::string_view operand) const = 0;
  /// The target of a label operand: index into Function::code.
  virtual uint32_t target(const ptx::Operand &label) = 0;
  /// The slot of an operand that stands in no row of its own, read as `type`,
  /// or as it is declared for Type::None; `width` becomes its bits.
  virtual Slot valueSlot(const ptx::Operand &operand, Type type,
                         unsigned &width) = 0;
  /// What a name means where the instruction stands (isa/Names.h).
  virtual Name find(const std::string &name) const = 0;
  virtual const LexicalScope &scope() const = 0;
  /// A slot with `bits` of a type in each lane.
  virtual Slot constantSlot(Type type, uint64_t bits) = 0;
  /// The carry bit of section 9.7.2: a predicate of the frame.
  virtual Slot carry() = 0;
  /// Registers of the frame's own that no PTX name has.
  virtual Slot scratch(Type type) = 0;

  /// What becomes of the instruction. The operands of the row stand in
  /// `operand`, in the row's order, if there are at most 5 scalars in all; else
  /// all elements of all operands stand in `list`, those left out as noSlot.
  virtual Instruction &instruction() = 0;
  virtual Function &function() = 0;
  virtual const Row &row() const = 0;
  virtual unsigned ptxVersion() const = 0;
  virtual unsigned arch() const = 0; ///< of .target: 90

  /// Keeps `value` as long as the function, as Instruction::detail.
  template <class T> T &detail(T value) {
    auto owner = std::make_shared<T>(std::move(value));
    T &kept = *owner;
    instruction().detail = owner.get();
    function().details.push_back(std::move(owner));
    return kept;
  }

  /// Refuses the instruction; the message gains file, line and instruction.
  [[noreturn]] virtual void refuse(const std::string &message) const = 0;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_TABLE_H
