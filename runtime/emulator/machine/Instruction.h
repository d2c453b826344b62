//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The bound form of an instruction: a handler and resolved operands.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_INSTRUCTION_H
#define RUNTIME_EMULATOR_MACHINE_INSTRUCTION_H

#include "runtime/emulator/ptx/Syntax.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace emulator {

class Warp;
struct Instruction;
struct Row;

constexpr unsigned warpLanes = 32;

/// A set of lanes: lane i is bit i.
using Mask = uint32_t;
constexpr Mask allLanes = ~Mask(0);

/// What became of an instruction.
enum class Outcome : uint8_t {
  Next,  ///< done: go on with the following one
  Jump,  ///< done, and the handler moved the lanes itself
  Wait,  ///< not done: the same lanes try again later (Warp::wait)
  Fault, ///< the launch ends (Warp::fault)
};

/// Does an instruction for the lanes in `lanes`: those that are active and
/// whose guard holds, at least one.
using Handler = Outcome (*)(Warp &, const Instruction &, Mask lanes);

/// Where a slot lies.
enum class Bank : uint32_t {
  Registers, ///< of the current frame
  Constants, ///< of the function: immediates, the same in every lane
  Specials,  ///< of the warp: %tid, %laneid, ...
};

/// Where the 32 lanes of a value lie: contiguous, lane 0 first. A predicate is
/// one Mask; 8- and 16-bit values have 2 bytes a lane, others 4, 8 or 16.
struct Slot {
  uint32_t code = 0; ///< bank in the low two bits, offset in bytes above

  static Slot of(Bank bank, uint32_t offset) {
    return Slot{static_cast<uint32_t>(bank) | offset};
  }
  uint32_t bank() const { return code & 3; }
  uint32_t offset() const { return code & ~uint32_t(3); }
  bool operator==(Slot other) const { return code == other.code; }
  bool operator!=(Slot other) const { return code != other.code; }
};

/// The slot of an operand that was written as `_`, or not at all.
constexpr Slot noSlot{~uint32_t(0)};

/// One instruction as it is run, one cache line. What is needed only now and
/// then is in its Site.
struct alignas(64) Instruction {
  Handler run = nullptr;
  Slot guard = noSlot;
  Slot operand[5] = {noSlot, noSlot, noSlot, noSlot, noSlot};
  int64_t immediate = 0;        ///< offset of an address, or the row's own use
  const Slot *list = nullptr;   ///< the elements of vector operands, in order
  const void *detail = nullptr; ///< what the row's selector allocated
  uint32_t target = 0;          ///< of a branch: index into Function::code
  uint16_t listCount = 0;
  int16_t guardInvert = 0; ///< -1 for `@!p`

  template <class T> const T &detailAs() const {
    return *static_cast<const T *>(detail);
  }
};
static_assert(sizeof(Instruction) == 64, "one cache line");

/// How the lanes of a warp must meet before an instruction is run.
enum class Convergence : uint8_t {
  None,
  Aligned, ///< every lane that has not exited
  Full,    ///< all 32 lanes: an exited one is a fault
  Members, ///< the lanes that the membermask operand names
};

/// What stands behind an instruction, by its index in Function::code.
struct Site {
  Handler body = nullptr; ///< run once the lanes have met
  Convergence convergence = Convergence::None;
  Slot members = noSlot; ///< of Convergence::Members
  uint32_t line = 0;     ///< in the PTX
  ptx::SourceLocation source;
  std::string text; ///< the words: `ld.global.f32`
  /// The row of the table (isa/Table.h); null for what the binder adds to what
  /// the PTX says.
  const Row *row = nullptr;
};

/// A parameter, or result, of a function.
struct Parameter {
  std::string name;
  Type type = Type::None;
  uint32_t offset = 0; ///< in the parameter area: bytes
  uint32_t bytes = 0;
  uint32_t align = 1;
  Slot slot = noSlot; ///< of a `.reg` parameter
};

/// A variable in shared memory.
struct SharedVariable {
  std::string name;
  uint32_t offset = 0; ///< as in PTX addresses
  uint32_t bytes = 0;
};

class Program;

/// The code of a `.entry` or `.func`.
struct Function {
  std::string name;
  const Program *program = nullptr;
  bool kernel = false;
  bool defined = false;
  bool noReturn = false;
  std::vector<Instruction> code;
  std::vector<Site> sites; ///< of each instruction
  uint32_t entry = 0;      ///< the instruction that is run first
  std::vector<Parameter> parameters, results;
  uint32_t parameterBytes = 0;
  uint32_t registerBytes = 0;     ///< of a frame, for the 32 lanes
  uint32_t pressure = 0;          ///< 32-bit registers a thread needs
  uint32_t localBytes = 0;        ///< of a frame, for one lane
  uint32_t staticSharedBytes = 0; ///< what the kernel and its callees use
  /// Where dynamic shared memory begins, from the end of the system's KiB.
  uint32_t dynamicSharedOffset = 0;
  /// What the kernel and its callees use, by offset; unsized arrays left out.
  std::vector<SharedVariable> sharedVariables;

  /// Bytes of shared memory of a block, the system's KiB not included.
  uint32_t sharedBytes(uint32_t dynamic) const {
    return dynamic ? dynamicSharedOffset + dynamic : staticSharedBytes;
  }
  ptx::Limits limits;
  /// Bank::Constants, which never changes once the function is bound.
  const std::byte *constantPool = nullptr;
  std::unique_ptr<std::byte[]> constants;
  std::vector<std::unique_ptr<Slot[]>> lists;
  std::vector<std::shared_ptr<const void>> details;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_INSTRUCTION_H
