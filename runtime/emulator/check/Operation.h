//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// An asynchronous operation as the checks of synchronization see it: what its
// issuer knew, and who may know that it is finished.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_OPERATION_H
#define RUNTIME_EMULATOR_CHECK_OPERATION_H

#include "runtime/emulator/check/Agents.h"
#include "runtime/emulator/check/Knowledge.h"
#include "runtime/emulator/check/ShortLock.h"
#include "runtime/emulator/check/Stripes.h"
#include "runtime/emulator/machine/Access.h"
#include "runtime/emulator/machine/Settings.h"

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace emulator {

/// Whoever knows of this epoch of the agent knows that the part of `lanes` of
/// an operation is finished.
struct Finish {
  uint32_t agent = 0;
  uint32_t epoch = 0;
  Mask lanes = allLanes;
  /// Any lane of the agent will do: products, and mbarriers.
  bool anyLane = false;
};

/// The ways in which an operation's reads, or its writes, finished. Those who
/// find its marks in global memory look at them from other host threads.
class Finishes {
public:
  void add(const Finish &finish) {
    std::lock_guard<ShortLock> lock(lock_);
    all_.push_back(finish);
  }
  template <class Visit> void each(Visit visit) const {
    std::lock_guard<ShortLock> lock(lock_);
    for (const Finish &finish : all_)
      visit(finish);
  }

private:
  mutable ShortLock lock_;
  std::vector<Finish> all_;
};

struct Operation : std::enable_shared_from_this<Operation> {
  AsyncKind kind = AsyncKind::Copy;
  const Agent *agent = nullptr; ///< the warp that issued it
  uint32_t epoch = 0;           ///< in which it did
  Mask lanes = 0;
  bool toBarrier = false;   ///< completes at an mbarrier, not by its group
  unsigned unperformed = 0; ///< lanes, or parts of a store, that are to come
  const Site *site = nullptr;
  KnowledgePtr all; ///< that every lane had, unless they differ
  std::unique_ptr<std::array<KnowledgePtr, warpLanes>> each;
  Finishes reads, writes;
  /// Of a product: the parts of the other warps, while what all four read is
  /// looked at.
  std::array<const Operation *, 3> siblings = {};
  std::atomic<bool> committed{false}; ///< of every lane

  /// Its marks in a ledger, while that is of a generation.
  struct Marked {
    uint32_t generation = 0;
    uint32_t mark[2] = {0, 0}; ///< of its reads, and its writes
    uint32_t markOfAll = 0;    ///< of what its lanes read
  };
  std::array<Marked, ledgers> marked;

  const KnowledgePtr &knowledge(unsigned lane) const {
    return each ? (*each)[lane] : all;
  }
  Proxy proxy() const {
    return kind == AsyncKind::Copy ? Proxy::Generic : Proxy::Async;
  }
};

using OperationPtr = std::shared_ptr<Operation>;

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_OPERATION_H
