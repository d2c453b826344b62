//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Where registers lie in a frame.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_ISA_ALLOCATION_H
#define RUNTIME_EMULATOR_ISA_ALLOCATION_H

#include "runtime/emulator/isa/Names.h"

namespace emulator {

/// Bytes of a value of that type in all lanes.
uint32_t slotBytes(Type type);

/// Gives every register that is used an offset; registers whose values do not
/// overlap share one, so that a frame stays in the caches. Sets the frame's
/// size and the pressure of `made`.
void allocateRegisters(const Names &names, Function &made);

} // namespace emulator

#endif // RUNTIME_EMULATOR_ISA_ALLOCATION_H
