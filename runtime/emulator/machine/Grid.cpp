//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Grid.h"

#include <algorithm>

namespace emulator {

Cluster::Cluster(Grid &grid, uint64_t index)
    : grid_(grid), index_(index),
      ownMonitor_(grid.monitor() ? grid.monitor()->ofCluster(*this) : nullptr),
      monitor_(ownMonitor_ ? ownMonitor_.get() : grid.monitor()) {
  const LaunchRequest &request = grid.request();
  Dim3 cluster = request.cluster;
  Dim3 clusters{request.grid.x / cluster.x, request.grid.y / cluster.y,
                request.grid.z / cluster.z};
  position_.x = static_cast<uint32_t>(index % clusters.x);
  position_.y = static_cast<uint32_t>(index / clusters.x % clusters.y);
  position_.z = static_cast<uint32_t>(index / clusters.x / clusters.y);
  for (unsigned kind = 0; kind < asyncKinds; ++kind)
    queues_[kind].setCompletion(grid.settings().completion[kind]);
  for (uint32_t rank = 0; rank < cluster.count(); ++rank) {
    Dim3 at{position_.x * cluster.x + rank % cluster.x,
            position_.y * cluster.y + rank / cluster.x % cluster.y,
            position_.z * cluster.z + rank / cluster.x / cluster.y};
    blocks_.push_back(std::make_unique<Block>(*this, at, rank));
  }
}

Block *Cluster::block(uint32_t rank) {
  return rank < blocks_.size() ? blocks_[rank].get() : nullptr;
}

bool Cluster::finished() const {
  return std::all_of(blocks_.begin(), blocks_.end(),
                     [](const auto &block) { return block->finished(); });
}

Grid::Grid(DeviceMemory &memory, const LaunchRequest &request)
    : memory_(memory), request_(request), map_(memory.map()),
      parameters_(request.parameters) {
  parameters_.resize(request.kernel->parameterBytes);
}

uint64_t Grid::clusters() const {
  return request_.grid.count() / request_.cluster.count();
}

uint32_t Grid::blocksPerCluster() const {
  return static_cast<uint32_t>(request_.cluster.count());
}

void Grid::raise(Fault fault) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!fault_)
    fault_ = std::move(fault);
  stopped_.store(true, std::memory_order_relaxed);
}

} // namespace emulator
