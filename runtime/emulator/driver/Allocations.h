//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Memory that programs got from the driver: device, pinned, registered and
// managed memory. Guarded by the driver's mutex.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_ALLOCATIONS_H
#define RUNTIME_EMULATOR_DRIVER_ALLOCATIONS_H

#include "runtime/emulator/driver/Cuda.h"
#include "runtime/emulator/machine/Memory.h"

#include <map>

namespace emulator::cuda {

class Context;

/// A pool of stream-ordered allocations. Memory goes back to the device as it
/// is freed, so the pool only counts.
struct MemoryPool {
  uint64_t settings[9] = {}; ///< by CUmemPool_attribute, those that are set
  uint64_t used = 0, usedHigh = 0; ///< bytes
};

struct Allocation {
  enum class Kind : uint8_t { Device, Pinned, Registered, Managed };
  Kind kind = Kind::Device;
  uint64_t base = 0, bytes = 0;
  unsigned flags = 0;
  Context *owner = nullptr;
  MemoryPool *pool = nullptr;
  uint64_t id = 0;
  bool leaving = false; ///< a stream will free it

  bool onHost() const { return kind != Kind::Device; }
};

class Allocations {
public:
  explicit Allocations(DeviceMemory &memory) : memory_(memory) {}

  /// Device memory; 0 if there is none left.
  uint64_t allocateDevice(uint64_t bytes, Context *owner, MemoryPool *pool);
  /// Page-aligned host memory that kernels can reach; null if there is none.
  void *allocateHost(uint64_t bytes, Allocation::Kind kind, unsigned flags,
                     Context *owner);
  /// Lets kernels reach memory of the program's own.
  CUresult registerHost(void *host, uint64_t bytes, unsigned flags,
                        Context *owner);
  /// Frees what begins at `base` and is of that kind; false if nothing does.
  /// `by` is the call that frees.
  bool release(uint64_t base, Allocation::Kind kind, const char *by);
  /// Marks device memory as freed by a stream, which calls release() later.
  bool markLeaving(uint64_t base);
  /// Lets what came from a pool live on without it.
  void forgetPool(const MemoryPool *pool);
  void releaseAllOf(const Context *owner);

  /// The allocation that holds an address, or null.
  const Allocation *find(uint64_t address) const;

private:
  void release(const Allocation &allocation, const char *by);

  DeviceMemory &memory_;
  std::map<uint64_t, Allocation> byBase_;
  uint64_t ids_ = 0;
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_ALLOCATIONS_H
