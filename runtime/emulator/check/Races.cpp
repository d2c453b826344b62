//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// See Races.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Races.h"

namespace emulator {

void RaceCheck::launchBegins(Grid &) {
  launch_ = std::make_unique<LaunchRaces>();
  launch_->reports = reports_;
}

void RaceCheck::launchEnds(Grid &, Fault &) { launch_ = nullptr; }

std::unique_ptr<Monitor> RaceCheck::ofCluster(Cluster &) {
  return std::make_unique<ClusterRaces>(*launch_);
}

} // namespace emulator
