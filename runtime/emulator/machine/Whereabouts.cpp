//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Warps that do not get on: how a spin is told from work, and what a report
// says of where each warp stands.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/Mbarrier.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace emulator {
namespace {

std::string hex(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof text, "0x%llx",
                static_cast<unsigned long long>(value));
  return text;
}

std::string of(uint64_t part, uint64_t whole, const char *what) {
  return std::to_string(part) + " of " + std::to_string(whole) + " " + what;
}

/// Threads of the cluster that have not exited.
unsigned liveThreads(Cluster &cluster) {
  unsigned count = 0;
  for (auto &block : cluster.blocks())
    count += block->liveThreads();
  return count;
}

} // namespace

/// A loop whose registers are what they were a round before, and that wrote
/// nothing, ends only if others write. Counting loops change their counter.
void Warp::lookForSpin(uint32_t target) {
  const bool same = target == spinTarget_;
  spins_ = false;
  spinTarget_ = target;
  if (wrote_)
    return;
  uint64_t state = active_;
  for (uint32_t at = 0; at + 8 <= frame_->function->registerBytes; at += 8) {
    uint64_t word;
    std::memcpy(&word, frame_->registers + at, sizeof word);
    state = (state ^ word) * 0x9E3779B97F4A7C15u;
    state ^= state >> 29;
  }
  spins_ = spunInTurn_ = same && state == spinState_;
  spinState_ = state;
  for (unsigned i = 0; spins_ && i < 32; ++i)
    poll();
}

/// `, for ...`: why a split does not run; empty if it does.
std::string Warp::reasonOf(const Split &split) {
  if (split.state == Split::State::Parked)
    return ", for the other lanes";
  const bool sought = split.state == Split::State::Ready && !split.resumed &&
                      split.lanes & soughtLanes_;
  const Waiting &waiting = sought ? sought_ : split.waiting;
  switch (waiting.what) {
  case Waiting::For::Nothing:
    return "";
  case Waiting::For::Barrier: {
    const Barrier &barrier = block_.barriers[waiting.address % namedBarriers];
    return ", for barrier " + std::to_string(waiting.address) + ": " +
           of(barrier.arrived,
              barrier.expected ? barrier.expected : block_.liveThreads(),
              "threads have arrived");
  }
  case Waiting::For::Cluster:
    return ", for the barrier of the cluster: " + of(cluster().barrier.arrived,
                                                     liveThreads(cluster()),
                                                     "threads have arrived");
  case Waiting::For::Warpgroup:
    return ", for the other warps of its warpgroup";
  case Waiting::For::Mbarrier:
    break;
  }
  std::string text = ", for the phase of parity " +
                     std::to_string(waiting.token) + " of the mbarrier at " +
                     hex(waiting.address);
  uint64_t word = 0;
  const std::byte *host =
      at(MemorySpace::SharedCluster, waiting.address, sizeof word);
  if (!host)
    return text;
  std::memcpy(&word, host, sizeof word);
  const Mbarrier barrier = Mbarrier::read(word);
  if (!barrier.valid())
    return text;
  const uint32_t arrived =
      barrier.expected() - std::min(barrier.pending(), barrier.expected());
  text += ": in its phase " + of(arrived, barrier.expected(), "arrivals came");
  if (barrier.transactions() > 0)
    text +=
        ", " + std::to_string(barrier.transactions()) + " bytes are to come";
  if (barrier.transactions() < 0)
    text += ", " + std::to_string(-barrier.transactions()) +
            " bytes came that were not expected";
  return text;
}

std::vector<std::string> Warp::whereabouts() {
  std::vector<std::string> lines;
  const Dim3 index = block_.index();
  for (const Split &split : splits_) {
    const Site &site = split.frame->function->sites[split.pc];
    std::string line =
        "warp " + std::to_string(index_) + " of block (" +
        std::to_string(index.x) + ", " + std::to_string(index.y) + ", " +
        std::to_string(index.z) + "), lanes " + lanesText(split.lanes) +
        ": line " + std::to_string(site.line) + ", " + site.text +
        reasonOf(split);
    if (spins_ && split.state == Split::State::Ready &&
        !(split.lanes & soughtLanes_))
      line += ", in a loop that changes nothing";
    lines.push_back(std::move(line));
  }
  return lines;
}

} // namespace emulator
