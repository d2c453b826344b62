//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Memory.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

namespace emulator {
namespace {

/// Addresses between two regions that belong to none, so that a step over an
/// end is seen.
constexpr uint64_t guardBytes = 4096;
constexpr size_t rememberedFrees = 1024;
constexpr uint64_t lastAddress = uint64_t(80) << 40;

bool before(const std::shared_ptr<const Region> &region, uint64_t address) {
  return region->base <= address;
}

/// The place of the first region beyond `address`.
auto beyond(const MemoryMap &map, uint64_t address) {
  return std::partition_point(
      map.regions.begin(), map.regions.end(),
      [&](const auto &region) { return before(region, address); });
}

/// Fresh pages; a large stretch costs nothing until it is written.
std::shared_ptr<void> mapPages(uint64_t bytes) {
  void *pages = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED)
    return nullptr;
  return std::shared_ptr<void>(pages, [bytes](void *at) { munmap(at, bytes); });
}

/// What fresh memory holds: a NaN in every floating-point type. Larger
/// stretches stay zero, as filling them would take the host's memory.
void fillFresh(void *memory, uint64_t bytes) {
  std::memset(memory, 0xCD, std::min<uint64_t>(bytes, uint64_t(256) << 20));
}

} // namespace

const Region *MemoryMap::find(uint64_t address) const {
  auto next = beyond(*this, address);
  if (next == regions.begin())
    return nullptr;
  const Region &region = **std::prev(next);
  return region.holds(address, 0) && address - region.base < region.bytes
             ? &region
             : nullptr;
}

uint64_t DeviceMemory::allocate(uint64_t bytes, uint64_t align, RegionKind kind,
                                std::string name) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (!bytes || bytes > capacity_ - used_)
    return 0;
  uint64_t base = (next_ + align - 1) & ~(align - 1);
  if (base > lastAddress - bytes)
    return 0;
  auto region = std::make_shared<Region>();
  region->storage = mapPages(bytes);
  if (!region->storage)
    return 0;
  region->base = base;
  region->bytes = bytes;
  region->host = static_cast<std::byte *>(region->storage.get());
  region->kind = kind;
  region->id = ++ids_;
  region->name = std::move(name);
  fillFresh(region->host, bytes);
  if (kind == RegionKind::Device) {
    region->writtenStorage =
        mapPages(WrittenBytes::words(bytes) * sizeof(uint64_t));
    region->written =
        WrittenBytes(static_cast<uint64_t *>(region->writtenStorage.get()));
    if (!region->written)
      return 0;
  }
  auto map = std::make_shared<MemoryMap>(*map_);
  map->regions.insert(beyond(*map, base), region);
  publish(std::move(map));
  // Who runs beyond an array by up to its own size meets no other.
  next_ = (base + bytes + std::max(guardBytes, bytes) + 255) & ~uint64_t(255);
  used_ += bytes;
  return base;
}

bool DeviceMemory::free(uint64_t address, const char *by) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto map = std::make_shared<MemoryMap>(*map_);
  auto found = beyond(*map, address);
  if (found == map->regions.begin())
    return false;
  --found;
  if ((*found)->base != address || (*found)->kind == RegionKind::Host)
    return false;
  // A report needs the place, not the bytes.
  auto remembered = std::make_shared<Region>(**found);
  remembered->storage.reset();
  remembered->host = nullptr;
  remembered->written = {};
  remembered->writtenStorage.reset();
  remembered->freedBy = by;
  if (freed_.size() == rememberedFrees)
    freed_.erase(freed_.begin());
  freed_.push_back(std::move(remembered));
  used_ -= (*found)->bytes;
  map->regions.erase(found);
  publish(std::move(map));
  return true;
}

bool DeviceMemory::mapHost(void *host, uint64_t bytes) {
  auto base = reinterpret_cast<uint64_t>(host);
  std::lock_guard<std::mutex> lock(mutex_);
  if (!bytes || base + bytes < base)
    return false;
  auto map = std::make_shared<MemoryMap>(*map_);
  auto next = beyond(*map, base + bytes - 1);
  if (next != map->regions.begin()) {
    const Region &below = **std::prev(next);
    if (below.base + below.bytes > base)
      return false;
  }
  auto region = std::make_shared<Region>();
  region->base = base;
  region->bytes = bytes;
  region->host = static_cast<std::byte *>(host);
  region->kind = RegionKind::Host;
  region->id = ++ids_;
  map->regions.insert(next, region);
  publish(std::move(map));
  return true;
}

bool DeviceMemory::unmapHost(void *host) {
  auto base = reinterpret_cast<uint64_t>(host);
  std::lock_guard<std::mutex> lock(mutex_);
  auto map = std::make_shared<MemoryMap>(*map_);
  auto next = beyond(*map, base);
  if (next == map->regions.begin())
    return false;
  auto found = std::prev(next);
  if ((*found)->base != base || (*found)->kind != RegionKind::Host)
    return false;
  map->regions.erase(found);
  publish(std::move(map));
  return true;
}

std::shared_ptr<const Region> DeviceMemory::lookup(uint64_t address,
                                                   uint64_t count) const {
  std::shared_ptr<const MemoryMap> map = this->map();
  auto next = beyond(*map, address);
  if (next == map->regions.begin())
    return nullptr;
  auto found = std::prev(next);
  return (*found)->holds(address, count) ? *found : nullptr;
}

std::shared_ptr<const Region> DeviceMemory::freed(uint64_t address) const {
  std::lock_guard<std::mutex> lock(mutex_);
  for (auto region = freed_.rbegin(); region != freed_.rend(); ++region)
    if ((*region)->holds(address, 1))
      return *region;
  return nullptr;
}

bool DeviceMemory::read(void *to, uint64_t from, uint64_t bytes) const {
  auto region = lookup(from, bytes);
  if (!region)
    return false;
  std::memcpy(to, region->host + (from - region->base), bytes);
  return true;
}

bool DeviceMemory::write(uint64_t to, const void *from, uint64_t bytes) {
  auto region = lookup(to, bytes);
  if (!region)
    return false;
  std::memcpy(region->host + (to - region->base), from, bytes);
  if (region->written)
    region->written.add(to - region->base, bytes);
  return true;
}

uint64_t DeviceMemory::used() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return used_;
}

std::shared_ptr<const MemoryMap> DeviceMemory::map() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return map_;
}

void DeviceMemory::publish(std::shared_ptr<MemoryMap> map) {
  map_ = std::move(map);
}

} // namespace emulator
