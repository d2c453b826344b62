//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// See RunningCluster.h.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/RunningCluster.h"

#include "runtime/emulator/machine/ClusterOrder.h"

#include <algorithm>

namespace emulator {
namespace {

constexpr uint64_t warpTurn = 4096;       ///< instructions
constexpr uint64_t stalledTurn = 512;     ///< of a warp whose cluster stalls
constexpr uint64_t clusterTurn = 1 << 22; ///< instructions
constexpr unsigned mostHalvings = 22;     ///< of a cluster's turn, at random
constexpr unsigned mostDoublings = 14;    ///< of a cluster's rest, at random
constexpr unsigned roundsBeforeDeadlock = 64;

} // namespace

void reportStandstill(Grid &grid, FaultKind kind, std::string message,
                      std::vector<std::string> lines) {
  constexpr size_t mostLines = 64;
  Fault fault;
  fault.kind = kind;
  fault.message = std::move(message);
  fault.kernel = grid.kernel().name;
  fault.file = grid.request().program->file();
  if (lines.size() > mostLines) {
    const size_t more = lines.size() - mostLines;
    lines.resize(mostLines);
    lines.push_back("and so on: " + std::to_string(more) + " lines more");
  }
  const uint64_t started = std::min(grid.nextCluster.load(), grid.clusters());
  if (uint64_t waiting = grid.clusters() - started)
    lines.push_back(std::to_string(waiting * grid.blocksPerCluster()) +
                    " blocks have not started: the device is full");
  fault.notes = std::move(lines);
  grid.raise(std::move(fault));
}

RunningCluster::RunningCluster(Grid &grid, uint64_t index)
    : grid_(grid), cluster_(grid, index),
      random_(splitMix(grid.settings().seed ^ splitMix(index))) {
  for (auto &block : cluster_.blocks()) {
    if (cluster_.monitor())
      cluster_.monitor()->blockBegins(*block);
    for (auto &warp : block->warps())
      warps_.push_back(warp.get());
  }
  if (grid.settings().order == Order::Reverse)
    std::reverse(warps_.begin(), warps_.end());
}

RunningCluster::~RunningCluster() {
  if (cluster_.monitor() && !grid_.stopped())
    for (auto &block : cluster_.blocks())
      cluster_.monitor()->blockEnds(*block);
}

void RunningCluster::arrange() {
  if (grid_.settings().order == Order::Random)
    std::shuffle(warps_.begin(), warps_.end(), random_);
}

Progress RunningCluster::runWarp(Warp &warp, uint64_t &budget) {
  uint64_t turn = cluster_.stalled() ? stalledTurn : warpTurn;
  if (grid_.settings().order == Order::Random)
    turn = 1 + random_() % (turn / 4);
  uint64_t before = warp.executed();
  Progress progress = warp.run(turn);
  uint64_t done = warp.executed() - before;
  budget -= std::min(budget, done);
  grid_.instructions.fetch_add(done, std::memory_order_relaxed);
  return progress;
}

/// One turn for each warp. Ran if any got on, Polled if some only looked at
/// memory, Blocked if none could run.
Progress RunningCluster::round(uint64_t &budget) {
  arrange();
  Progress best = Progress::Blocked;
  auto note = [&](Progress progress) {
    if (progress == Progress::Ran || progress == Progress::Finished)
      best = Progress::Ran;
    else if (progress == Progress::Polled && best == Progress::Blocked)
      best = Progress::Polled;
  };
  const Settings &settings = grid_.settings();
  std::vector<Warp *> starved; // one of each block
  for (Warp *warp : warps_) {
    if (!warp->live())
      continue;
    if (settings.order == Order::Starve &&
        warp->index() == settings.starvedWarp) {
      starved.push_back(warp);
      continue;
    }
    Progress progress = runWarp(*warp, budget);
    if (progress == Progress::Faulted || grid_.stopped())
      return Progress::Faulted;
    note(progress);
  }
  for (Warp *warp : starved) {
    if (best == Progress::Ran)
      break;
    Progress progress = runWarp(*warp, budget);
    if (progress == Progress::Faulted || grid_.stopped())
      return Progress::Faulted;
    note(progress);
  }
  return best;
}

/// Performs one asynchronous operation that was put off. False if there is
/// none.
bool RunningCluster::completeOne(Progress &progress) {
  for (unsigned kind = 0; kind < asyncKinds; ++kind) {
    Outcome outcome = Outcome::Next;
    if (!cluster_.queue(static_cast<AsyncKind>(kind)).performOne(outcome))
      continue;
    progress = outcome == Outcome::Fault ? Progress::Faulted : Progress::Ran;
    return true;
  }
  return false;
}

/// What was put off is performed before the cluster ends: copies into shared
/// memory to no effect, bulk stores for the host to see, and what no thread
/// waited for to be seen by a monitor.
Progress RunningCluster::finish() {
  Progress progress = Progress::Finished;
  while (completeOne(progress))
    if (progress == Progress::Faulted)
      return progress;
  for (Warp *warp : warps_)
    if (warp->bulkReads().flush(allLanes) == Outcome::Fault ||
        warp->groups(AsyncKind::Bulk).flush(allLanes) == Outcome::Fault)
      return Progress::Faulted;
  for (Warp *warp : cluster_.monitor() ? warps_ : std::vector<Warp *>()) {
    Warpgroup *group = warp->block().warpgroup(warp->index());
    if (warp->groups(AsyncKind::Copy).flush(allLanes) == Outcome::Fault ||
        (group && group->finish() == Outcome::Fault))
      return Progress::Faulted;
  }
  return Progress::Finished;
}

/// What a turn may take: no more than is left to the launch.
uint64_t RunningCluster::instructionsOfTurn() const {
  const uint64_t limit = grid_.settings().instructionLimit;
  if (!limit)
    return clusterTurn;
  const uint64_t done = std::min(limit, grid_.instructions.load());
  return std::min(clusterTurn, limit - done);
}

Progress RunningCluster::turn() {
  const Progress progress = rounds();
  // Others overtake a cluster that rests, and meet what it left half done.
  if (progress == Progress::Ran && grid_.settings().order == Order::Random &&
      random_() % 2)
    rest_ = random_() % (uint64_t(1) << random_() % (mostDoublings + 1));
  return progress;
}

Progress RunningCluster::rounds() {
  uint64_t budget = instructionsOfTurn();
  // Short turns let blocks meet each other half done.
  if (grid_.settings().order == Order::Random)
    budget >>= random_() % (mostHalvings + 1);
  while (budget) {
    Progress progress = round(budget);
    if (progress == Progress::Faulted)
      return progress;
    if (cluster_.finished())
      return finish();
    if (progress == Progress::Ran) {
      cluster_.setStalled(false);
      stalledRounds_ = 0;
      continue;
    }
    if (completeOne(progress)) {
      if (progress == Progress::Faulted)
        return progress;
      continue;
    }
    // Nothing runs but for waits that give up.
    if (cluster_.stalled() || progress == Progress::Blocked) {
      bool hopeless = progress == Progress::Blocked && cluster_.stalled();
      cluster_.setStalled(true);
      if (hopeless || ++stalledRounds_ > roundsBeforeDeadlock) {
        std::vector<std::string> lines;
        describe(lines);
        reportStandstill(grid_, FaultKind::Deadlock,
                         "no warp of the block, or of its cluster, can go on",
                         std::move(lines));
        return Progress::Faulted;
      }
      continue;
    }
    return progress;
  }
  return Progress::Ran;
}

void RunningCluster::describe(std::vector<std::string> &lines) {
  for (Warp *warp : warps_)
    for (std::string &line : warp->whereabouts())
      lines.push_back(std::move(line));
}

} // namespace emulator
