//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The table of instructions as a page of the documentation.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_INSTRUCTIONTABLE_H
#define TEST_RUNTIME_EMULATOR_INSTRUCTIONTABLE_H

#include <string>

namespace emulator {

/// docs/EmulatorInstructions.md, in Markdown: every row, and how it is tested.
std::string instructionTable();

} // namespace emulator

#endif // TEST_RUNTIME_EMULATOR_INSTRUCTIONTABLE_H
