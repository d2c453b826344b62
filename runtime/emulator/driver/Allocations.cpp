//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Allocations.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace emulator::cuda {

namespace {
constexpr uint64_t pageBytes = 4096;
} // namespace

uint64_t Allocations::allocateDevice(uint64_t bytes, Context *owner,
                                     MemoryPool *pool) {
  uint64_t base = memory_.allocate(bytes);
  if (!base)
    return 0;
  byBase_[base] = {
      Allocation::Kind::Device, base, bytes, 0, owner, pool, ++ids_, false};
  if (pool) {
    pool->used += bytes;
    pool->usedHigh = std::max(pool->usedHigh, pool->used);
  }
  return base;
}

void *Allocations::allocateHost(uint64_t bytes, Allocation::Kind kind,
                                unsigned flags, Context *owner) {
  if (bytes > UINT64_MAX - pageBytes)
    return nullptr;
  uint64_t rounded = (bytes + pageBytes - 1) / pageBytes * pageBytes;
  void *host = std::aligned_alloc(pageBytes, rounded);
  if (!host || !memory_.mapHost(host, bytes)) {
    std::free(host);
    return nullptr;
  }
  uint64_t base = reinterpret_cast<uint64_t>(host);
  byBase_[base] = {kind, base, bytes, flags, owner, nullptr, ++ids_, false};
  return host;
}

CUresult Allocations::registerHost(void *host, uint64_t bytes, unsigned flags,
                                   Context *owner) {
  if (!memory_.mapHost(host, bytes))
    return CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED;
  uint64_t base = reinterpret_cast<uint64_t>(host);
  byBase_[base] = {Allocation::Kind::Registered,
                   base,
                   bytes,
                   flags,
                   owner,
                   nullptr,
                   ++ids_,
                   false};
  return CUDA_SUCCESS;
}

void Allocations::release(const Allocation &allocation, const char *by) {
  if (allocation.pool)
    allocation.pool->used -= allocation.bytes;
  if (!allocation.onHost()) {
    memory_.free(allocation.base, by);
    return;
  }
  void *host = reinterpret_cast<void *>(allocation.base);
  memory_.unmapHost(host);
  if (allocation.kind != Allocation::Kind::Registered)
    std::free(host);
}

bool Allocations::release(uint64_t base, Allocation::Kind kind,
                          const char *by) {
  auto found = byBase_.find(base);
  if (found == byBase_.end() || found->second.kind != kind)
    return false;
  release(found->second, by);
  byBase_.erase(found);
  return true;
}

bool Allocations::markLeaving(uint64_t base) {
  auto found = byBase_.find(base);
  if (found == byBase_.end() || found->second.onHost() || found->second.leaving)
    return false;
  found->second.leaving = true;
  return true;
}

void Allocations::forgetPool(const MemoryPool *pool) {
  for (auto &[base, allocation] : byBase_)
    if (allocation.pool == pool)
      allocation.pool = nullptr;
}

void Allocations::releaseAllOf(const Context *owner) {
  for (auto it = byBase_.begin(); it != byBase_.end();) {
    if (it->second.owner == owner) {
      release(it->second, "the end of its context");
      it = byBase_.erase(it);
    } else {
      ++it;
    }
  }
}

const Allocation *Allocations::find(uint64_t address) const {
  auto after = byBase_.upper_bound(address);
  if (after == byBase_.begin())
    return nullptr;
  const Allocation &allocation = std::prev(after)->second;
  return address - allocation.base < allocation.bytes ? &allocation : nullptr;
}

} // namespace emulator::cuda
