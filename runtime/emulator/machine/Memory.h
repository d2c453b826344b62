//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Address windows and the global memory of an emulated device.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_MEMORY_H
#define RUNTIME_EMULATOR_MACHINE_MEMORY_H

#include "runtime/emulator/machine/WrittenBytes.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace emulator {

/// The windows of the generic address space. A global address is its own
/// generic address; pinned host memory keeps its host address.
constexpr uint64_t sharedWindow = uint64_t(1) << 40;
constexpr uint64_t localWindow = uint64_t(2) << 40;
constexpr uint64_t paramWindow = uint64_t(3) << 40;
constexpr uint64_t windowBytes = uint64_t(1) << 32;
/// Device memory is handed out upwards from here; no address is used twice.
constexpr uint64_t deviceBase = uint64_t(10) << 40;

/// A shared address is the rank of the block in its cluster and an offset:
/// `rank << 24 | offset`, for the block's own memory, too. The first KiB
/// belongs to the system, so offset 0 is no variable's.
constexpr unsigned sharedRankShift = 24;
constexpr uint32_t sharedOffsetMask = (uint32_t(1) << sharedRankShift) - 1;
constexpr uint32_t sharedReserved = 1024;

/// What a stretch of global memory is.
enum class RegionKind : uint8_t {
  Device,   ///< allocated
  Host,     ///< pinned or mapped host memory
  Variable, ///< a `.global` of a module
  Constant, ///< a `.const` of a module: read-only
};

/// A live stretch of global memory.
struct Region {
  uint64_t base = 0;
  uint64_t bytes = 0;
  std::byte *host = nullptr; ///< where byte `base` lies
  RegionKind kind = RegionKind::Device;
  uint64_t id = 0;  ///< counted from 1 over the device's life
  std::string name; ///< of a variable
  std::shared_ptr<void> storage;
  /// Of RegionKind::Device; all else is born with a value.
  WrittenBytes written;
  std::shared_ptr<void> writtenStorage;
  std::string freedBy; ///< the call that freed it

  bool holds(uint64_t address, uint64_t count) const {
    return address >= base && count <= bytes && address - base <= bytes - count;
  }
};

/// All regions at one moment, sorted by address. A launch takes one, so that a
/// later free of the host cannot pull memory from under it.
class MemoryMap {
public:
  /// The region that holds `address`, or null.
  const Region *find(uint64_t address) const;
  std::vector<std::shared_ptr<const Region>> regions;
};

/// The global memory of a device. Every member may be called from any thread.
class DeviceMemory {
public:
  explicit DeviceMemory(uint64_t capacity = uint64_t(80) << 30)
      : capacity_(capacity) {}

  /// The address of fresh memory, filled with 0xCD; a multiple of `align` (a
  /// power of two, at least 256). 0 if `bytes` is 0 or over what is free.
  uint64_t allocate(uint64_t bytes, uint64_t align = 256,
                    RegionKind kind = RegionKind::Device,
                    std::string name = {});
  /// False if `address` is not what allocate() returned, or was freed. `by` is
  /// the call that asks for it: reports of a use after it name it.
  bool free(uint64_t address, const char *by = "");

  /// Lets kernels reach `bytes` of host memory at their host address. False if
  /// they overlap a region.
  bool mapHost(void *host, uint64_t bytes);
  bool unmapHost(void *host);

  /// The live region that holds `count` bytes from `address`, or null.
  std::shared_ptr<const Region> lookup(uint64_t address, uint64_t count) const;
  /// The region freed last that held `address`, or null: for reports.
  std::shared_ptr<const Region> freed(uint64_t address) const;

  /// Copies of the host. False, with nothing done, outside of one region.
  bool read(void *to, uint64_t from, uint64_t bytes) const;
  bool write(uint64_t to, const void *from, uint64_t bytes);

  uint64_t capacity() const { return capacity_; }
  uint64_t used() const;
  std::shared_ptr<const MemoryMap> map() const;

private:
  void publish(std::shared_ptr<MemoryMap> map);

  const uint64_t capacity_;
  mutable std::mutex mutex_;
  std::shared_ptr<const MemoryMap> map_ = std::make_shared<MemoryMap>();
  std::vector<std::shared_ptr<const Region>> freed_;
  uint64_t next_ = deviceBase;
  uint64_t used_ = 0;
  uint64_t ids_ = 0;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_MEMORY_H
