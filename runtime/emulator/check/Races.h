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

#include "runtime/emulator/check/Ordering.h"
#include "runtime/emulator/check/Shadow.h"

#include <string>

namespace emulator {

/// What is reported.
struct RaceReports {
  bool races = true;   ///< between threads
  bool waits = true;   ///< with asynchronous operations
  bool proxies = true; ///< ordered, but without a proxy fence
};

class RaceCheck final : public Monitor {
public:
  explicit RaceCheck(RaceReports reports = {}) : reports_(reports) {}

  void launchBegins(Grid &grid) override;
  void launchEnds(Grid &grid, Fault &fault) override;
  void blockEnds(Block &block) override;
  bool access(Warp &warp, const Access &access) override;
  bool engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                    uint32_t bytes) override;
  void barrier(Warp &warp, Mask lanes, const BarrierEvent &event) override;
  void async(Warp &warp, Mask lanes, const AsyncEvent &event) override;
  void fence(Warp &warp, Mask lanes, const FenceEvent &event) override;
  void converged(Warp &warp, Mask lanes) override;

private:
  /// An access of one lane as it is compared with those before.
  struct Check {
    Observer observer;
    Actor &actor;
    AccessKind kind;
    uint32_t source;         ///< of its marks
    Mark mark;               ///< of the lane, or of all lanes that read a place
    Mask together = 0;       ///< lanes whose accesses are one instruction's
    Mark before[2] = {0, 0}; ///< write and read that were found to be ordered
  };
  struct Union {
    Mark readers = 0, mark = 0, result = 0;
  };

  Shadow &shadowOf(Warp &warp, uint64_t address);
  bool threadAccess(Actor &actor, const Access &access);
  bool operationAccess(Actor &actor, const Operation &operation,
                       AccessKind kind, const Access &access);
  Mark markOf(Operation &operation, AccessKind kind);
  bool visit(Check &check, uint64_t address, uint32_t bytes);
  bool read(Check &check, const ShadowPage::Cells &cells, uint64_t address);
  bool write(Check &check, const ShadowPage::Cells &cells, uint64_t address);
  bool afterWrite(Check &check, Mark mark, uint64_t address);
  bool afterReads(Check &check, Mark mark, uint64_t address);
  bool proxied(Check &check, const Source &source, Mask lanes,
               uint64_t address);
  Mark unite(Check &check, Mark readers);
  Mark uniteNew(Check &check, Mark readers);
  bool report(Check &check, const Source &other, Mask lanes, uint64_t address);
  bool raise(Check &check, const std::string &text, uint64_t address);
  std::string describe(const Source &source, Mask lanes) const;
  void collect();

  const RaceReports reports_;
  Ordering ordering_;
  Marks marks_;
  Shadow global_;
  std::unordered_map<Cluster *, std::unique_ptr<Shadow>> shared_;
  Cluster *lastCluster_ = nullptr;
  Shadow *lastShared_ = nullptr;
  std::vector<Union> unions_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_RACES_H
