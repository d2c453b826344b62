//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The asynchronous engines: how instructions hand operations over, and what
// these may do when they are performed, which may be after their warp has moved
// on or ended.
//
// A monitor hears of each operation as it is issued, and of its accesses
// between Perform and PerformEnd. A bulk store is performed in two parts: what
// it reads, then what it writes.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_ENGINE_H
#define RUNTIME_EMULATOR_MACHINE_ENGINE_H

#include "runtime/emulator/check/Monitor.h"
#include "runtime/emulator/machine/Warp.h"

#include <string>

namespace emulator {

/// What an operation may do. It acts for one lane of the warp that issued it.
class Engine {
public:
  Engine(Warp &warp, unsigned lane) : warp_(warp), lane_(lane) {}

  Warp &warp() const { return warp_; }
  /// Host pointer to `bytes`; null if a fault was raised. Tells the monitor.
  /// Shared memory of space Shared is the issuing block's.
  std::byte *reach(AccessKind kind, MemorySpace space, uint64_t address,
                   uint64_t bytes) const;
  /// Takes `bytes` off the transactions of the mbarrier at a shared address of
  /// the cluster.
  Outcome complete(uint64_t barrier, uint32_t bytes) const;
  /// Arrives at it, once.
  Outcome arrive(uint64_t barrier) const;
  Outcome fault(FaultKind kind, std::string message, uint64_t address) const;

private:
  template <class Change>
  Outcome change(uint64_t barrier, BarrierEvent event, Change change) const;

  Warp &warp_;
  unsigned lane_;
};

/// What one operation does.
using EngineAction = std::function<Outcome(const Engine &)>;

/// Hands over an operation that completes at an mbarrier, or at one for each of
/// `lanes`; the engine acts for the first of them.
Outcome submitToBarrier(Warp &warp, AsyncKind kind, Mask lanes,
                        EngineAction action);
/// Hands over an operation of the open group of some lanes, which is performed
/// for those of them whose group is waited for.
Outcome submitToGroup(Warp &warp, AsyncKind kind, Mask lanes,
                      AsyncAction action);
/// Hands over a bulk store of the open group: `read` is performed when its
/// source must have been read, `write` when its effect must be there.
Outcome submitStore(Warp &warp, unsigned lane, EngineAction read,
                    EngineAction write);

/// Closes the open group of `lanes`.
void commitGroup(Warp &warp, AsyncKind kind, Mask lanes);
/// Performs all closed groups of `lanes` but the newest `keep`.
Outcome waitForGroups(Warp &warp, AsyncKind kind, Mask lanes, unsigned keep);
/// Performs everything of `lanes`: cp.async.wait_all.
Outcome waitForAll(Warp &warp, AsyncKind kind, Mask lanes);
/// What all closed groups of bulk stores but the newest `keep` read has been
/// read.
Outcome waitForReads(Warp &warp, Mask lanes, unsigned keep);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_ENGINE_H
