//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Scheduler.h"

#include "runtime/emulator/machine/ClusterOrder.h"
#include "runtime/emulator/machine/RunningCluster.h"

#include <algorithm>
#include <random>
#include <thread>

namespace emulator {
namespace {

/// Clusters that begin by chance, in random orders: not while so many of this
/// thread run, or are open.
constexpr size_t mostRunning = 8, mostBegun = 64;

/// What the workers of a launch share.
struct Shared {
  Grid &grid;
  ClusterOrder order;
  uint64_t mostOpen; ///< clusters that the device holds at once
  std::atomic<uint64_t> open{0};
  std::atomic<uint64_t> progress{0}; ///< turns that got on
};

/// One host thread.
class Worker {
public:
  explicit Worker(Shared &shared)
      : shared_(shared), grid_(shared.grid),
        random_(splitMix(shared.grid.settings().seed)) {}
  void run();

private:
  bool openNext();
  bool beginsByChance();
  bool turns();
  bool limitReached();
  bool spent() const;
  void report(const char *message);

  Shared &shared_;
  Grid &grid_;
  std::vector<std::unique_ptr<RunningCluster>> clusters_;
  uint64_t idleRounds_ = 0, seenProgress_ = 0;
  std::mt19937_64 random_;
};

/// Begins another cluster, if there is one and the device holds it.
bool Worker::openNext() {
  if (grid_.nextCluster.load() >= grid_.clusters())
    return false;
  if (shared_.open.fetch_add(1) >= shared_.mostOpen) {
    shared_.open.fetch_sub(1);
    return false;
  }
  uint64_t next = grid_.nextCluster.fetch_add(1);
  if (next >= grid_.clusters()) {
    shared_.open.fetch_sub(1);
    return false;
  }
  clusters_.push_back(
      std::make_unique<RunningCluster>(grid_, shared_.order(next)));
  return true;
}

/// Rather than to wake those that rest, others begin.
bool Worker::beginsByChance() {
  const auto running = static_cast<size_t>(
      std::count_if(clusters_.begin(), clusters_.end(),
                    [](const auto &each) { return !each->resting(); }));
  return running < mostRunning && clusters_.size() < mostBegun &&
         (!running || random_() % 2);
}

/// A turn for each open cluster that does not rest. True if one got on, or may
/// now: none rests while the others wait for it.
bool Worker::turns() {
  bool progress = false, resting = false;
  for (size_t i = 0; i < clusters_.size() && !grid_.stopped();) {
    if (clusters_[i]->rests()) {
      resting = true;
      ++i;
      continue;
    }
    Progress result = clusters_[i]->turn();
    progress |= result == Progress::Ran || result == Progress::Finished;
    if (result != Progress::Finished) {
      ++i;
      continue;
    }
    clusters_.erase(clusters_.begin() + static_cast<ptrdiff_t>(i));
    shared_.open.fetch_sub(1);
    grid_.finishedClusters.fetch_add(1);
  }
  if (progress || !resting)
    return progress;
  for (auto &cluster : clusters_)
    cluster->endRest();
  return true;
}

/// Whether the launch took all the instructions that it may.
bool Worker::spent() const {
  const uint64_t limit = grid_.settings().instructionLimit;
  return limit && grid_.instructions.load() >= limit;
}

/// Whether every warp has polled for too long.
bool Worker::limitReached() {
  uint64_t progress = shared_.progress.load();
  if (progress != seenProgress_) {
    seenProgress_ = progress;
    idleRounds_ = 0;
  }
  return ++idleRounds_ > grid_.settings().idleRounds;
}

void Worker::report(const char *message) {
  std::vector<std::string> lines;
  for (auto &cluster : clusters_)
    cluster->describe(lines);
  reportStandstill(grid_, FaultKind::Timeout, message, std::move(lines));
}

void Worker::run() {
  while (!grid_.stopped()) {
    if (clusters_.empty() && !openNext()) {
      if (grid_.nextCluster.load() >= grid_.clusters())
        return;
      std::this_thread::yield();
      continue;
    }
    // Blocks may begin before those that run must wait for them.
    if (grid_.settings().order == Order::Random && beginsByChance())
      openNext();
    const bool progress = turns();
    if (spent() && !grid_.stopped())
      report("the launch takes more instructions than its limit");
    if (progress) {
      shared_.progress.fetch_add(1);
      idleRounds_ = 0;
      continue;
    }
    if (grid_.stopped() || openNext())
      continue;
    if (limitReached() && !clusters_.empty())
      report("every resident warp polls memory, which no warp changes");
    std::this_thread::yield();
  }
}

unsigned workersOf(const Grid &grid) {
  unsigned threads = grid.settings().hostThreads;
  if (!threads)
    threads = std::max(1u, std::thread::hardware_concurrency());
  // Under checks a seed is to show again what it showed.
  if (grid.monitor() &&
      (!grid.monitor()->concurrent() || grid.settings().order == Order::Random))
    threads = 1;
  return static_cast<unsigned>(std::min<uint64_t>(threads, grid.clusters()));
}

} // namespace

void runGrid(Grid &grid) {
  const LaunchRequest &request = grid.request();
  uint64_t resident =
      uint64_t(residentBlocks(grid.profile(), grid.kernel(),
                              static_cast<unsigned>(request.block.count()),
                              request.dynamicSharedBytes)) *
      grid.profile().multiprocessors;
  Shared shared{grid, ClusterOrder(grid.settings(), grid.clusters()),
                std::max<uint64_t>(1, resident / grid.blocksPerCluster())};
  unsigned workers = workersOf(grid);
  shared.mostOpen = std::max<uint64_t>(shared.mostOpen, workers);
  std::vector<std::thread> threads;
  for (unsigned i = 1; i < workers; ++i)
    threads.emplace_back([&] { Worker(shared).run(); });
  Worker(shared).run();
  for (std::thread &thread : threads)
    thread.join();
}

} // namespace emulator
