//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Functions and occupancy.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Extension.h"
#include "runtime/emulator/driver/Launch.h"

#include <algorithm>

namespace emulator::cuda {

namespace {

/// Calls `body(call, function)` with the function behind a handle.
template <class Body> CUresult inFunction(CUfunction handle, Body body) {
  return inContext([&](Call &call) {
    std::shared_ptr<KernelFunction> function = call.function(handle);
    return function ? body(call, *function) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Blocks of that size that one multiprocessor holds.
unsigned blocksOf(Call &call, const KernelFunction &function, unsigned threads,
                  uint64_t dynamicShared) {
  const Profile &profile = call.driver.device.profile;
  uint64_t most = profile.sharedPerBlockOptIn;
  if (!threads || threads > function.maxThreads(profile) ||
      dynamicShared > most ||
      dynamicShared + function.code.staticSharedBytes > most)
    return 0;
  return residentBlocks(profile, function.code, threads,
                        static_cast<uint32_t>(dynamicShared));
}

/// The best block size up to a limit: most resident threads, then the largest.
struct BlockChoice {
  unsigned threads = 0, blocks = 0;
};

BlockChoice chooseBlock(Call &call, const KernelFunction &function,
                        CUoccupancyB2DSize sharedOf, size_t shared,
                        unsigned limit) {
  BlockChoice best;
  unsigned most = function.maxThreads(call.driver.device.profile);
  if (limit)
    most = std::min(most, limit);
  for (unsigned threads = most; threads;) {
    uint64_t bytes = sharedOf ? sharedOf(static_cast<int>(threads)) : shared;
    unsigned blocks = blocksOf(call, function, threads, bytes);
    if (blocks * threads > best.blocks * best.threads)
      best = {threads, blocks};
    threads = threads % 32 ? threads / 32 * 32 : threads - 32;
  }
  return best;
}

/// Clusters of a configuration that the device holds at once.
CUresult clustersOf(Call &call, const KernelFunction &function,
                    const CUlaunchConfig &config, uint64_t clusterBlocks,
                    unsigned &clusters) {
  const Profile &profile = call.driver.device.profile;
  if (profile.major < 9)
    return CUDA_ERROR_NOT_SUPPORTED;
  unsigned most = function.nonPortableCluster ? 16 : profile.clusterBlocks;
  if (!clusterBlocks || clusterBlocks > most)
    return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  uint64_t threads =
      uint64_t(config.blockDimX) * config.blockDimY * config.blockDimZ;
  if (!threads || threads > profile.threadsPerBlock)
    return CUDA_ERROR_INVALID_VALUE;
  uint64_t blocks = blocksOf(call, function, static_cast<unsigned>(threads),
                             config.sharedMemBytes);
  clusters =
      static_cast<unsigned>(blocks * profile.multiprocessors / clusterBlocks);
  return CUDA_SUCCESS;
}

/// Blocks of the cluster that a configuration, or the code, names; 0 for none.
uint64_t clusterOf(const KernelFunction &function,
                   const CUlaunchConfig &config) {
  const ptx::Extents &required = function.code.limits.requiredCluster;
  if (required[0])
    return uint64_t(required[0]) * std::max(required[1], 1u) *
           std::max(required[2], 1u);
  for (unsigned i = 0; config.attrs && i != config.numAttrs; ++i)
    if (config.attrs[i].id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
      auto &cluster = config.attrs[i].value.clusterDim;
      auto blocks = [](unsigned extent) { return std::min(extent, 17u); };
      return blocks(cluster.x) * blocks(cluster.y) * blocks(cluster.z);
    }
  return 0;
}

} // namespace

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute,
                            CUfunction handle) {
  return inFunction(handle, [&](Call &call, KernelFunction &function) {
    return value ? function.attribute(call.driver.device, attribute, *value)
                 : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuFuncSetAttribute(CUfunction handle, CUfunction_attribute attribute,
                            int value) {
  return inFunction(handle, [&](Call &call, KernelFunction &function) {
    return function.setAttribute(call.driver.device, attribute, value);
  });
}

CUresult cuFuncSetCacheConfig(CUfunction handle, CUfunc_cache config) {
  return inFunction(handle, [&](Call &, KernelFunction &) {
    return config <= CU_FUNC_CACHE_PREFER_EQUAL ? CUDA_SUCCESS
                                                : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuFuncGetModule(CUmodule *module, CUfunction handle) {
  return inFunction(handle, [&](Call &call, KernelFunction &function) {
    if (!module)
      return CUDA_ERROR_INVALID_VALUE;
    *module = call.driver.modules.of(&function.module);
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncGetName(const char **name, CUfunction handle) {
  return inFunction(handle, [&](Call &, KernelFunction &function) {
    if (!name)
      return CUDA_ERROR_INVALID_VALUE;
    *name = function.code.name.c_str();
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncGetParamInfo(CUfunction handle, size_t index, size_t *offset,
                            size_t *bytes) {
  return inFunction(handle, [&](Call &, KernelFunction &function) {
    return parameterOf(function, index, offset, bytes);
  });
}

CUresult cuEmulatedKernel(CUfunction handle, ExtensionKernel *kernel) {
  return inFunction(handle, [&](Call &, KernelFunction &function) {
    if (!kernel)
      return CUDA_ERROR_INVALID_VALUE;
    const Function &code = function.code;
    *kernel = {};
    kernel->name = code.name.c_str();
    kernel->parameters = code.parameters.size();
    for (unsigned axis = 0; axis != 3; ++axis) {
      kernel->requiredThreads[axis] = code.limits.requiredThreads[axis];
      kernel->maxThreads[axis] = code.limits.maxThreads[axis];
      kernel->requiredCluster[axis] = code.limits.requiredCluster[axis];
    }
    kernel->cluster = code.limits.explicitCluster;
    kernel->registers = registersOf(code);
    kernel->sharedBytes = code.staticSharedBytes;
    kernel->localBytes = code.localBytes;
    return CUDA_SUCCESS;
  });
}

CUresult cuEmulatedParameter(CUfunction handle, size_t index,
                             ExtensionParameter *parameter) {
  return inFunction(handle, [&](Call &, KernelFunction &function) {
    if (!parameter || index >= function.code.parameters.size())
      return CUDA_ERROR_INVALID_VALUE;
    const Parameter &found = function.code.parameters[index];
    *parameter = {found.name.c_str(), nameOf(found.type).data(), found.offset,
                  found.bytes};
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncIsLoaded(CUfunctionLoadingState *state, CUfunction handle) {
  return inFunction(handle, [&](Call &, KernelFunction &) {
    if (!state)
      return CUDA_ERROR_INVALID_VALUE;
    *state = CU_FUNCTION_LOADING_STATE_LOADED;
    return CUDA_SUCCESS;
  });
}

CUresult cuFuncLoad(CUfunction handle) {
  return inFunction(handle,
                    [](Call &, KernelFunction &) { return CUDA_SUCCESS; });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *blocks,
                                                     CUfunction handle,
                                                     int threads,
                                                     size_t shared) {
  return inFunction(handle, [&](Call &call, KernelFunction &function) {
    if (!blocks || threads <= 0)
      return CUDA_ERROR_INVALID_VALUE;
    *blocks = static_cast<int>(
        blocksOf(call, function, static_cast<unsigned>(threads),
                 std::min<uint64_t>(shared, UINT32_MAX)));
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(int *blocks,
                                                              CUfunction handle,
                                                              int threads,
                                                              size_t shared,
                                                              unsigned flags) {
  if (flags > 1)
    return CUDA_ERROR_INVALID_VALUE;
  return cuOccupancyMaxActiveBlocksPerMultiprocessor(blocks, handle, threads,
                                                     shared);
}

CUresult cuOccupancyMaxPotentialBlockSize(int *gridSize, int *blockSize,
                                          CUfunction handle,
                                          CUoccupancyB2DSize sharedOf,
                                          size_t shared, int limit) {
  return inFunction(handle, [&](Call &call, KernelFunction &function) {
    if (!gridSize || !blockSize || limit < 0)
      return CUDA_ERROR_INVALID_VALUE;
    BlockChoice best = chooseBlock(call, function, sharedOf, shared,
                                   static_cast<unsigned>(limit));
    *blockSize = static_cast<int>(best.threads);
    *gridSize = static_cast<int>(best.blocks *
                                 call.driver.device.profile.multiprocessors);
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(
    int *gridSize, int *blockSize, CUfunction handle,
    CUoccupancyB2DSize sharedOf, size_t shared, int limit, unsigned flags) {
  if (flags > 1)
    return CUDA_ERROR_INVALID_VALUE;
  return cuOccupancyMaxPotentialBlockSize(gridSize, blockSize, handle, sharedOf,
                                          shared, limit);
}

/// Searched for, since residentBlocks() only goes the other way.
CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *bytes,
                                                 CUfunction handle, int blocks,
                                                 int threads) {
  return inFunction(handle, [&](Call &call, KernelFunction &function) {
    if (!bytes || blocks <= 0 || threads <= 0)
      return CUDA_ERROR_INVALID_VALUE;
    auto fits = [&](uint64_t shared) {
      return blocksOf(call, function, static_cast<unsigned>(threads), shared) >=
             static_cast<unsigned>(blocks);
    };
    if (!fits(0))
      return CUDA_ERROR_INVALID_VALUE;
    uint64_t low = 0, high = call.driver.device.profile.sharedPerBlockOptIn;
    while (low < high) {
      uint64_t middle = (low + high + 1) / 2;
      if (fits(middle))
        low = middle;
      else
        high = middle - 1;
    }
    *bytes = low;
    return CUDA_SUCCESS;
  });
}

CUresult cuOccupancyMaxPotentialClusterSize(int *size, CUfunction handle,
                                            const CUlaunchConfig *config) {
  return inFunction(handle, [&](Call &call, KernelFunction &function) {
    if (!size || !config)
      return CUDA_ERROR_INVALID_VALUE;
    unsigned clusters = 0;
    for (unsigned blocks = function.nonPortableCluster ? 16 : 8; blocks;
         blocks /= 2) {
      CUresult result = clustersOf(call, function, *config, blocks, clusters);
      if (result != CUDA_SUCCESS)
        return result;
      *size = static_cast<int>(blocks);
      if (clusters)
        return CUDA_SUCCESS;
    }
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  });
}

CUresult cuOccupancyMaxActiveClusters(int *count, CUfunction handle,
                                      const CUlaunchConfig *config) {
  return inFunction(handle, [&](Call &call, KernelFunction &function) {
    if (!count || !config)
      return CUDA_ERROR_INVALID_VALUE;
    unsigned clusters = 0;
    CUresult result = clustersOf(call, function, *config,
                                 clusterOf(function, *config), clusters);
    *count = static_cast<int>(clusters);
    return result;
  });
}

} // namespace emulator::cuda
