//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Sections.h"

namespace emulator {

const std::vector<Section> &instructionSet() {
  // In the manual's order, one a line.
  using Make = Section (*)();
  static const Make makers[] = {
      integerSection, //
      extendedPrecisionSection,
      floatingPointSection,
      halfSection,
      comparisonSection,
      logicSection,
      moveSection,
      memorySection,
      conversionSection,
      asyncCopySection,
      bulkCopySection,
      tensorCopySection,
      tensorMapSection,
      remoteStoreSection,
      controlSection,
      barrierSection,
      collectiveSection,
      fenceSection,
      atomicSection,
      mbarrierSection,
      matrixSection,
      matrixMoveSection,
      matrixFragmentSection,
      warpgroupMatrixSection,
      stackSection,
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
