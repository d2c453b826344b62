//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Writes the table of instructions of the emulated device to standard output.
///
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/InstructionTable.h"

#include <cstdio>

int main() {
  std::fputs(emulator::instructionTable().c_str(), stdout);
  return 0;
}
