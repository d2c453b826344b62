//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The blocks of a launch: block, cluster and grid.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_GRID_H
#define RUNTIME_EMULATOR_MACHINE_GRID_H

#include "runtime/emulator/machine/Launch.h"
#include "runtime/emulator/machine/Warp.h"
#include "runtime/emulator/machine/Warpgroup.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

namespace emulator {

/// A barrier of bar.sync, bar.arrive and bar.red, or of a cluster.
struct Barrier {
  /// What bar.red found, in the phases of either parity.
  struct Reduction {
    uint32_t held = 0;    ///< threads whose predicate did
    uint32_t threads = 0; ///< that brought one
  };
  uint64_t phase = 0;
  uint32_t arrived = 0;  ///< threads, in this phase
  uint32_t expected = 0; ///< as the first arrival says; 0 for every thread
  Reduction reductions[2];
};

constexpr unsigned namedBarriers = 16;

class Block {
public:
  Block(Cluster &cluster, Dim3 index, uint32_t rank);

  Cluster &cluster() { return cluster_; }
  Dim3 index() const { return index_; }
  uint32_t rank() const { return rank_; } ///< in its cluster
  /// Host pointer to shared memory, or null out of bounds. `offset` is that of
  /// PTX addresses: the first KiB is the system's.
  std::byte *shared(uint32_t offset, uint64_t bytes);
  uint32_t sharedBytes() const { return sharedBytes_; } ///< with the first KiB
  std::byte *sharedOrigin() { return shared_.get(); }   ///< offset 0
  unsigned threads() const { return threads_; }
  /// Threads that have not exited.
  unsigned liveThreads() const { return liveThreads_; }
  void threadsExit(unsigned count);
  std::vector<std::unique_ptr<Warp>> &warps() { return warps_; }
  bool finished() const { return liveThreads_ == 0; }
  /// That of a warp, by its index; null if the block does not fill it.
  Warpgroup *warpgroup(unsigned warp);

  Barrier barriers[namedBarriers];

private:
  Cluster &cluster_;
  const Dim3 index_;
  const uint32_t rank_;
  uint32_t sharedBytes_ = 0;
  unsigned threads_ = 0, liveThreads_ = 0;
  std::unique_ptr<std::byte[]> shared_;
  std::vector<std::unique_ptr<Warp>> warps_;
  std::vector<std::unique_ptr<Warpgroup>> warpgroups_;
};

/// The unit that one host thread schedules: the blocks of a cluster, or one
/// block of a grid without clusters.
class Cluster {
public:
  /// `index` counts the clusters of the grid, x first.
  Cluster(Grid &grid, uint64_t index);

  Grid &grid() { return grid_; }
  /// Its own, or the launch's; null if nothing watches.
  Monitor *monitor() const { return monitor_; }
  uint64_t index() const { return index_; }
  Dim3 position() const { return position_; } ///< %clusterid
  std::vector<std::unique_ptr<Block>> &blocks() { return blocks_; }
  /// The block of that rank, or null.
  Block *block(uint32_t rank);
  AsyncQueue &queue(AsyncKind kind) {
    return queues_[static_cast<unsigned>(kind)];
  }
  /// A number for an asynchronous operation, from 1.
  uint64_t nextOperation() { return ++operations_; }
  bool finished() const;
  /// See Warp::mayTimeOut.
  bool stalled() const { return stalled_; }
  void setStalled(bool stalled) { stalled_ = stalled; }

  /// barrier.cluster: threads of all blocks.
  Barrier barrier;

private:
  Grid &grid_;
  const uint64_t index_;
  std::unique_ptr<Monitor> ownMonitor_;
  Monitor *monitor_;
  Dim3 position_;
  std::vector<std::unique_ptr<Block>> blocks_;
  AsyncQueue queues_[asyncKinds];
  uint64_t operations_ = 0;
  bool stalled_ = false;
};

/// A launch as it runs.
class Grid {
public:
  Grid(DeviceMemory &memory, const LaunchRequest &request);

  const LaunchRequest &request() const { return request_; }
  const Function &kernel() const { return *request_.kernel; }
  const Settings &settings() const { return request_.settings; }
  const Profile &profile() const { return request_.profile; }
  Monitor *monitor() const { return request_.monitor; }
  DeviceMemory &memory() { return memory_; }
  const MemoryMap &map() const { return *map_; }
  uint64_t clusters() const;
  uint32_t blocksPerCluster() const;
  std::byte *parameters() { return parameters_.data(); }
  uint32_t parameterBytes() const { return parameters_.size(); }

  /// Keeps the first fault and stops every worker.
  void raise(Fault fault);
  bool stopped() const { return stopped_.load(std::memory_order_relaxed); }
  const Fault &fault() const { return fault_; }

  /// Held while a strong access to global memory is told of and made, where
  /// something watches.
  std::mutex &strongAccesses() { return strongAccesses_; }

  std::atomic<uint64_t> instructions{0};
  std::atomic<uint64_t> nextCluster{0};
  std::atomic<uint64_t> finishedClusters{0};

private:
  DeviceMemory &memory_;
  const LaunchRequest &request_;
  std::shared_ptr<const MemoryMap> map_;
  std::vector<std::byte> parameters_;
  std::mutex mutex_, strongAccesses_;
  std::atomic<bool> stopped_{false};
  Fault fault_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_GRID_H
