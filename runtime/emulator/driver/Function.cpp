//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What is known of a kernel, and what can be set for it.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Device.h"
#include "runtime/emulator/driver/Module.h"

#include <algorithm>

namespace emulator::cuda {

unsigned KernelFunction::maxThreads(const Profile &profile) const {
  auto product = [](const ptx::Extents &extents) -> uint64_t {
    // No extent counts for more than a block may have.
    auto threads = [](uint32_t extent) {
      return std::clamp<uint64_t>(extent, 1, 1024);
    };
    return extents[0] ? threads(extents[0]) * threads(extents[1]) *
                            threads(extents[2])
                      : 0;
  };
  uint64_t most = profile.threadsPerBlock;
  for (uint64_t declared :
       {product(code.limits.maxThreads), product(code.limits.requiredThreads)})
    if (declared)
      most = std::min(most, declared);
  uint64_t registers = std::max(registersOf(code), 1u);
  uint64_t byRegisters =
      profile.registersPerMultiprocessor / registers / 32 * 32;
  return static_cast<unsigned>(std::min(most, byRegisters));
}

uint32_t KernelFunction::maxDynamicShared(const Profile &profile) const {
  if (dynamicShared >= 0)
    return static_cast<uint32_t>(dynamicShared);
  return profile.sharedPerBlock -
         std::min(profile.sharedPerBlock, code.staticSharedBytes);
}

CUresult KernelFunction::attribute(const Device &device,
                                   CUfunction_attribute attribute,
                                   int &value) const {
  const Profile &profile = device.profile;
  auto number = [&](uint64_t result) {
    value = static_cast<int>(result);
    return CUDA_SUCCESS;
  };
  const ptx::Extents &required = code.limits.requiredCluster;
  auto extent = [&](unsigned axis) {
    return number(required[0] ? required[axis] : cluster[axis]);
  };
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:
    return number(maxThreads(profile));
  case CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:
    return number(code.staticSharedBytes);
  case CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:
    return number(program->constantBytes());
  case CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:
    return number(code.localBytes);
  case CU_FUNC_ATTRIBUTE_NUM_REGS:
    return number(registersOf(code));
  case CU_FUNC_ATTRIBUTE_PTX_VERSION:
    return number(program->ptxVersion());
  case CU_FUNC_ATTRIBUTE_BINARY_VERSION:
    return number(profile.number());
  case CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:
    return number(0);
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    return number(maxDynamicShared(profile));
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    return number(static_cast<unsigned>(carveout));
  case CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET:
    return number(code.limits.explicitCluster && !required[0]);
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
    return extent(0);
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
    return extent(1);
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
    return extent(2);
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    return number(nonPortableCluster);
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    return number(clusterPolicy);
  }
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult KernelFunction::setAttribute(const Device &device,
                                      CUfunction_attribute attribute,
                                      int value) {
  const Profile &profile = device.profile;
  switch (attribute) {
  case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
    if (value < 0 || static_cast<uint64_t>(value) + code.staticSharedBytes >
                         profile.sharedPerBlockOptIn)
      return CUDA_ERROR_INVALID_VALUE;
    dynamicShared = value;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
    if (value < -1 || value > 100)
      return CUDA_ERROR_INVALID_VALUE;
    carveout = value;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT:
  case CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH:
    if (value < 0 || profile.major < 9 || code.limits.requiredCluster[0])
      return CUDA_ERROR_INVALID_VALUE;
    cluster[attribute - CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH] =
        static_cast<uint32_t>(value);
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
    nonPortableCluster = value != 0;
    return CUDA_SUCCESS;
  case CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE:
    if (value < 0 || value > 2)
      return CUDA_ERROR_INVALID_VALUE;
    clusterPolicy = value;
    return CUDA_SUCCESS;
  default:
    return CUDA_ERROR_INVALID_VALUE;
  }
}

} // namespace emulator::cuda
