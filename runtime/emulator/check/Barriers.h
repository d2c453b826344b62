//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Uses of mbarriers and of setmaxnreg that are undefined and that the device
// does not fault by itself. (Counts that do not agree, mbarriers that were not
// initialised and the like are faults with or without checks.)
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_BARRIERS_H
#define RUNTIME_EMULATOR_CHECK_BARRIERS_H

#include "runtime/emulator/check/Monitor.h"

#include <map>
#include <string>
#include <unordered_map>
#include <vector>

namespace emulator {

class BarrierCheck final : public Monitor {
public:
  std::unique_ptr<Monitor> ofCluster(Cluster &) override {
    return std::make_unique<BarrierCheck>();
  }
  bool concurrent() const override { return true; }
  void blockEnds(Block &block) override;
  bool access(Warp &warp, const Access &access) override;
  bool engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                    uint32_t bytes) override;
  void barrier(Warp &warp, Mask lanes, const BarrierEvent &event) override;
  void registers(Warp &warp, bool increase, uint32_t count) override;

private:
  struct Live {
    const Site *init = nullptr;
    uint64_t uses = 0; ///< arrivals and waits since
  };

  static void aligned(Warp &warp, Mask lanes);
  bool overwrites(Warp &warp, Mask lanes, uint64_t address, uint64_t bytes);
  bool agree(Block &block, std::string &wrong);

  std::map<uint64_t, Live> live_;           ///< mbarriers, by generic address
  uint64_t first_ = ~uint64_t(0), end_ = 0; ///< around all of them
  /// Registers of a thread that the warps of a block asked for last; 0 for as
  /// many as it began with.
  std::unordered_map<Block *, std::vector<uint32_t>> registers_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_BARRIERS_H
