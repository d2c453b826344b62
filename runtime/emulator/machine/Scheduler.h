//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Which blocks and warps run, and when.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_SCHEDULER_H
#define RUNTIME_EMULATOR_MACHINE_SCHEDULER_H

#include "runtime/emulator/machine/Grid.h"

namespace emulator {

/// Runs every block of a grid, on as many host threads as its settings allow.
/// Blocks that are resident make progress together: one that waits for memory
/// lets others start, up to what the device holds at once.
void runGrid(Grid &grid);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_SCHEDULER_H
