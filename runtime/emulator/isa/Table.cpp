//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Sections.h"

namespace emulator {

const std::vector<Section> &instructionSet() {
  static const std::vector<Section> sections = {
      integerSection(),   floatingPointSection(), comparisonSection(),
      logicSection(),     moveSection(),          memorySection(),
      asyncCopySection(), controlSection(),       mbarrierSection(),
      matrixSection(),
  };
  return sections;
}

} // namespace emulator
