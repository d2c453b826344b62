//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Memory of a GPU, and memory of the host that a GPU copies from and to.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_CUDAMEMORY_H
#define RUNTIME_DEVICE_CUDAMEMORY_H

#include "runtime/device/CudaDriver.h"

#include <utility>

namespace moert {

/// Owns one allocation of the current context. Movable.
class DeviceMemory {
public:
  DeviceMemory() = default;
  ~DeviceMemory() {
    if (address)
      driver->cuMemFree_v2(address);
  }
  DeviceMemory(DeviceMemory &&other) noexcept { *this = std::move(other); }
  DeviceMemory &operator=(DeviceMemory &&other) noexcept {
    std::swap(driver, other.driver);
    std::swap(address, other.address);
    std::swap(bytes, other.bytes);
    return *this;
  }

  /// `purpose` completes "the GPU cannot hold": "the KV cache".
  static Status allocate(const CudaDriver &driver, uint64_t bytes,
                         const std::string &purpose, DeviceMemory &memory) {
    DeviceMemory made;
    made.driver = &driver;
    made.bytes = bytes ? bytes : 1;
    Status status = driver.check(
        driver.cuMemAlloc_v2(&made.address, made.bytes),
        ("hold " + std::to_string(bytes) + " bytes of " + purpose).c_str());
    if (!status.ok())
      return status;
    memory = std::move(made);
    return {};
  }

  cuda::CUdeviceptr get() const { return address; }
  uint64_t size() const { return bytes; }

private:
  const CudaDriver *driver = nullptr;
  cuda::CUdeviceptr address = 0;
  uint64_t bytes = 0;
};

/// Owns page-locked memory of the host. Movable.
class PinnedMemory {
public:
  PinnedMemory() = default;
  ~PinnedMemory() {
    if (base)
      driver->cuMemFreeHost(base);
  }
  PinnedMemory(PinnedMemory &&other) noexcept { *this = std::move(other); }
  PinnedMemory &operator=(PinnedMemory &&other) noexcept {
    std::swap(driver, other.driver);
    std::swap(base, other.base);
    return *this;
  }

  static Status allocate(const CudaDriver &driver, uint64_t bytes,
                         PinnedMemory &memory) {
    PinnedMemory made;
    made.driver = &driver;
    Status status =
        driver.check(driver.cuMemHostAlloc(&made.base, bytes ? bytes : 1, 0),
                     "lock memory of the host for copies");
    if (!status.ok())
      return status;
    memory = std::move(made);
    return {};
  }

  uint8_t *data() const { return static_cast<uint8_t *>(base); }

private:
  const CudaDriver *driver = nullptr;
  void *base = nullptr;
};

} // namespace moert

#endif // RUNTIME_DEVICE_CUDAMEMORY_H
