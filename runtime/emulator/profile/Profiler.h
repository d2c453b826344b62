//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Counts what a launch does. It hears what checks hear, so that a launch that
// nobody profiles pays nothing.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PROFILE_PROFILER_H
#define RUNTIME_EMULATOR_PROFILE_PROFILER_H

#include "runtime/emulator/check/Monitor.h"
#include "runtime/emulator/profile/LaunchCounts.h"
#include "runtime/emulator/profile/TouchedBytes.h"

#include <map>
#include <vector>

namespace emulator {

class Profiler final : public Monitor {
public:
  void launchBegins(Grid &grid) override;
  void launchEnds(Grid &grid, Fault &fault) override;
  void blockBegins(Block &block) override;
  bool access(Warp &warp, const Access &access) override;
  bool engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                    uint32_t bytes) override;
  void async(Warp &warp, Mask lanes, const AsyncEvent &event) override;
  bool instruction(Warp &warp, const Instruction &instruction,
                   Mask lanes) override;
  void converged(Warp &warp, Mask lanes) override;

  /// Of the latest launch, once it has ended.
  const LaunchCounts &counts() const { return counts_; }

private:
  /// What was touched of one region.
  struct Touched {
    AllocationCounts allocation;
    TouchedBytes read, written;
  };
  struct Code {
    const Function *function;
    std::vector<InstructionCounts> counts; ///< by index
  };

  void count(Warp &warp, Mask lanes);
  Code &codeOf(const Function &function);
  InstructionCounts *countsOf(const Site &site);
  void countGlobal(Warp &warp, const Access &access, InstructionCounts *of);
  void countShared(const Access &access, InstructionCounts *of);
  void touch(Warp &warp, AccessKind kind, uint64_t address, uint64_t bytes);
  void request(ProfiledSpace space, AccessKind kind, uint64_t bytes);
  void addSectors(AccessKind kind, uint64_t sectors, InstructionCounts *of);
  void addSites();

  LaunchCounts counts_;
  std::vector<Code> codes_;
  size_t lastCode_ = 0;
  std::map<uint64_t, Touched> touched_; ///< by address of the region
  Touched *lastTouched_ = nullptr;
  AsyncKind performing_ = AsyncKind::Copy;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_PROFILE_PROFILER_H
