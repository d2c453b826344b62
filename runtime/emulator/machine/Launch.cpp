//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Launch.h"

#include "runtime/emulator/machine/Scheduler.h"

#include <algorithm>
#include <chrono>

namespace emulator {
namespace {

/// Of a block, and of blocks on a multiprocessor, on every architecture.
constexpr unsigned mostThreads = 1024, mostBlocks = 32;

/// Threads that a directive allows, at most mostThreads; 0 if none is written.
uint64_t threadsOf(const ptx::Extents &extents) {
  uint64_t threads = 1;
  for (uint32_t extent : extents)
    threads = std::min<uint64_t>(threads * extent, mostThreads);
  return threads;
}

LaunchResult refuse(LaunchStatus status, std::string message) {
  LaunchResult result;
  result.status = status;
  result.message = std::move(message);
  return result;
}

std::string show(Dim3 extent) {
  return std::to_string(extent.x) + "x" + std::to_string(extent.y) + "x" +
         std::to_string(extent.z);
}

/// Extents against the limits of every architecture: CUDA C++ Programming
/// Guide, "Technical Specifications per Compute Capability".
LaunchResult checkExtents(const LaunchRequest &request) {
  Dim3 grid = request.grid, block = request.block;
  if (!grid.count() || !block.count() || !request.cluster.count())
    return refuse(LaunchStatus::InvalidValue,
                  "an extent of grid " + show(grid) + ", block " + show(block) +
                      " or cluster " + show(request.cluster) + " is 0");
  if (grid.x > INT32_MAX || grid.y > 65535 || grid.z > 65535)
    return refuse(LaunchStatus::InvalidValue,
                  "grid " + show(grid) +
                      " is over the limit of 2147483647x65535x65535");
  if (block.x > 1024 || block.y > 1024 || block.z > 64)
    return refuse(LaunchStatus::InvalidValue, "block " + show(block) +
                                                  " is over the limit of "
                                                  "1024x1024x64");
  if (block.count() > request.profile.threadsPerBlock)
    return refuse(LaunchStatus::InvalidValue,
                  "block of " + std::to_string(block.count()) +
                      " threads is over the limit of " +
                      std::to_string(request.profile.threadsPerBlock));
  if (request.parameters.size() != request.kernel->parameterBytes)
    return refuse(LaunchStatus::InvalidValue,
                  "kernel " + request.kernel->name + " has " +
                      std::to_string(request.kernel->parameterBytes) +
                      " bytes of parameters, not " +
                      std::to_string(request.parameters.size()));
  return {};
}

/// The kernel's own directives: .maxntid, .reqntid.
LaunchResult checkDirectives(const LaunchRequest &request) {
  const ptx::Limits &limits = request.kernel->limits;
  Dim3 block = request.block;
  ptx::Extents most = limits.maxThreads;
  if (most[0] && block.count() > threadsOf(most))
    return refuse(LaunchStatus::InvalidValue,
                  "block " + show(block) + " is over .maxntid " +
                      show({most[0], most[1], most[2]}) + " of kernel " +
                      request.kernel->name);
  ptx::Extents exact = limits.requiredThreads;
  if (exact[0] &&
      (block.x != exact[0] || block.y != exact[1] || block.z != exact[2]))
    return refuse(LaunchStatus::InvalidValue,
                  "block " + show(block) + " is not .reqntid " +
                      show({exact[0], exact[1], exact[2]}) + " of kernel " +
                      request.kernel->name);
  return {};
}

LaunchResult checkCluster(const LaunchRequest &request) {
  const ptx::Limits &limits = request.kernel->limits;
  Dim3 cluster = request.cluster;
  ptx::Extents required = limits.requiredCluster;
  bool agrees =
      !required[0] || (cluster.x == required[0] && cluster.y == required[1] &&
                       cluster.z == required[2]);
  if (!agrees)
    return refuse(LaunchStatus::InvalidCluster,
                  "cluster " + show(cluster) + " is not .reqnctapercluster " +
                      show({required[0], required[1], required[2]}));
  if (cluster.x == 1 && cluster.y == 1 && cluster.z == 1)
    return {};
  if (request.profile.number() < 90)
    return refuse(LaunchStatus::InvalidCluster,
                  "clusters need sm_90; the device is " + request.profile.arch);
  unsigned most = request.nonPortableCluster ? 16 : 8;
  if (limits.maxClusterRank)
    most = std::min(most, limits.maxClusterRank);
  bool small = cluster.x <= most && cluster.y <= most && cluster.z <= most;
  if (!small || cluster.count() > most)
    return refuse(LaunchStatus::InvalidCluster,
                  "cluster " + show(cluster) + " is over the limit of " +
                      std::to_string(most) + " blocks");
  if (request.grid.x % cluster.x || request.grid.y % cluster.y ||
      request.grid.z % cluster.z)
    return refuse(LaunchStatus::InvalidCluster,
                  "grid " + show(request.grid) + " is no multiple of cluster " +
                      show(cluster));
  return {};
}

LaunchResult checkResources(const LaunchRequest &request) {
  const Profile &profile = request.profile;
  const Function &kernel = *request.kernel;
  uint64_t shared =
      kernel.sharedBytes(0) + uint64_t(request.dynamicSharedBytes);
  uint64_t most = std::max<uint64_t>(profile.sharedPerBlock,
                                     uint64_t(kernel.sharedBytes(0)) +
                                         request.maxDynamicSharedBytes);
  if (shared > std::min<uint64_t>(most, profile.sharedPerBlockOptIn))
    return refuse(LaunchStatus::InvalidValue,
                  "kernel " + kernel.name + " has " + std::to_string(shared) +
                      " bytes of shared memory; the limit is " +
                      std::to_string(std::min<uint64_t>(
                          most, profile.sharedPerBlockOptIn)));
  if (residentBlocks(profile, kernel,
                     static_cast<unsigned>(request.block.count()),
                     request.dynamicSharedBytes) == 0)
    return refuse(LaunchStatus::OutOfResources,
                  "block of " + std::to_string(request.block.count()) +
                      " threads with " + std::to_string(registersOf(kernel)) +
                      " registers each does not fit on a multiprocessor");
  return {};
}

LaunchResult checkCooperative(const LaunchRequest &request) {
  uint64_t fits =
      uint64_t(residentBlocks(request.profile, *request.kernel,
                              static_cast<unsigned>(request.block.count()),
                              request.dynamicSharedBytes)) *
      request.profile.multiprocessors;
  if (!request.cooperative || request.grid.count() <= fits)
    return {};
  return refuse(LaunchStatus::CooperativeTooLarge,
                "cooperative grid of " + std::to_string(request.grid.count()) +
                    " blocks is over the " + std::to_string(fits) +
                    " that fit at once");
}

} // namespace

unsigned registersOf(const Function &kernel) {
  unsigned count = std::clamp(kernel.pressure, 16u, 255u);
  if (kernel.limits.maxRegisters)
    count = std::min(count, kernel.limits.maxRegisters);
  // ptxas spills until the largest block that is allowed fits.
  ptx::Extents most = kernel.limits.requiredThreads[0]
                          ? kernel.limits.requiredThreads
                          : kernel.limits.maxThreads;
  uint64_t threads = threadsOf(most);
  uint64_t blocks =
      std::clamp(kernel.limits.minBlocksPerMultiprocessor, 1u, mostBlocks);
  if (threads)
    count = static_cast<unsigned>(std::min<uint64_t>(
        count, std::max<uint64_t>(24, 65536 / (threads * blocks) & ~7ull)));
  return (count + 7) & ~7u;
}

unsigned residentBlocks(const Profile &profile, const Function &kernel,
                        unsigned threads, uint32_t dynamicShared) {
  if (!threads || threads > profile.threadsPerMultiprocessor)
    return 0;
  unsigned lanes = (threads + warpLanes - 1) / warpLanes * warpLanes;
  uint64_t shared = sharedReserved + kernel.staticSharedBytes;
  if (dynamicShared)
    shared = uint64_t(sharedReserved) + kernel.dynamicSharedOffset +
             dynamicShared;
  uint64_t blocks = profile.blocksPerMultiprocessor;
  blocks = std::min<uint64_t>(blocks, profile.threadsPerMultiprocessor / lanes);
  blocks = std::min(blocks, profile.sharedPerMultiprocessor / shared);
  return static_cast<unsigned>(std::min<uint64_t>(
      blocks,
      profile.registersPerMultiprocessor / (registersOf(kernel) * lanes)));
}

LaunchResult checkLaunch(const LaunchRequest &request) {
  for (auto check : {checkExtents, checkDirectives, checkCluster,
                     checkResources, checkCooperative}) {
    LaunchResult result = check(request);
    if (result.status != LaunchStatus::Done)
      return result;
  }
  return {};
}

LaunchResult launch(DeviceMemory &memory, const LaunchRequest &request) {
  LaunchResult result = checkLaunch(request);
  if (result.status != LaunchStatus::Done)
    return result;
  auto begin = std::chrono::steady_clock::now();
  Grid grid(memory, request);
  if (request.monitor)
    request.monitor->launchBegins(grid);
  runGrid(grid);
  result.fault = grid.fault();
  if (request.monitor)
    request.monitor->launchEnds(grid, result.fault);
  result.warpInstructions = grid.instructions.load();
  if (result.fault)
    result.status = LaunchStatus::Faulted;
  result.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  return result;
}

} // namespace emulator
