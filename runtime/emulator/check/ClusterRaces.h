//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The accesses of a cluster, compared with those before.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_CLUSTERRACES_H
#define RUNTIME_EMULATOR_CHECK_CLUSTERRACES_H

#include "runtime/emulator/check/Ordering.h"

#include <mutex>
#include <string>

namespace emulator {

/// What is reported.
struct RaceReports {
  bool races = true;   ///< between threads
  bool waits = true;   ///< with asynchronous operations
  bool proxies = true; ///< ordered, but without a proxy fence
};

/// What the clusters of a launch share.
struct LaunchRaces {
  RaceReports reports;
  Agents agents;
  Flags flags; ///< of global memory
  std::array<Ledger, globalLedgers> global;
};

class ClusterRaces final : public Monitor {
public:
  explicit ClusterRaces(LaunchRaces &launch)
      : reports_(launch.reports), launch_(launch),
        ordering_(launch.agents, launch.flags) {}

  void blockBegins(Block &block) override { ordering_.enter(block); }
  void blockEnds(Block &block) override;
  bool access(Warp &warp, const Access &access) override;
  bool engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                    uint32_t bytes) override;
  void barrier(Warp &warp, Mask lanes, const BarrierEvent &event) override;
  void async(Warp &warp, Mask lanes, const AsyncEvent &event) override;
  void fence(Warp &warp, Mask lanes, const FenceEvent &event) override;
  void converged(Warp &warp, Mask lanes) override;
  bool instruction(Warp &warp, const Instruction &instruction,
                   Mask lanes) override;

private:
  using Union = Ledger::Union;
  /// What was found to be ordered before an access, for those like it.
  struct Memo {
    Mark written = 0, readers = 0; ///< before the same lane
    Union united;                  ///< the latest
    /// Sources that are before every lane whatever they did.
    std::array<uint32_t, 16> sources{};
  };
  /// An access of one lane as it is compared with those before.
  struct Check {
    Actor &actor;
    Ledger &ledger;
    Acquaintance &acquaintance; ///< of both
    const Operation *operation; ///< null for a thread's own
    AccessKind kind;
    uint32_t source; ///< of its marks
    Mask together;   ///< lanes whose accesses are one instruction's
    Memo &memo;
    Proxy proxy = Proxy::Generic;
    unsigned lane = 0;
    Mark mark = 0;        ///< of the lane, or of all lanes that read a place
    bool counted = false; ///< `mark` is among the place's readers
  };

  /// A ledger as the host thread has it to itself.
  struct Opened {
    Ledger &ledger;
    std::unique_lock<ShortLock> lock; ///< of global memory
    unsigned number;
  };
  /// What was found before an operation's accesses of one kind, while they are
  /// the latest and in one ledger.
  struct EngineMemo {
    const Operation *operation = nullptr;
    const Ledger *ledger = nullptr;
    uint32_t generation = 0;
    Memo memo;
  };

  Opened open(unsigned number);
  Acquaintance &acquaint(Actor &actor, const Opened &opened);
  bool before(const Check &check, const Source &source, Mask lanes,
              Path path = Path::Seen) const;
  /// What the warp knew when it issued an operation of its own, that knows,
  /// too.
  bool knownBefore(const Check &check, uint32_t source) const {
    const Operation *operation = check.operation;
    if (!operation)
      return check.acquaintance.knownBefore(source);
    return check.memo.sources[source % 16] == source ||
           (operation->kind != AsyncKind::Matrix &&
            check.acquaintance.knownBefore(source, operation->epoch));
  }
  bool learnBefore(Check &check, uint32_t source) const;
  bool isBefore(Check &check, uint32_t source, Mask lanes) const;
  bool threadAccess(Actor &actor, const Access &access, Mask ofLedger,
                    const Opened &opened);
  bool wholeWarp(Check &check, const Access &access);
  bool unitedForAll(Check &check, Mark reads, Mark &mark);
  bool wholeWarpAlike(Check &check, ShadowCell *cells);
  bool wholeWarpMixed(Check &check, ShadowCell *cells);
  bool ownOrKnown(const Check &check, Mark first, bool own) const;
  bool ownOrKnown(const Check &check, const Mark *marks) const;
  bool visitTogether(Check &check, const Access &access, Mask lanes);
  bool uniform(const Check &check) const;
  bool operationAccess(Actor &actor, Operation &operation, const Access &access,
                       Mask ofLedger, const Opened &opened);
  bool engineAccess(Actor &actor, Operation &operation, AccessKind kind,
                    uint64_t address, uint32_t bytes);
  Observer observer(const Check &check) const;
  static Mark markOf(Operation &operation, AccessKind kind,
                     const Opened &opened);
  bool visit(Check &check, uint64_t address, uint32_t bytes);
  bool visitPages(Check &check, uint64_t address, uint32_t bytes);
  bool passed(const Check &check, Mark written) const;
  bool read(Check &check, const ShadowPage::Cells &cells, uint64_t address);
  bool write(Check &check, const ShadowPage::Cells &cells, uint64_t address);
  bool afterWrite(Check &check, Mark mark, uint64_t address);
  bool afterReads(Check &check, Mark mark, uint64_t address);
  bool proxied(Check &check, const Source &source, Mask lanes,
               uint64_t address);
  bool mapFenced(Check &check, const Source &source, Mask lanes,
                 uint64_t address);
  bool comesBefore(Check &check, const Marks::Readers &readers);
  Mark unite(Check &check, Mark readers);
  Mark uniteNew(Check &check, Mark readers);
  bool report(Check &check, const Source &other, Mask lanes, uint64_t address);
  bool raise(Check &check, const std::string &text, uint64_t address);
  std::string describe(const Source &source, Mask lanes) const;
  std::string product(Actor &actor, const AsyncEvent &event);
  bool storesAreOver();
  bool knownToABlock(unsigned rank, const Source &source, Mask lanes);
  bool othersAreOver(Block &block);

  const RaceReports reports_;
  LaunchRaces &launch_;
  Ordering ordering_;
  Ledger shared_;        ///< of the cluster's shared memory
  EngineMemo engine_[2]; ///< of reads and writes
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_CLUSTERRACES_H
