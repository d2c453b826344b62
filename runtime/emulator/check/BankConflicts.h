//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Bank conflicts, counted for each instruction. They cost time and are no
// defects, so nothing is raised.
//
// Shared memory has 32 banks of 4 bytes, word by word. Lanes are served
// together, halves of a warp for accesses of 8 bytes and quarters for 16; each
// takes as many turns ("wavefronts") as the busiest bank has different words.
// Source: CUDA C++ Best Practices Guide, "Shared Memory and Memory Banks".
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_BANKCONFLICTS_H
#define RUNTIME_EMULATOR_CHECK_BANKCONFLICTS_H

#include "runtime/emulator/check/Monitor.h"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace emulator {

/// Accesses to the block's own shared memory by one instruction.
struct BankCount {
  uint32_t line = 0;       ///< in the PTX
  std::string instruction; ///< `ld.shared.f32`
  uint64_t accesses = 0;   ///< of warps
  uint64_t wavefronts = 0;
  uint64_t least = 0; ///< wavefronts without any conflict
  uint64_t conflicts() const { return wavefronts - least; }
};

class BankConflicts final : public Monitor {
public:
  BankConflicts() = default;
  /// Counts for a cluster, to be added to `launch` at its end.
  explicit BankConflicts(BankConflicts &launch) : launch_(&launch) {}
  ~BankConflicts() override;

  std::unique_ptr<Monitor> ofCluster(Cluster &) override {
    return std::make_unique<BankConflicts>(*this);
  }
  bool concurrent() const override { return true; }
  void launchBegins(Grid &grid) override;
  bool access(Warp &warp, const Access &access) override;
  /// A line for each instruction with conflicts.
  std::string summary() const override;

  /// Of the latest launch, by line; instructions without conflicts, too.
  std::vector<BankCount> counts() const;

private:
  BankConflicts *launch_ = nullptr;
  std::mutex mutex_; ///< while clusters end
  std::map<const Site *, BankCount> counts_;
};

/// The wavefronts of `bytes` at each of the lanes' addresses, and the fewest
/// that as many lanes can take: 1 for each part of the warp with a lane.
struct Wavefronts {
  unsigned taken = 0, least = 0;
};
Wavefronts wavefrontsOf(const uint64_t (&address)[warpLanes], Mask lanes,
                        uint32_t bytes);

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_BANKCONFLICTS_H
