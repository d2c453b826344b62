//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What the names in a function stand for, and its statements in a row.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_NAMES_H
#define RUNTIME_EMULATOR_ISA_NAMES_H

#include "runtime/emulator/machine/Instruction.h"
#include "runtime/emulator/machine/Specials.h"
#include "runtime/emulator/ptx/Diagnostic.h"

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

/// A variable and where it lies: its address in global and constant memory, its
/// offset in the others.
struct PlacedVariable {
  const ptx::Variable *syntax = nullptr;
  uint64_t address = 0;
};

/// What is declared outside of functions.
struct ModuleNames {
  struct Callable {
    Function *function = nullptr;
    uint64_t address = 0; ///< of its code
  };
  std::map<std::string, PlacedVariable, std::less<>> variables;
  std::map<std::string, Callable, std::less<>> functions;
  /// Shared variables that are declared in functions: their offsets.
  std::map<const ptx::Variable *, uint32_t> sharedOffsets;
  unsigned arch = 0;        ///< of .target: 90
  bool accelerated = false; ///< `sm_90a`
  bool family = false;      ///< `sm_100f`
  unsigned ptxVersion = 0;  ///< 83
};

/// A register of the function.
struct Register {
  Type type = Type::None;
  uint32_t offset = 0; ///< in the frame
  uint32_t number = 0; ///< in the order of declarations and uses
  // Instructions between which it holds a value.
  uint32_t first = ~uint32_t(0), last = 0;
  uint32_t definitions = 0;
  bool fragile = false; ///< may be read before it is written in a loop
  bool pinned = false;  ///< written at any time
};

/// What a name stands for at one place.
struct Name {
  enum class Kind : uint8_t {
    None,
    Register, ///< `index` into Names::registers, `count` of a vector
    Special,
    Clock, ///< a special register that changes: `text`
    Variable,
    Label,
    Targets,
    Prototype,
    Function,
  };
  Kind kind = Kind::None;
  uint32_t index = 0; ///< of a register, or of a label: of the instruction
  uint32_t count = 1;
  Special special = Special::Count;
  ptx::Space space = ptx::Space::None; ///< of a variable; Local for `.param`
                                       ///< that is not a kernel's own
  PlacedVariable variable;
  const ptx::Label *label = nullptr; ///< of Targets and Prototype
  ModuleNames::Callable callable;
};

/// A lexical scope.
struct LexicalScope {
  const LexicalScope *parent = nullptr;
  struct Family {
    uint32_t count;
    Type type;
  };
  std::map<std::string, Family, std::less<>> families;
  mutable std::map<std::string, Name, std::less<>> names;
};

/// An instruction and the scope it stands in.
struct Item {
  const ptx::Instruction *syntax;
  const LexicalScope *scope;
};

class Names {
public:
  /// Flattens the body; fills in the parameters and local variables of `made`.
  Names(const ModuleNames &module, const ptx::Function &function,
        Function &made);

  /// What `name` stands for in `scope`; Kind::None if it is unknown.
  Name find(const LexicalScope &scope, const std::string &name,
            std::string_view component) const;

  const ModuleNames &module() const { return module_; }
  std::vector<Item> items;
  /// Parameters and results that are registers, and their numbers.
  std::vector<std::pair<Parameter *, uint32_t>> registerParameters;
  mutable std::deque<Register> registers;

private:
  void flatten(const ptx::Block &block, LexicalScope &scope);
  void declare(const ptx::Variable &variable, LexicalScope &scope);
  void declareParameter(const ptx::Variable &variable, Parameter &parameter);
  void label(const ptx::Label &label, LexicalScope &scope);
  Name newRegister(Type type, uint32_t count) const;
  Name findFamily(const LexicalScope &scope, const std::string &name) const;
  uint32_t placeLocal(uint64_t bytes, uint32_t align, ptx::Location at);
  Name changing(std::string_view name) const;

  const ModuleNames &module_;
  const ptx::Function &syntax_;
  Function &made_;
  std::deque<LexicalScope> scopes_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_NAMES_H
