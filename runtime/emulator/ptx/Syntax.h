//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The syntax tree of a PTX module: PTX ISA, chapters 4, 5, 10 and 11. The
// parser knows no instruction: an instruction is its words and its operands,
// and the table of the instruction set (isa/Table.h) gives them a meaning.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_SYNTAX_H
#define RUNTIME_EMULATOR_PTX_SYNTAX_H

#include "runtime/emulator/ptx/Type.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace emulator::ptx {

/// A place in the PTX text, both counted from 1.
struct Location {
  uint32_t line = 0;
  uint32_t column = 0;
};

/// A place in the source that `.loc` names: file 0 means none.
struct SourceLocation {
  uint32_t file = 0;
  uint32_t line = 0;
};

/// One operand as it is written.
struct Operand {
  enum class Kind : uint8_t {
    Name,    ///< register, symbol, label: `%r1`, `sm+16`, `%v.x`, `!%p1`
    Integer, ///< `-1`, `0x10U`: its 64 bits in `bits`
    Float,   ///< `0f3F800000`, `0d...`, `1.5`: `bits`, and `width` 32 or 64
    Address, ///< `[%rd1+8]`, `[sm]`, `[16]`, `[%rd1, {%r1, %r2}]`
    Vector,  ///< `{%r1, %r2}`
    Pair,    ///< `%r1|%p1`
    List,    ///< `(%r1, %r2)` of a call
    Sink,    ///< `_`
  };
  Kind kind = Kind::Sink;
  Location at;
  std::string name;      ///< of a Name or an Address; empty if absolute
  std::string component; ///< `x`, `y`, `z` or `w` of a Name
  bool negated = false;  ///< `!` before a Name
  uint8_t width = 0;     ///< of a Float: 32 or 64
  uint64_t bits = 0;
  int64_t offset = 0; ///< added to a Name or an Address
  /// The elements of a Vector, Pair or List; of an Address the operands that
  /// follow its base.
  std::vector<Operand> elements;
};

/// `@%p1` or `@!%p1`.
struct Guard {
  std::string predicate;
  std::string component;
  bool negated = false;
};

struct Instruction {
  Location at;
  SourceLocation source;
  std::optional<Guard> guard;
  /// `ld`, `global`, `L1::evict_last`, `v4`, `f32` of
  /// `ld.global.L1::evict_last.v4.f32`.
  std::vector<std::string> words;
  std::vector<Operand> operands;
};

enum class Space : uint8_t { None, Reg, Const, Global, Local, Param, Shared };

/// One cell of an initialiser: a number, or the address of a symbol.
struct Initializer {
  uint64_t bits = 0;            ///< of a number, as the variable's type
  std::string symbol;           ///< empty for a number
  int64_t offset = 0;           ///< added to the symbol's address
  bool generic = false;         ///< `generic(symbol)`
  uint64_t mask = ~uint64_t(0); ///< `mask(symbol)`: the bits that are kept
  unsigned shift = 0;           ///< down by so many bits after masking
  Location at;
};

enum class Linkage : uint8_t { None, Extern, Visible, Weak, Common };

/// A variable, or a family of registers `%r<8>`.
struct Variable {
  Location at;
  Linkage linkage = Linkage::None;
  Space space = Space::None;
  Type type = Type::None;
  uint8_t vector = 1; ///< 2, 4 or 8 for `.v2`, `.v4`, `.v8`
  uint32_t align = 0; ///< in bytes; 0 for the type's own
  std::string name;
  std::optional<uint32_t> family; ///< N of `%r<N>`
  /// Extents, the outermost first; 0 for `[]`. Empty for a scalar.
  std::vector<uint64_t> extents;
  /// Row-major, padded with zeros to the extents; empty if there is none.
  std::vector<Initializer> initializers;
  bool pointer = false;        ///< `.ptr` of a kernel's parameter
  Space pointee = Space::None; ///< space of a `.ptr`
  uint32_t pointeeAlign = 0;

  /// Bytes of the whole variable; 0 for `[]`.
  uint64_t bytes() const;
  /// Alignment in bytes, that of the type if none is written.
  uint32_t alignment() const;
};

/// What a call through a register must look like.
struct Prototype {
  std::vector<Variable> results;
  std::vector<Variable> parameters;
  bool noReturn = false;
};

struct Block;

/// `name:`, with what may follow it: nothing, a list of targets, a prototype.
struct Label {
  Location at;
  std::string name;
  enum class Kind : uint8_t { Code, BranchTargets, CallTargets, Prototype };
  Kind kind = Kind::Code;
  std::vector<std::string> targets;
  std::optional<Prototype> prototype;
};

struct Statement {
  std::variant<Label, Variable, Instruction, std::unique_ptr<Block>> is;
};

/// `{ ... }`: a lexical scope of registers, variables and labels.
struct Block {
  Location at;
  std::vector<Statement> statements;
};

/// Extents of `.maxntid`, `.reqntid`, `.reqnctapercluster`; 0 if not written.
using Extents = std::array<uint32_t, 3>;

/// The performance directives of a kernel: PTX ISA, section 11.4.
struct Limits {
  Extents maxThreads{};
  Extents requiredThreads{};
  Extents requiredCluster{};
  bool explicitCluster = false;
  uint32_t maxClusterRank = 0;
  uint32_t maxRegisters = 0;
  uint32_t minBlocksPerMultiprocessor = 0;
};

struct Function {
  Location at;
  Linkage linkage = Linkage::None;
  bool kernel = false; ///< `.entry`
  bool noReturn = false;
  std::string name;
  std::vector<Variable> results;
  std::vector<Variable> parameters;
  Limits limits;
  std::unique_ptr<Block> body; ///< none for a declaration
};

struct Alias {
  Location at;
  std::string name;
  std::string aliasee;
};

struct Module {
  std::string file; ///< named in diagnostics
  unsigned versionMajor = 0, versionMinor = 0;
  std::string target; ///< `sm_90a`
  unsigned addressBits = 64;
  std::vector<std::string> sources; ///< by the numbers of `.file`
  std::vector<Variable> variables;
  std::vector<Function> functions;
  std::vector<Alias> aliases;
};

} // namespace emulator::ptx

#endif // RUNTIME_EMULATOR_PTX_SYNTAX_H
