//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Memory pools and what is known of a pointer.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Call.h"

#include <cstring>

namespace emulator::cuda {

namespace {

/// Calls `body(call, pool)` with the pool behind a handle.
template <class Body> CUresult inPool(CUmemoryPool handle, Body body) {
  return anywhere([&](Call &call) {
    std::shared_ptr<MemoryPool> pool = call.driver.pools.find(handle);
    return pool ? body(call, pool) : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult getPool(CUmemoryPool *handle, CUdevice device, bool original) {
  return anywhere([&](Call &call) {
    if (device != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    if (!handle)
      return CUDA_ERROR_INVALID_VALUE;
    Driver &driver = call.driver;
    *handle = driver.pools.of(
        (original ? driver.defaultPool : driver.currentPool).get());
    return CUDA_SUCCESS;
  });
}

/// Whether a pool's attribute is an int; the others are 64 bits.
bool isSwitch(CUmemPool_attribute attribute) {
  return attribute <= CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES;
}

/// What is known of a pointer, and the answer if nothing is.
struct PointerFacts {
  const Allocation *allocation = nullptr;
  std::shared_ptr<const Region> region;
  CUcontext owner = nullptr;
  CUdeviceptr pointer = 0;
};

template <class T> void answer(void *data, T value) {
  std::memcpy(data, &value, sizeof(value));
}

CUresult attributeOf(const PointerFacts &facts, CUpointer_attribute attribute,
                     void *data) {
  const Allocation *allocation = facts.allocation;
  bool host = facts.region->kind == RegionKind::Host;
  switch (attribute) {
  case CU_POINTER_ATTRIBUTE_CONTEXT:
    answer(data, facts.owner);
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_MEMORY_TYPE:
    answer(data, host ? CU_MEMORYTYPE_HOST : CU_MEMORYTYPE_DEVICE);
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_DEVICE_POINTER:
    answer(data, facts.pointer);
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_HOST_POINTER:
    answer(data, host ? facts.pointer : 0);
    return host ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
  case CU_POINTER_ATTRIBUTE_SYNC_MEMOPS:
  case CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE:
    answer(data, 0);
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_BUFFER_ID:
    answer(data, static_cast<unsigned long long>(facts.region->id));
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_IS_MANAGED:
    answer(data,
           static_cast<unsigned>(allocation && allocation->kind ==
                                                   Allocation::Kind::Managed));
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL:
    answer(data, 0);
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_RANGE_START_ADDR:
    answer(data, static_cast<CUdeviceptr>(facts.region->base));
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_RANGE_SIZE:
    answer(data, static_cast<size_t>(facts.region->bytes));
    return CUDA_SUCCESS;
  case CU_POINTER_ATTRIBUTE_MAPPED:
    answer(data, 1);
    return CUDA_SUCCESS;
  }
  return CUDA_ERROR_INVALID_VALUE;
}

PointerFacts factsOf(Call &call, CUdeviceptr pointer) {
  PointerFacts facts;
  facts.pointer = pointer;
  facts.allocation = call.driver.allocations.find(pointer);
  facts.region = call.driver.device.memory.lookup(pointer, 1);
  if (facts.allocation)
    facts.owner = call.driver.contexts.of(facts.allocation->owner);
  return facts;
}

} // namespace

CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *pool, CUdevice device) {
  return getPool(pool, device, /*original=*/true);
}

CUresult cuDeviceGetMemPool(CUmemoryPool *pool, CUdevice device) {
  return getPool(pool, device, /*original=*/false);
}

CUresult cuDeviceSetMemPool(CUdevice device, CUmemoryPool handle) {
  return inPool(handle, [&](Call &call, std::shared_ptr<MemoryPool> pool) {
    if (device != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    call.driver.currentPool = pool;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolCreate(CUmemoryPool *handle, const CUmemPoolProps *wanted) {
  return anywhere([&](Call &call) {
    constexpr unsigned pinned = 1, device = 1; // the type and the place
    if (!handle || !wanted || wanted->allocType != pinned ||
        wanted->location.type != device || wanted->location.id != 0)
      return CUDA_ERROR_INVALID_VALUE;
    if (wanted->handleTypes)
      return CUDA_ERROR_NOT_SUPPORTED;
    *handle = call.driver.pools.add(std::make_shared<MemoryPool>());
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolDestroy(CUmemoryPool handle) {
  return inPool(handle, [&](Call &call, std::shared_ptr<MemoryPool> pool) {
    if (pool == call.driver.defaultPool)
      return CUDA_ERROR_INVALID_VALUE;
    if (pool == call.driver.currentPool)
      call.driver.currentPool = call.driver.defaultPool;
    call.driver.allocations.forgetPool(pool.get());
    call.driver.pools.remove(handle);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolTrimTo(CUmemoryPool handle, size_t) {
  return inPool(handle, [](Call &, std::shared_ptr<MemoryPool>) {
    return CUDA_SUCCESS; // a pool keeps nothing that is not in use
  });
}

CUresult cuMemPoolSetAttribute(CUmemoryPool handle,
                               CUmemPool_attribute attribute, void *value) {
  return inPool(handle, [&](Call &, std::shared_ptr<MemoryPool> pool) {
    if (!value || attribute < 1 || attribute > CU_MEMPOOL_ATTR_USED_MEM_HIGH)
      return CUDA_ERROR_INVALID_VALUE;
    if (isSwitch(attribute)) {
      int enabled;
      std::memcpy(&enabled, value, sizeof(enabled));
      pool->settings[attribute] = enabled != 0;
    } else if (attribute == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD) {
      std::memcpy(&pool->settings[attribute], value, sizeof(uint64_t));
    } else if (attribute == CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT ||
               attribute == CU_MEMPOOL_ATTR_USED_MEM_CURRENT) {
      return CUDA_ERROR_INVALID_VALUE;
    } else {
      pool->usedHigh = pool->used; // a reset is all that can be written
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuMemPoolGetAttribute(CUmemoryPool handle,
                               CUmemPool_attribute attribute, void *value) {
  return inPool(handle, [&](Call &, std::shared_ptr<MemoryPool> pool) {
    if (!value || attribute < 1 || attribute > CU_MEMPOOL_ATTR_USED_MEM_HIGH)
      return CUDA_ERROR_INVALID_VALUE;
    if (isSwitch(attribute))
      answer(value, static_cast<int>(pool->settings[attribute]));
    else if (attribute == CU_MEMPOOL_ATTR_RELEASE_THRESHOLD)
      answer(value, pool->settings[attribute]);
    else if (attribute == CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH ||
             attribute == CU_MEMPOOL_ATTR_USED_MEM_HIGH)
      answer(value, pool->usedHigh);
    else
      answer(value, pool->used);
    return CUDA_SUCCESS;
  });
}

CUresult cuPointerGetAttribute(void *data, CUpointer_attribute attribute,
                               CUdeviceptr pointer) {
  return inContext([&](Call &call) {
    PointerFacts facts = factsOf(call, pointer);
    if (!data || !facts.region)
      return CUDA_ERROR_INVALID_VALUE;
    return attributeOf(facts, attribute, data);
  });
}

/// Attributes that a pointer does not have are left as they are, but for the
/// kind of memory of an unknown pointer: 0.
CUresult cuPointerGetAttributes(unsigned count, CUpointer_attribute *attributes,
                                void **data, CUdeviceptr pointer) {
  return inContext([&](Call &call) {
    if (!count || !attributes || !data)
      return CUDA_ERROR_INVALID_VALUE;
    PointerFacts facts = factsOf(call, pointer);
    for (unsigned i = 0; i != count; ++i) {
      if (!data[i])
        return CUDA_ERROR_INVALID_VALUE;
      if (facts.region)
        attributeOf(facts, attributes[i], data[i]);
      else if (attributes[i] == CU_POINTER_ATTRIBUTE_MEMORY_TYPE)
        answer(data[i], 0u);
    }
    return CUDA_SUCCESS;
  });
}

} // namespace emulator::cuda
