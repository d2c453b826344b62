//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Calls: arguments, results, and the functions of the device's system.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_CALL_H
#define RUNTIME_EMULATOR_ISA_CALL_H

#include "runtime/emulator/isa/Table.h"
#include "runtime/emulator/machine/Warp.h"

namespace emulator {

/// Where an argument or a result lies: in a slot, or in the frame's memory.
struct Cell {
  Slot slot = noSlot;
  uint32_t offset = 0; ///< in the frame's local memory, if there is no slot
  uint32_t bytes = 0;  ///< of one lane
};

/// What a call needs; the detail of its instruction.
struct Call {
  const Function *callee = nullptr; ///< null for a call through a register
  Slot pointer = noSlot;
  std::vector<Cell> arguments, results;
};

Handler selectCall(Selection &s);

/// Copies what the current frame returns to where its call wants it.
void copyResults(Warp &warp, Mask lanes);

/// The handler of a function that the device's system offers: vprintf,
/// __assertfail. Null if it offers none of that name and so many arguments.
Handler systemFunction(const std::string &name, size_t arguments);

/// Copies a cell of one frame into a cell of another.
void copyCell(Warp &warp, const Frame &from, const Cell &source,
              const Frame &to, const Cell &target, Mask lanes);

/// The bytes of a cell in one lane, at most 8, as a number.
uint64_t readCell(Warp &warp, const Frame &frame, const Cell &cell,
                  unsigned lane);
void writeCell(Warp &warp, const Frame &frame, const Cell &cell, unsigned lane,
               uint64_t value);

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_CALL_H
