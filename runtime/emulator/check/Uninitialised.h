//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Reads of memory that nothing wrote: shared memory since its block began, and
// device memory since it was allocated, byte by byte.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_UNINITIALISED_H
#define RUNTIME_EMULATOR_CHECK_UNINITIALISED_H

#include "runtime/emulator/check/Monitor.h"

#include <mutex>

namespace emulator {

/// The first finding is kept until the launch ends, since a race that another
/// order of warps would show says more; it is then a note of that fault.
/// Variables of modules, constants and host memory count as written. Copies,
/// fills and kernels write device memory; a kernel that ran without this check
/// leaves no trace, so all launches of a process must have it, or none.
class UninitialisedCheck final : public Monitor {
public:
  void launchBegins(Grid &grid) override;
  void launchEnds(Grid &grid, Fault &fault) override;
  std::unique_ptr<Monitor> ofCluster(Cluster &cluster) override;
  bool concurrent() const override { return true; }

  /// An access that read what nothing wrote; `describe` says more of the first.
  template <class Describe> void add(Describe describe) {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!found_++)
      first_ = describe();
  }

private:
  std::mutex mutex_;
  Fault first_;
  uint64_t found_ = 0; ///< accesses
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_UNINITIALISED_H
