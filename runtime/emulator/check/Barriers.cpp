//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Barriers.h"

#include "runtime/emulator/machine/Grid.h"

#include <algorithm>

namespace emulator {
namespace {

constexpr uint32_t mbarrierBytes = 8;

std::string at(const Site &site) {
  return "line " + std::to_string(site.line) + " (" + site.text + ")";
}

/// Registers of a thread that a block of so many begins with: what a
/// multiprocessor has for one of them, in eights, at most 255.
uint32_t registersAtStart(Block &block) {
  const Profile &profile = block.cluster().grid().profile();
  const auto threads = static_cast<uint32_t>(block.warps().size()) * warpLanes;
  return std::min<uint32_t>(255,
                            profile.registersPerMultiprocessor / threads & ~7u);
}

} // namespace

bool BarrierCheck::overwrites(Warp &warp, Mask lanes, uint64_t address,
                              uint64_t bytes) {
  if (address >= end_ || address + bytes <= first_)
    return false;
  const auto after = live_.lower_bound(address + bytes);
  if (after == live_.begin())
    return false;
  const auto &[place, object] = *std::prev(after);
  if (place + mbarrierBytes <= address)
    return false;
  warp.fault(FaultKind::Check,
             "writes over the mbarrier that was initialised at " +
                 at(*object.init) + " and not invalidated",
             lanes, address);
  return true;
}

bool BarrierCheck::access(Warp &warp, const Access &access) {
  if (access.mbarrier || access.kind == AccessKind::Load || live_.empty())
    return true;
  for (Mask left = access.lanes; left; left &= left - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(left));
    if (overwrites(warp, left & -left, access.address[lane], access.bytes))
      return false;
  }
  return true;
}

bool BarrierCheck::engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                                uint32_t bytes) {
  return kind == AccessKind::Load || !overwrites(warp, 1, address, bytes);
}

/// All threads of a warp must run an aligned barrier; it counts the warp, so
/// that lanes which left before go unnoticed.
void BarrierCheck::aligned(Warp &warp, Mask lanes) {
  const Mask missing = warp.launched() & ~lanes;
  if (!missing || warp.site().convergence != Convergence::Aligned)
    return;
  warp.fault(
      FaultKind::Check,
      "divergent barrier: " + std::to_string(__builtin_popcount(missing)) +
          " lanes of the warp have exited, lane " +
          std::to_string(__builtin_ctz(missing)) +
          " the first; all must run an aligned barrier",
      lanes);
}

void BarrierCheck::barrier(Warp &warp, Mask lanes, const BarrierEvent &event) {
  if (event.kind != BarrierEvent::Kind::Mbarrier) {
    if (event.action == BarrierEvent::Action::Arrive)
      aligned(warp, lanes);
    return;
  }
  if (event.action == BarrierEvent::Action::Look)
    return;
  if (event.action == BarrierEvent::Action::Invalidate) {
    live_.erase(event.address);
    return;
  }
  if (event.action != BarrierEvent::Action::Init) {
    ++live_[event.address].uses;
    return;
  }
  const auto known = live_.find(event.address);
  if (known != live_.end() && known->second.init)
    warp.fault(FaultKind::Check,
               "initialises the mbarrier that was initialised at " +
                   at(*known->second.init) +
                   (known->second.uses ? ", used since," : "") +
                   " and not invalidated",
               lanes, event.address);
  live_[event.address] = {&warp.site(), 0};
  first_ = std::min(first_, event.address);
  end_ = std::max(end_, event.address + mbarrierBytes);
}

// --- setmaxnreg ---

void BarrierCheck::registers(Warp &warp, bool increase, uint32_t count) {
  Block &block = warp.block();
  std::vector<uint32_t> &asked = registers_[&block];
  asked.resize(block.warps().size());
  uint32_t &own = asked[warp.index()];
  const uint32_t before = own ? own : registersAtStart(block);
  if (own && (increase ? count < before : count > before))
    warp.fault(FaultKind::Check,
               std::string("setmaxnreg.") + (increase ? "inc" : "dec") +
                   " to " + std::to_string(count) +
                   " registers, but the warp has " + std::to_string(before),
               allLanes);
  own = count;
}

/// Whether warps of one group ask for the same, and all for no more than the
/// block has: else the last of them would wait for ever.
bool BarrierCheck::agree(Block &block, std::string &wrong) {
  const std::vector<uint32_t> &asked = registers_[&block];
  const uint32_t start = registersAtStart(block);
  uint64_t sum = 0;
  for (size_t warp = 0; warp < asked.size(); ++warp) {
    sum += asked[warp] ? asked[warp] : start;
    const size_t first = warp - warp % warpgroupWarps;
    if (asked[warp] == asked[first])
      continue;
    wrong = "the warps " + std::to_string(first) + " and " +
            std::to_string(warp) +
            " of one warpgroup ended with different setmaxnreg";
    return false;
  }
  const uint64_t whole = uint64_t(start) * asked.size();
  if (sum <= whole)
    return true;
  wrong = "the warps of the block ask for " + std::to_string(sum * warpLanes) +
          " registers by setmaxnreg, and it has " +
          std::to_string(whole * warpLanes);
  return false;
}

void BarrierCheck::blockEnds(Block &block) {
  std::string wrong;
  if (registers_.count(&block) && !agree(block, wrong)) {
    Fault fault;
    Grid &grid = block.cluster().grid();
    fault.kind = FaultKind::Check;
    fault.message = wrong;
    fault.kernel = grid.kernel().name;
    grid.raise(std::move(fault));
  }
  registers_.erase(&block);
}

} // namespace emulator
