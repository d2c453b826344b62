//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Device and host memory.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Call.h"

namespace emulator::cuda {

namespace {

constexpr uint64_t pitchBytes = 512;

/// Allocates device memory for the call's context.
CUresult allocate(Call &call, CUdeviceptr *pointer, uint64_t bytes,
                  MemoryPool *pool = nullptr) {
  if (!pointer || !bytes)
    return CUDA_ERROR_INVALID_VALUE;
  uint64_t base =
      call.driver.allocations.allocateDevice(bytes, call.context.get(), pool);
  if (!base)
    return CUDA_ERROR_OUT_OF_MEMORY;
  *pointer = base;
  return CUDA_SUCCESS;
}

/// Calls `body(call)` where a capture does not forbid it.
template <class Body> CUresult outsideCapture(Body body) {
  return inContext([&](Call &call) {
    CUresult refused = call.refuseInCapture();
    return refused == CUDA_SUCCESS ? body(call) : refused;
  });
}

CUresult allocateHost(Call &call, void **pointer, size_t bytes,
                      unsigned flags) {
  if (!pointer || !bytes)
    return CUDA_ERROR_INVALID_VALUE;
  *pointer = call.driver.allocations.allocateHost(
      bytes, Allocation::Kind::Pinned, flags, call.context.get());
  return *pointer ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}

/// Waits for all work, since some of it may use what is freed, then frees.
CUresult freeNow(Call &call, uint64_t base, Allocation::Kind kind) {
  const Allocation *allocation = call.driver.allocations.find(base);
  if (!allocation || allocation->base != base || allocation->kind != kind ||
      allocation->leaving)
    return CUDA_ERROR_INVALID_VALUE;
  CUresult result = call.finishContext(*call.context);
  call.driver.allocations.release(base, kind, "cuMemFree");
  return result;
}

/// The pinned, registered or managed memory that holds a host address.
const Allocation *hostMemory(Call &call, const void *pointer) {
  const Allocation *found =
      call.driver.allocations.find(reinterpret_cast<uint64_t>(pointer));
  return found && found->onHost() ? found : nullptr;
}

} // namespace

CUresult cuMemGetInfo_v2(size_t *free, size_t *total) {
  return inContext([&](Call &call) {
    if (!free || !total)
      return CUDA_ERROR_INVALID_VALUE;
    const DeviceMemory &memory = call.driver.device.memory;
    *total = memory.capacity();
    *free = memory.capacity() - memory.used();
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAlloc_v2(CUdeviceptr *pointer, size_t bytes) {
  return outsideCapture(
      [&](Call &call) { return allocate(call, pointer, bytes); });
}

CUresult cuMemAllocPitch_v2(CUdeviceptr *pointer, size_t *pitch, size_t width,
                            size_t height, unsigned elementBytes) {
  return outsideCapture([&](Call &call) {
    bool valid = elementBytes == 4 || elementBytes == 8 || elementBytes == 16;
    if (!pitch || !valid || !width || !height || width > INT32_MAX)
      return CUDA_ERROR_INVALID_VALUE;
    *pitch = (width + pitchBytes - 1) / pitchBytes * pitchBytes;
    if (height > UINT64_MAX / *pitch)
      return CUDA_ERROR_OUT_OF_MEMORY;
    return allocate(call, pointer, *pitch * height);
  });
}

CUresult cuMemFree_v2(CUdeviceptr pointer) {
  if (!pointer)
    return CUDA_SUCCESS;
  return outsideCapture([&](Call &call) {
    const Allocation *allocation = call.driver.allocations.find(pointer);
    bool managed = allocation && allocation->kind == Allocation::Kind::Managed;
    return freeNow(call, pointer,
                   managed ? Allocation::Kind::Managed
                           : Allocation::Kind::Device);
  });
}

CUresult cuMemGetAddressRange_v2(CUdeviceptr *base, size_t *bytes,
                                 CUdeviceptr pointer) {
  return inContext([&](Call &call) {
    auto region = call.driver.device.memory.lookup(pointer, 1);
    if (!region)
      return CUDA_ERROR_NOT_FOUND;
    if (base)
      *base = region->base;
    if (bytes)
      *bytes = region->bytes;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemAllocHost_v2(void **pointer, size_t bytes) {
  return outsideCapture(
      [&](Call &call) { return allocateHost(call, pointer, bytes, 0); });
}

CUresult cuMemHostAlloc(void **pointer, size_t bytes, unsigned flags) {
  constexpr unsigned known = CU_MEMHOSTALLOC_PORTABLE |
                             CU_MEMHOSTALLOC_DEVICEMAP |
                             CU_MEMHOSTALLOC_WRITECOMBINED;
  return outsideCapture([&](Call &call) {
    return flags & ~known ? CUDA_ERROR_INVALID_VALUE
                          : allocateHost(call, pointer, bytes, flags);
  });
}

CUresult cuMemFreeHost(void *pointer) {
  if (!pointer)
    return CUDA_SUCCESS;
  return outsideCapture([&](Call &call) {
    return freeNow(call, reinterpret_cast<uint64_t>(pointer),
                   Allocation::Kind::Pinned);
  });
}

CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *device, void *host,
                                      unsigned flags) {
  return inContext([&](Call &call) {
    if (!device || flags || !hostMemory(call, host))
      return CUDA_ERROR_INVALID_VALUE;
    *device = reinterpret_cast<CUdeviceptr>(host);
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostGetFlags(unsigned *flags, void *host) {
  return inContext([&](Call &call) {
    const Allocation *memory = hostMemory(call, host);
    if (!flags || !memory)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = memory->flags | CU_MEMHOSTALLOC_DEVICEMAP;
    return CUDA_SUCCESS;
  });
}

CUresult cuMemHostRegister_v2(void *host, size_t bytes, unsigned flags) {
  constexpr unsigned known =
      CU_MEMHOSTREGISTER_PORTABLE | CU_MEMHOSTREGISTER_DEVICEMAP |
      CU_MEMHOSTREGISTER_IOMEMORY | CU_MEMHOSTREGISTER_READ_ONLY;
  return outsideCapture([&](Call &call) {
    if (!host || !bytes || flags & ~known ||
        bytes > UINT64_MAX - reinterpret_cast<uint64_t>(host))
      return CUDA_ERROR_INVALID_VALUE;
    return call.driver.allocations.registerHost(host, bytes, flags,
                                                call.context.get());
  });
}

CUresult cuMemHostUnregister(void *host) {
  return outsideCapture([&](Call &call) {
    CUresult result = freeNow(call, reinterpret_cast<uint64_t>(host),
                              Allocation::Kind::Registered);
    return result == CUDA_ERROR_INVALID_VALUE
               ? CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED
               : result;
  });
}

CUresult cuMemAllocManaged(CUdeviceptr *pointer, size_t bytes, unsigned flags) {
  return outsideCapture([&](Call &call) {
    bool valid = flags == CU_MEM_ATTACH_GLOBAL || flags == CU_MEM_ATTACH_HOST;
    if (!pointer || !bytes || !valid)
      return CUDA_ERROR_INVALID_VALUE;
    void *host = call.driver.allocations.allocateHost(
        bytes, Allocation::Kind::Managed, flags, call.context.get());
    *pointer = reinterpret_cast<CUdeviceptr>(host);
    return host ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
  });
}

/// The address is good at once, a freedom that NVIDIA's documentation leaves to
/// the driver for the stream alone.
CUresult cuMemAllocAsync(CUdeviceptr *pointer, size_t bytes, CUstream handle) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    if (stream.capture)
      return stream.capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    return allocate(call, pointer, bytes, call.driver.currentPool.get());
  });
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *pointer, size_t bytes,
                                 CUmemoryPool pool, CUstream handle) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    if (stream.capture)
      return stream.capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    std::shared_ptr<MemoryPool> found = call.driver.pools.find(pool);
    return found ? allocate(call, pointer, bytes, found.get())
                 : CUDA_ERROR_INVALID_HANDLE;
  });
}

CUresult cuMemFreeAsync(CUdeviceptr pointer, CUstream handle) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    if (!pointer)
      return CUDA_SUCCESS;
    if (stream.capture)
      return stream.capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    Driver &driver = call.driver;
    if (!driver.allocations.markLeaving(pointer))
      return CUDA_ERROR_INVALID_VALUE;
    stream.context.enqueue(stream, [&driver, pointer] {
      std::lock_guard<std::mutex> lock(driver.mutex);
      driver.allocations.release(pointer, Allocation::Kind::Device,
                                 "cuMemFreeAsync");
      return CUDA_SUCCESS;
    });
    return CUDA_SUCCESS;
  });
}

} // namespace emulator::cuda
