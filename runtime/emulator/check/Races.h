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
  bool instruction(Warp &warp, const Instruction &instruction,
                   Mask lanes) override;

private:
  /// Readers of a place before and after one more read it.
  struct Union {
    Mark readers = 0, mark = 0, result = 0;
    bool followsLanes = false;
  };
  static constexpr size_t unionsKept = 1 << 12;
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
    Shadow &shared;             ///< of the cluster
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

  Actor &actorOf(Warp &warp);
  Shadow &sharedOf(Warp &warp);
  Shadow &shadowOf(const Check &check, uint64_t address) {
    return isSharedAddress(address) ? check.shared : global_;
  }
  bool before(const Check &check, const Source &source, Mask lanes,
              Path path = Path::Seen) const;
  /// What the warp knew when it issued an operation of its own, that knows,
  /// too.
  bool knownBefore(const Check &check, uint32_t source) const {
    const Operation *operation = check.operation;
    if (!operation)
      return check.actor.knownBefore(source);
    return check.memo.sources[source % 16] == source ||
           (operation->kind != AsyncKind::Matrix &&
            check.actor.knownBefore(source, operation->epoch));
  }
  bool learnBefore(Check &check, uint32_t source) const;
  bool isBefore(Check &check, uint32_t source, Mask lanes) const;
  bool threadAccess(Actor &actor, const Access &access);
  bool wholeWarp(Check &check, const Access &access);
  bool unitedForAll(Check &check, Mark reads, Mark &mark);
  bool wholeWarpAlike(Check &check, ShadowCell *cells);
  bool wholeWarpMixed(Check &check, ShadowCell *cells);
  bool ownOrKnown(const Check &check, Mark first, bool own) const;
  bool ownOrKnown(const Check &check, const Mark *marks) const;
  bool visitTogether(Check &check, const Access &access, Mask lanes);
  bool uniform(const Check &check) const;
  bool operationAccess(Actor &actor, Operation &operation,
                       const Access &access);
  Observer observer(const Check &check) const;
  Mark markOf(Operation &operation, AccessKind kind);
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
  uint64_t clusterOf(uint32_t source);
  bool comesBefore(Check &check, const Marks::Readers &readers);
  Mark unite(Check &check, Mark readers);
  Mark uniteNew(Check &check, Mark readers);
  bool report(Check &check, const Source &other, Mask lanes, uint64_t address);
  bool raise(Check &check, const std::string &text, uint64_t address);
  std::string describe(const Source &source, Mask lanes) const;
  std::string product(Actor &actor, const AsyncEvent &event);
  bool storesAreOver(ClusterState &state);
  bool knownToABlock(ClusterState &state, unsigned rank, const Source &source,
                     Mask lanes);
  bool othersAreOver(ClusterState &state, Block &block, const Shadow &shadow);
  void collect();

  const RaceReports reports_;
  Ordering ordering_;
  Marks marks_;
  Shadow global_;
  std::unordered_map<Cluster *, std::unique_ptr<Shadow>> shared_;
  Cluster *lastCluster_ = nullptr;
  Shadow *lastShared_ = nullptr;
  std::array<Union, unionsKept> unions_;
  const Operation *engine_ = nullptr; ///< that the memos are of
  Memo engineReads_, engineWrites_;
  Warp *lastWarp_ = nullptr;
  Actor *lastActor_ = nullptr;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_RACES_H
