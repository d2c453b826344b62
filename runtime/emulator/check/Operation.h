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

#include "runtime/emulator/check/Knowledge.h"
#include "runtime/emulator/machine/Access.h"
#include "runtime/emulator/machine/Settings.h"

#include <array>
#include <memory>
#include <vector>

namespace emulator {

struct Operation : std::enable_shared_from_this<Operation> {
  /// Whoever knows of this epoch of the agent knows that the part of `lanes`
  /// is finished.
  struct Finish {
    uint32_t agent = 0;
    uint32_t epoch = 0;
    Mask lanes = allLanes;
    /// Any lane of the agent will do: products, and mbarriers.
    bool anyLane = false;
  };

  AsyncKind kind = AsyncKind::Copy;
  uint32_t agent = 0; ///< the warp that issued it
  uint32_t epoch = 0; ///< in which it did
  Mask lanes = 0;
  bool toBarrier = false;   ///< completes at an mbarrier, not by its group
  unsigned unperformed = 0; ///< lanes, or parts of a store, that are to come
  const Site *site = nullptr;
  KnowledgePtr all; ///< that every lane had, unless they differ
  std::unique_ptr<std::array<KnowledgePtr, warpLanes>> each;
  std::vector<Finish> reads, writes;
  /// Of a product: the parts of the other warps, while what all four read is
  /// looked at.
  std::array<const Operation *, 3> siblings = {};
  bool committed = false;    ///< of every lane
  uint32_t markOfAll = 0;    ///< of what its lanes read
  uint32_t mark[2] = {0, 0}; ///< of its reads, and its writes

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
