//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A cluster that has begun, and the order of its warps.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_RUNNINGCLUSTER_H
#define RUNTIME_EMULATOR_MACHINE_RUNNINGCLUSTER_H

#include "runtime/emulator/machine/Grid.h"

#include <random>

namespace emulator {

/// Ends a launch that does not get on: `lines` say where its warps stand.
void reportStandstill(Grid &grid, FaultKind kind, std::string message,
                      std::vector<std::string> lines);

class RunningCluster {
public:
  RunningCluster(Grid &grid, uint64_t index);
  ~RunningCluster();

  /// Runs until the cluster is finished, or it can or should not go on.
  Progress turn();
  /// In random orders: whether it rests while others take this turn.
  bool rests() { return rest_ && rest_--; }
  bool resting() const { return rest_; }
  void endRest() { rest_ = 0; }
  /// Where its warps stand: lines of a report.
  void describe(std::vector<std::string> &lines);

private:
  Progress rounds();
  Progress round(uint64_t &budget);
  Progress runWarp(Warp &warp, uint64_t &budget);
  bool completeOne(Progress &progress);
  Progress finish();
  uint64_t instructionsOfTurn() const;
  void arrange();

  Grid &grid_;
  Cluster cluster_;
  std::vector<Warp *> warps_;
  std::mt19937_64 random_;
  unsigned stalledRounds_ = 0;
  uint64_t rest_ = 0; ///< turns that it leaves to others
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_RUNNINGCLUSTER_H
