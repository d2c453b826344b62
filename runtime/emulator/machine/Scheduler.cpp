//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Scheduler.h"

#include "runtime/emulator/machine/ClusterOrder.h"

#include <algorithm>
#include <random>
#include <thread>

namespace emulator {
namespace {

constexpr uint64_t warpTurn = 4096;       ///< instructions
constexpr uint64_t stalledTurn = 512;     ///< of a warp whose cluster stalls
constexpr uint64_t clusterTurn = 1 << 22; ///< instructions
constexpr unsigned mostHalvings = 22;     ///< of a cluster's turn, at random
constexpr size_t mostByChance = 8;        ///< clusters that begin, at random
constexpr unsigned roundsBeforeDeadlock = 64;

/// Ends a launch that does not get on: `lines` say where its warps stand.
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

/// A cluster that has begun, and the order of its warps.
class RunningCluster {
public:
  RunningCluster(Grid &grid, uint64_t index);
  ~RunningCluster();

  /// Runs until the cluster is finished, or it can or should not go on.
  Progress turn();
  Cluster &cluster() { return cluster_; }
  /// Where its warps stand: lines of a report.
  void describe(std::vector<std::string> &lines);

private:
  Progress round(uint64_t &budget);
  Progress runWarp(Warp &warp, uint64_t &budget);
  bool completeOne(Progress &progress);
  Progress finish();
  uint64_t instructionsOfTurn() const;
  void arrange();

  Grid &grid_;
  Cluster cluster_;
  std::vector<Warp *> warps_;
  std::mt19937_64 random_;
  unsigned stalledRounds_ = 0;
};

RunningCluster::RunningCluster(Grid &grid, uint64_t index)
    : grid_(grid), cluster_(grid, index),
      random_(splitMix(grid.settings().seed ^ splitMix(index))) {
  for (auto &block : cluster_.blocks()) {
    if (grid.monitor())
      grid.monitor()->blockBegins(*block);
    for (auto &warp : block->warps())
      warps_.push_back(warp.get());
  }
  if (grid.settings().order == Order::Reverse)
    std::reverse(warps_.begin(), warps_.end());
}

RunningCluster::~RunningCluster() {
  if (grid_.monitor() && !grid_.stopped())
    for (auto &block : cluster_.blocks())
      grid_.monitor()->blockEnds(*block);
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
  for (Warp *warp : grid_.monitor() ? warps_ : std::vector<Warp *>()) {
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

/// A turn for each open cluster. True if one got on.
bool Worker::turns() {
  bool progress = false;
  for (size_t i = 0; i < clusters_.size() && !grid_.stopped();) {
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
  return progress;
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
    if (grid_.settings().order == Order::Random &&
        clusters_.size() < mostByChance && random_() % 2)
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
  // Checks see one order of events.
  if (grid.monitor())
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
