//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Writes the page of mutants of the emulated device to standard output.
///
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Mutants.h"

#include <cstdio>

int main() {
  std::fputs(emulator::mutantPage().c_str(), stdout);
  return 0;
}
