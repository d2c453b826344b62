//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A use of a row as it is bound.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_USE_H
#define RUNTIME_EMULATOR_ISA_USE_H

#include "runtime/emulator/isa/Names.h"
#include "runtime/emulator/isa/Pattern.h"

namespace emulator {

/// What the instructions of a function share while they are bound.
class FunctionBuilder {
public:
  FunctionBuilder(const Names &names, Function &made)
      : names(names), made(made) {}

  Slot constant(Type type, uint64_t bits);
  Slot scratch(Type type);
  Slot carry();
  /// A scratch register that holds the address of a shared or local variable
  /// plus `offset`, filled on entry.
  Slot address(const Name &variable, Type type, int64_t offset);
  /// Moves the constants to where the code finds them, adds the code that fills
  /// scratch registers, and resolves the targets of branches.
  void finish();

  const Names &names;
  Function &made;

private:
  struct Entry {
    Slot to;
    bool shared;
    uint32_t bits;
    int64_t value;
  };
  std::map<std::pair<uint32_t, uint64_t>, Slot> constants_;
  std::vector<std::byte> pool_;
  std::vector<Entry> entries_;
  Slot carry_ = noSlot;
  std::map<std::tuple<bool, uint32_t, int64_t>, Slot> addresses_;
};

/// The use of `pattern` by an instruction.
class Use final : public Selection {
public:
  Use(FunctionBuilder &builder, const Pattern &pattern, const Item &item,
      const WordMatch &match)
      : builder_(builder), pattern_(pattern), item_(item), match_(match) {}

  /// Binds the operands. An empty string, or why they do not fit.
  std::string bindOperands();

  std::string_view word(std::string_view name) const override;
  bool has(std::string_view modifier) const override;
  Type type(std::string_view name) const override;
  unsigned count(std::string_view operand) const override;
  Slot slot(std::string_view operand, unsigned element) const override;
  unsigned width(std::string_view operand) const override;
  const ptx::Operand *syntax(std::string_view operand) const override;
  int64_t constant(std::string_view operand) const override;
  bool isConstant(std::string_view operand) const override;
  bool negated(std::string_view operand) const override;
  int64_t offset(std::string_view operand) const override;
  ptx::Space space(std::string_view operand) const override;
  uint32_t target(const ptx::Operand &label) override;
  Slot constantSlot(Type type, uint64_t bits) override;
  Slot scratch(Type type) override;
  Slot carry() override;
  Slot valueSlot(const ptx::Operand &operand, Type type,
                 unsigned &width) override;
  Name find(const std::string &name) const override;
  const LexicalScope &scope() const override { return *item_.scope; }
  Instruction &instruction() override { return instruction_; }
  Function &function() override { return builder_.made; }
  const Row &row() const override { return pattern_.row(); }
  unsigned ptxVersion() const override {
    return builder_.names.module().ptxVersion;
  }
  unsigned arch() const override { return builder_.names.module().arch; }
  [[noreturn]] void refuse(const std::string &message) const override;

private:
  struct Bound {
    const OperandPattern *pattern;
    const ptx::Operand *syntax = nullptr;
    std::vector<Slot> slots;
    unsigned width = 0;
    int64_t offset = 0;
    ptx::Space space = ptx::Space::None;
  };

  const Bound *bound(std::string_view operand) const;
  void bindGuard();
  std::string bindList(const std::vector<OperandPattern> &patterns,
                       const std::vector<ptx::Operand> &operands);
  std::string bindOne(const OperandPattern &pattern,
                      const ptx::Operand &operand);
  std::string bindElements(const OperandPattern &pattern,
                           const ptx::Operand &operand, Bound &bound);
  std::string bindPair(const OperandPattern &pattern,
                       const ptx::Operand &operand, Bound &bound);
  std::string bindAddress(const OperandPattern &pattern,
                          const ptx::Operand &operand, Bound &bound);
  std::string bindValue(const ptx::Operand &operand, Type type, Bound &bound);
  std::string bindName(const ptx::Operand &operand, Type type, Bound &bound);
  std::string bindRegister(const Name &name, const ptx::Operand &operand,
                           Type type, Bound &bound);
  std::string bindVariable(const Name &name, const ptx::Operand &operand,
                           Type type, Bound &bound);
  Type typeOf(const OperandPattern &pattern) const;
  unsigned elementsOf(const OperandPattern &pattern) const;
  void collect();

  FunctionBuilder &builder_;
  const Pattern &pattern_;
  const Item &item_;
  const WordMatch &match_;
  Instruction instruction_;
  std::deque<Bound> bound_;
};

/// The bits of an immediate as a value of `type`; false if it cannot be one.
bool immediateBits(const ptx::Operand &operand, Type type, uint64_t &bits);

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_USE_H
