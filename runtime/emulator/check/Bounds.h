//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Accesses to shared memory that lie in the block's bytes, but not in one of
// its variables. What lies outside of all memory of its space is a fault with
// no check.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_BOUNDS_H
#define RUNTIME_EMULATOR_CHECK_BOUNDS_H

#include "runtime/emulator/check/Monitor.h"

#include <vector>

namespace emulator {

class BoundsCheck final : public Monitor {
public:
  void launchBegins(Grid &grid) override;
  std::unique_ptr<Monitor> ofCluster(Cluster &) override {
    return std::make_unique<BoundsCheck>(*this);
  }
  bool concurrent() const override { return true; }
  bool access(Warp &warp, const Access &access) override;
  bool engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                    uint32_t bytes) override;
  void async(Warp &warp, Mask lanes, const AsyncEvent &event) override;

private:
  bool within(uint64_t address, uint64_t bytes);
  bool report(Warp &warp, Mask lanes, uint64_t address, uint32_t bytes);

  std::vector<SharedVariable> variables_; ///< and dynamic memory; by offset
  size_t last_ = 0;                       ///< where the latest access lay
  Mask performing_ = 0; ///< lanes whose operation is performed
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_BOUNDS_H
