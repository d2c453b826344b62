//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Accesses that nothing orders: data races, memory that an asynchronous
// operation still reads or writes, and writes that the asynchronous proxy may
// not see. One pass finds all three; docs/Emulator.md says what counts.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_RACES_H
#define RUNTIME_EMULATOR_CHECK_RACES_H

#include "runtime/emulator/check/ClusterRaces.h"

namespace emulator {

class RaceCheck final : public Monitor {
public:
  explicit RaceCheck(RaceReports reports = {}) : reports_(reports) {}

  void launchBegins(Grid &grid) override;
  void launchEnds(Grid &grid, Fault &fault) override;
  std::unique_ptr<Monitor> ofCluster(Cluster &cluster) override;
  bool concurrent() const override { return true; }

private:
  const RaceReports reports_;
  std::unique_ptr<LaunchRaces> launch_; ///< that runs
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_RACES_H
