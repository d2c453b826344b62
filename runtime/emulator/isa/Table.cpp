//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Sections.h"

namespace emulator {

const std::vector<Section> &instructionSet() {
  // In the manual's order, and what profiles call them.
  struct Maker {
    Section (*make)();
    const char *kind;
  };
  static const Maker makers[] = {
      {integerSection, "integer"},
      {extendedPrecisionSection, "integer"},
      {floatingPointSection, "float"},
      {halfSection, "half"},
      {comparisonSection, "comparison"},
      {logicSection, "logic"},
      {moveSection, "move"},
      {memorySection, "memory"},
      {conversionSection, "conversion"},
      {asyncCopySection, "cp.async"},
      {bulkCopySection, "cp.async.bulk"},
      {tensorCopySection, "cp.async.bulk.tensor"},
      {tensorMapSection, "tensormap"},
      {remoteStoreSection, "st.async"},
      {controlSection, "control"},
      {barrierSection, "barrier"},
      {collectiveSection, "collective"},
      {fenceSection, "fence"},
      {atomicSection, "atomic"},
      {mbarrierSection, "mbarrier"},
      {matrixSection, "mma"},
      {matrixMoveSection, "ldmatrix"},
      {matrixFragmentSection, "wmma"},
      {warpgroupMatrixSection, "wgmma"},
      {stackSection, "stack"},
  };
  static const std::vector<Section> sections = [] {
    std::vector<Section> made;
    for (const Maker &maker : makers) {
      made.push_back(maker.make());
      made.back().kind = maker.kind;
    }
    return made;
  }();
  return sections;
}

} // namespace emulator
