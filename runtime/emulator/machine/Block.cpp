//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a warp finds as it starts: its special registers and shared memory.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/Specials.h"

#include <cstring>

namespace emulator {
namespace {

struct Entry {
  std::string_view name;
  Special x; ///< y, z follow it if `vector`
  bool vector;
};

const Entry entries[] = {
    {"%tid", Special::TidX, true},
    {"%ntid", Special::NtidX, true},
    {"%ctaid", Special::CtaidX, true},
    {"%nctaid", Special::NctaidX, true},
    {"%clusterid", Special::ClusteridX, true},
    {"%nclusterid", Special::NclusteridX, true},
    {"%cluster_ctaid", Special::ClusterCtaidX, true},
    {"%cluster_nctaid", Special::ClusterNctaidX, true},
    {"%laneid", Special::LaneId, false},
    {"%warpid", Special::WarpId, false},
    {"%nwarpid", Special::WarpCount, false},
    {"%smid", Special::SmId, false},
    {"%nsmid", Special::SmCount, false},
    {"%lanemask_eq", Special::LanemaskEq, false},
    {"%lanemask_le", Special::LanemaskLe, false},
    {"%lanemask_lt", Special::LanemaskLt, false},
    {"%lanemask_ge", Special::LanemaskGe, false},
    {"%lanemask_gt", Special::LanemaskGt, false},
    {"%cluster_ctarank", Special::ClusterCtaRank, false},
    {"%cluster_nctarank", Special::ClusterNctaRank, false},
    {"%is_explicit_cluster", Special::IsExplicitCluster, false},
    {"%total_smem_size", Special::TotalSharedBytes, false},
    {"%dynamic_smem_size", Special::DynamicSharedBytes, false},
    {"%aggr_smem_size", Special::AggregateSharedBytes, false},
    {"%reserved_smem_offset_0", Special::ReservedSharedBegin, false},
    {"%reserved_smem_offset_1", Special::ReservedSharedBegin, false},
    {"%reserved_smem_offset_begin", Special::ReservedSharedBegin, false},
    {"%reserved_smem_offset_end", Special::ReservedSharedEnd, false},
    {"%reserved_smem_offset_cap", Special::ReservedSharedCap, false},
};

class SpecialWriter {
public:
  explicit SpecialWriter(Warp &warp) : warp_(warp) {}

  uint32_t *lanes(Special special) {
    return reinterpret_cast<uint32_t *>(warp_.specials() +
                                        slotOf(special).offset());
  }
  void all(Special special, uint32_t value) {
    uint32_t *at = lanes(special);
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      at[lane] = value;
  }
  /// A vector register, whose components follow each other.
  void all(Special x, Dim3 value) {
    all(x, value.x);
    all(static_cast<Special>(static_cast<int>(x) + 1), value.y);
    all(static_cast<Special>(static_cast<int>(x) + 2), value.z);
  }
  void threads(unsigned first, Dim3 extent);
  void blocks(Block &block);
  void shared(Block &block);

private:
  Warp &warp_;
};

void SpecialWriter::threads(unsigned first, Dim3 extent) {
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    uint32_t thread = first + lane;
    uint32_t bit = uint32_t(1) << lane;
    lanes(Special::TidX)[lane] = thread % extent.x;
    lanes(Special::TidY)[lane] = thread / extent.x % extent.y;
    lanes(Special::TidZ)[lane] = thread / extent.x / extent.y % extent.z;
    lanes(Special::LaneId)[lane] = lane;
    lanes(Special::LanemaskEq)[lane] = bit;
    lanes(Special::LanemaskLt)[lane] = bit - 1;
    lanes(Special::LanemaskLe)[lane] = bit | (bit - 1);
    lanes(Special::LanemaskGe)[lane] = ~(bit - 1);
    lanes(Special::LanemaskGt)[lane] = ~(bit | (bit - 1));
  }
  all(Special::NtidX, extent);
  all(Special::WarpId, first / warpLanes);
  all(Special::WarpCount,
      static_cast<uint32_t>((extent.count() + warpLanes - 1) / warpLanes));
}

void SpecialWriter::blocks(Block &block) {
  const LaunchRequest &request = block.cluster().grid().request();
  Dim3 index = block.index(), cluster = request.cluster;
  all(Special::CtaidX, index);
  all(Special::NctaidX, request.grid);
  all(Special::ClusteridX, block.cluster().position());
  all(Special::NclusteridX,
      Dim3{request.grid.x / cluster.x, request.grid.y / cluster.y,
           request.grid.z / cluster.z});
  all(Special::ClusterCtaidX,
      Dim3{index.x % cluster.x, index.y % cluster.y, index.z % cluster.z});
  all(Special::ClusterNctaidX, cluster);
  all(Special::ClusterCtaRank, block.rank());
  all(Special::ClusterNctaRank, static_cast<uint32_t>(cluster.count()));
  *lanes(Special::IsExplicitCluster) = request.hasCluster ? allLanes : 0;
  *lanes(Special::AllTrue) = allLanes;
  unsigned multiprocessors = request.profile.multiprocessors;
  uint64_t linear =
      index.x + request.grid.x * (index.y + uint64_t(request.grid.y) * index.z);
  all(Special::SmId, static_cast<uint32_t>(linear % multiprocessors));
  all(Special::SmCount, multiprocessors);
}

void SpecialWriter::shared(Block &block) {
  const LaunchRequest &request = block.cluster().grid().request();
  all(Special::SharedBase, block.rank() << sharedRankShift);
  all(Special::TotalSharedBytes, block.sharedBytes() - sharedReserved);
  all(Special::AggregateSharedBytes, block.sharedBytes());
  all(Special::DynamicSharedBytes, request.dynamicSharedBytes);
  all(Special::ReservedSharedEnd, sharedReserved);
  all(Special::ReservedSharedCap, sharedReserved);
  all(Special::GridIdLow, 1);
}

} // namespace

Special findSpecial(std::string_view name, std::string_view component) {
  for (const Entry &entry : entries) {
    if (entry.name != name || entry.vector == component.empty())
      continue;
    size_t step = std::string_view("xyzw").find(component);
    if (component == "w")
      return Special::Zero;
    return static_cast<Special>(static_cast<size_t>(entry.x) +
                                (entry.vector ? step : 0));
  }
  return Special::Count;
}

Block::Block(Cluster &cluster, Dim3 index, uint32_t rank)
    : cluster_(cluster), index_(index), rank_(rank) {
  const LaunchRequest &request = cluster.grid().request();
  sharedBytes_ =
      sharedReserved + request.kernel->sharedBytes(request.dynamicSharedBytes);
  shared_.reset(new std::byte[sharedBytes_ + 64]);
  std::memset(shared_.get(), 0xCD, sharedBytes_ + 64);
  threads_ = liveThreads_ = static_cast<unsigned>(request.block.count());
  for (unsigned first = 0; first < threads_; first += warpLanes) {
    unsigned count = threads_ - first;
    Mask lanes = count >= warpLanes ? allLanes : (Mask(1) << count) - 1;
    auto warp = std::make_unique<Warp>(*this, first / warpLanes, lanes);
    SpecialWriter writer(*warp);
    writer.threads(first, request.block);
    writer.blocks(*this);
    writer.shared(*this);
    warps_.push_back(std::move(warp));
  }
  const Completion completion = request.settings.of(AsyncKind::Matrix);
  for (unsigned group = 0; group < threads_ / (warpgroupWarps * warpLanes);
       ++group)
    warpgroups_.push_back(std::make_unique<Warpgroup>(completion));
}

std::byte *Block::shared(uint32_t offset, uint64_t bytes) {
  bool inside = offset >= sharedReserved && offset <= sharedBytes_ &&
                bytes <= sharedBytes_ - offset;
  return inside ? shared_.get() + offset : nullptr;
}

Warpgroup *Block::warpgroup(unsigned warp) {
  const unsigned group = warp / warpgroupWarps;
  return group < warpgroups_.size() ? warpgroups_[group].get() : nullptr;
}

void Block::threadsExit(unsigned count) { liveThreads_ -= count; }

} // namespace emulator
