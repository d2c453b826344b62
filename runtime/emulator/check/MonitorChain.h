//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Several monitors of one launch. The first that raises a fault at an access
// ends the turn of those behind it.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_MONITORCHAIN_H
#define RUNTIME_EMULATOR_CHECK_MONITORCHAIN_H

#include "runtime/emulator/check/Monitor.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace emulator {

class MonitorChain final : public Monitor {
public:
  explicit MonitorChain(std::vector<std::unique_ptr<Monitor>> monitors)
      : owned_(std::move(monitors)) {
    for (auto &monitor : owned_)
      monitors_.push_back(monitor.get());
  }

  std::unique_ptr<Monitor> ofCluster(Cluster &cluster) override {
    auto part =
        std::make_unique<MonitorChain>(std::vector<std::unique_ptr<Monitor>>());
    for (Monitor *monitor : monitors_) {
      std::unique_ptr<Monitor> own = monitor->ofCluster(cluster);
      part->monitors_.push_back(own ? own.get() : monitor);
      if (own)
        part->owned_.push_back(std::move(own));
    }
    return part;
  }
  bool concurrent() const override {
    return std::all_of(monitors_.begin(), monitors_.end(),
                       [](Monitor *each) { return each->concurrent(); });
  }
  void launchBegins(Grid &grid) override {
    each([&](Monitor &monitor) { monitor.launchBegins(grid); });
  }
  void launchEnds(Grid &grid, Fault &fault) override {
    each([&](Monitor &monitor) { monitor.launchEnds(grid, fault); });
  }
  void blockBegins(Block &block) override {
    each([&](Monitor &monitor) { monitor.blockBegins(block); });
  }
  void blockEnds(Block &block) override {
    each([&](Monitor &monitor) { monitor.blockEnds(block); });
  }
  void warpEnds(Warp &warp) override {
    each([&](Monitor &monitor) { monitor.warpEnds(warp); });
  }
  bool access(Warp &warp, const Access &access) override {
    return all([&](Monitor &monitor) { return monitor.access(warp, access); });
  }
  bool engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                    uint32_t bytes) override {
    return all([&](Monitor &monitor) {
      return monitor.engineAccess(warp, kind, address, bytes);
    });
  }
  void barrier(Warp &warp, Mask lanes, const BarrierEvent &event) override {
    each([&](Monitor &monitor) { monitor.barrier(warp, lanes, event); });
  }
  void async(Warp &warp, Mask lanes, const AsyncEvent &event) override {
    each([&](Monitor &monitor) { monitor.async(warp, lanes, event); });
  }
  void fence(Warp &warp, Mask lanes, const FenceEvent &event) override {
    each([&](Monitor &monitor) { monitor.fence(warp, lanes, event); });
  }
  bool instruction(Warp &warp, const Instruction &instruction,
                   Mask lanes) override {
    return all([&](Monitor &monitor) {
      return monitor.instruction(warp, instruction, lanes);
    });
  }
  void registers(Warp &warp, bool increase, uint32_t count) override {
    each([&](Monitor &monitor) { monitor.registers(warp, increase, count); });
  }
  void converged(Warp &warp, Mask lanes) override {
    each([&](Monitor &monitor) { monitor.converged(warp, lanes); });
  }

  std::string summary() const override {
    std::string text;
    for (const Monitor *monitor : monitors_)
      text += monitor->summary();
    return text;
  }

private:
  template <class Call> void each(Call call) {
    for (Monitor *monitor : monitors_)
      call(*monitor);
  }
  template <class Call> bool all(Call call) {
    for (Monitor *monitor : monitors_)
      if (!call(*monitor))
        return false;
    return true;
  }

  std::vector<std::unique_ptr<Monitor>> owned_;
  std::vector<Monitor *> monitors_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_MONITORCHAIN_H
