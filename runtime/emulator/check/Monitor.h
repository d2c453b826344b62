//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The hooks through which checks watch a launch. Handlers test one pointer
// before each call; without a monitor nothing is called. Calls for one
// cluster come from one host thread at a time; clusters may run on several.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_MONITOR_H
#define RUNTIME_EMULATOR_CHECK_MONITOR_H

#include "runtime/emulator/machine/Access.h"
#include "runtime/emulator/machine/Fault.h"
#include "runtime/emulator/machine/Settings.h"

#include <cstdint>
#include <memory>
#include <string>

namespace emulator {

class Block;
class Cluster;
class Grid;
class Warp;
struct ProductForm;

/// A named barrier of a block, an mbarrier, or the barrier of a cluster.
struct BarrierEvent {
  enum class Kind : uint8_t { Block, Cluster, Mbarrier };
  enum class Action : uint8_t {
    Init,
    Invalidate,
    Arrive,   ///< releases
    Wait,     ///< acquires: the wait succeeded
    Look,     ///< a wait found its phase incomplete: mbarriers only
    Expect,   ///< adds `count` bytes to the transactions
    Complete, ///< takes `count` bytes off the transactions
    Drop,
  };
  Kind kind = Kind::Block;
  Action action = Action::Arrive;
  uint64_t address = 0; ///< generic, of an mbarrier; else the barrier's number
  uint64_t phase = 0;   ///< that is waited for or arrived at, from 0
  uint64_t count = 0;   ///< of arrivals or bytes
  MemoryOrder order = MemoryOrder::AcquireRelease;
  Scope scope = Scope::Block;
};

/// An asynchronous operation as it is issued, waited for, and performed.
struct AsyncEvent {
  enum class Action : uint8_t {
    Issue,
    Commit,
    Wait,    ///< the group was waited for
    Perform, ///< some of its memory accesses follow, then PerformEnd
    PerformEnd,
  };
  AsyncKind kind = AsyncKind::Copy;
  Action action = Action::Issue;
  uint64_t id = 0;       ///< of the operation, from AsyncGroups or AsyncQueue
  unsigned keep = 0;     ///< of a Wait: newest groups that may be unfinished
  bool readOnly = false; ///< of a Wait with `.read`
  bool all = false;      ///< of a Wait for what was not committed, too
  /// Of an Issue: it completes at an mbarrier and belongs to no group.
  bool toBarrier = false;
  const ProductForm *form = nullptr; ///< of a product's Issue
  /// Of a Perform: what all four warps of a warpgroup read follows.
  bool whole = false;
};

/// fence.*, membar, fence.proxy.*, wgmma.fence
struct FenceEvent {
  enum class Kind : uint8_t { Memory, Proxy, Matrix, MbarrierInit };
  Kind kind = Kind::Memory;
  MemoryOrder order = MemoryOrder::AcquireRelease;
  Scope scope = Scope::Block;
  Proxy proxy = Proxy::Async; ///< of Kind::Proxy
  MemorySpace space = MemorySpace::Generic;
};

/// A check of a launch. The calling instruction is `warp.site()`; a finding is
/// raised with `warp.fault(FaultKind::Check, ...)`, or kept for launchEnds.
class Monitor {
public:
  virtual ~Monitor() = default;

  virtual void launchBegins(Grid &grid) {}
  /// Between these two: what watches a cluster instead, for as long as it runs.
  /// Null if this monitor hears of every cluster itself.
  virtual std::unique_ptr<Monitor> ofCluster(Cluster &cluster) {
    return nullptr;
  }
  /// Whether clusters may run beside each other, on several host threads: each
  /// has a monitor of its own, and strong accesses to global memory are made
  /// one at a time with what is told of them.
  virtual bool concurrent() const { return false; }
  /// After the last block; findings that are left become the launch's fault.
  virtual void launchEnds(Grid &grid, Fault &fault) {}
  virtual void blockBegins(Block &block) {}
  virtual void blockEnds(Block &block) {}
  virtual void warpEnds(Warp &warp) {}

  /// Before an access takes effect; its addresses are generic. False if a
  /// fault was raised.
  virtual bool access(Warp &warp, const Access &access) { return true; }
  /// Before an asynchronous engine touches `bytes` at a generic address for
  /// the operation that `warp` issued.
  virtual bool engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                            uint32_t bytes) {
    return true;
  }
  virtual void barrier(Warp &warp, Mask lanes, const BarrierEvent &event) {}
  virtual void async(Warp &warp, Mask lanes, const AsyncEvent &event) {}
  virtual void fence(Warp &warp, Mask lanes, const FenceEvent &event) {}
  /// Before an instruction, after Warp::watch. False if a fault was raised.
  virtual bool instruction(Warp &warp, const Instruction &instruction,
                           Mask lanes) {
    return true;
  }
  /// setmaxnreg: the warp's threads are to have `count` registers.
  virtual void registers(Warp &warp, bool increase, uint32_t count) {}
  /// After launchEnds: lines for the user that are no findings.
  virtual std::string summary() const { return {}; }
  /// `lanes` met in bar.warp.sync, a shuffle, a vote, ...
  virtual void converged(Warp &warp, Mask lanes) {}
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_MONITOR_H
