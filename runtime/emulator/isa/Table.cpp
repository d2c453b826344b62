//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Sections.h"

namespace emulator {

const std::vector<Section> &instructionSet() {
  // In the manual's order.
  using Make = Section (*)();
  static const Make makers[] = {
      integerSection,
      floatingPointSection,
      comparisonSection,
      logicSection,
      moveSection,
      memorySection,
      asyncCopySection,
      bulkCopySection,
      tensorCopySection,
      controlSection,
      barrierSection,
      collectiveSection,
      fenceSection,
      atomicSection,
      mbarrierSection,
      matrixSection,
      warpgroupMatrixSection,
  };
  static const std::vector<Section> sections = [] {
    std::vector<Section> made;
    for (Make make : makers)
      made.push_back(make());
    return made;
  }();
  return sections;
}

} // namespace emulator
