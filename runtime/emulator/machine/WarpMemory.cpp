//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Addresses of a warp's accesses: from any space to host memory.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/Place.h"

namespace emulator {
namespace {

/// The space of a generic address, and the address in that space.
MemorySpace spaceOf(uint64_t &address) {
  if (address - sharedWindow < windowBytes) {
    address -= sharedWindow;
    return MemorySpace::SharedCluster;
  }
  if (address - localWindow < windowBytes) {
    address -= localWindow;
    return MemorySpace::Local;
  }
  if (address - paramWindow < windowBytes) {
    address -= paramWindow;
    return MemorySpace::Param;
  }
  return MemorySpace::Global;
}

/// The generic address of an address in `space`.
uint64_t genericOf(MemorySpace space, uint64_t address) {
  switch (space) {
  case MemorySpace::Shared:
  case MemorySpace::SharedCluster:
    return sharedWindow + address;
  case MemorySpace::Local:
    return localWindow + address;
  case MemorySpace::Param:
    return paramWindow + address;
  default:
    return address;
  }
}

/// What lies around an address that is in no region.
std::string neighbourhood(Grid &grid, uint64_t address) {
  if (auto freed = grid.memory().freed(address))
    return "lies in " + nameOf(*freed) + " that was freed" +
           (freed->freedBy.empty() ? "" : " by " + freed->freedBy);
  const Region *below = nullptr;
  for (const auto &region : grid.map().regions)
    if (region->base <= address)
      below = region.get();
  if (!below)
    return "lies below all device memory";
  uint64_t past = address - below->base - below->bytes;
  if (address - below->base < below->bytes)
    return "reaches beyond the end of " + nameOf(*below);
  return "lies " + std::to_string(past) + " bytes beyond the end of " +
         nameOf(*below);
}

bool anyGlobal(const Access &access) {
  bool any = false;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    uint64_t address = access.address[lane];
    any |= access.lanes >> lane & 1 && spaceOf(address) == MemorySpace::Global;
  }
  return any;
}

std::string faultText(Warp &warp, MemorySpace space, uint64_t address) {
  switch (space) {
  case MemorySpace::Shared:
    return "shared address is not in the block's " +
           std::to_string(warp.block().sharedBytes() - sharedReserved) +
           " bytes, which begin at offset 1024";
  case MemorySpace::SharedCluster:
    return "shared address is in no block of the cluster";
  case MemorySpace::Local:
    return "local address is outside of the function's variables";
  case MemorySpace::Param:
    return "address is outside of the kernel's parameters";
  default:
    return "address " + neighbourhood(warp.grid(), address);
  }
}

} // namespace

const Region *Warp::regionOf(uint64_t address) {
  const Region *&cached = regions_[pc_ % 64];
  if (!cached || address - cached->base >= cached->bytes)
    cached = grid().map().find(address);
  return cached;
}

std::byte *Warp::at(MemorySpace space, uint64_t address, uint64_t bytes,
                    unsigned lane) {
  if (space == MemorySpace::Generic)
    space = spaceOf(address);
  switch (space) {
  case MemorySpace::Shared:
    address -= shared_.base;
    return address > sharedOffsetMask ? nullptr : block_.shared(address, bytes);
  case MemorySpace::SharedCluster: {
    Block *block = address < windowBytes
                       ? cluster().block(address >> sharedRankShift)
                       : nullptr;
    return block ? block->shared(address & sharedOffsetMask, bytes) : nullptr;
  }
  case MemorySpace::Local: {
    uint64_t size = stackHeight();
    bool inside = bytes <= size && address <= size - bytes;
    return inside ? localMemory(lane) + address : nullptr;
  }
  case MemorySpace::Param: {
    uint64_t size = grid().parameterBytes();
    bool inside = bytes <= size && address <= size - bytes;
    return inside ? grid().parameters() + address : nullptr;
  }
  default: {
    const Region *region = regionOf(address);
    return region && region->holds(address, bytes)
               ? region->host + (address - region->base)
               : nullptr;
  }
  }
}

/// Raises the fault of an address that at() refused. Always false.
bool Warp::badAddress(const Access &access, unsigned lane) {
  uint64_t address = access.address[lane];
  MemorySpace space = access.space;
  if (space == MemorySpace::Generic)
    space = spaceOf(address);
  Mask lanes = 0;
  for (unsigned other = 0; other < warpLanes; ++other)
    if (access.lanes >> other & 1 &&
        !at(access.space, access.address[other], access.bytes, other))
      lanes |= Mask(1) << other;
  fault(FaultKind::IllegalAddress, faultText(*this, space, address), lanes,
        access.address[lane]);
  return false;
}

/// The short way of lanes that all lie well in one stretch of memory: the
/// block's own shared memory, or a region that may be written. False, with
/// nothing changed, for others.
bool Warp::translateTogether(Access &access, Pointers &pointers) {
  uint64_t &first = access.address[__builtin_ctz(access.lanes)];
  MemorySpace space = access.space;
  uint64_t base = 0, size = 0, window = 0;
  std::byte *host = nullptr;
  if (space == MemorySpace::Generic && first - sharedWindow < windowBytes) {
    space = MemorySpace::Shared;
    base = sharedWindow;
  }
  if (space == MemorySpace::Shared || space == MemorySpace::SharedCluster) {
    window = base ? 0 : sharedWindow;
    base += shared_.base + sharedReserved;
    size = shared_.bytes - sharedReserved;
    host = shared_.memory + sharedReserved;
  } else if (first >= deviceBase && space != MemorySpace::Local &&
             space != MemorySpace::Param) {
    const Region *region = regionOf(first);
    if (!region || region->kind == RegionKind::Constant)
      return false;
    base = region->base;
    size = region->bytes;
    host = region->host;
  }
  const uint64_t align = access.align ? access.align : access.bytes;
  if (size < access.bytes)
    return false;
  uint64_t wrong = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    const uint64_t at = access.address[lane] - base;
    const uint64_t bad = (at > size - access.bytes) |
                         ((access.address[lane] & (align - 1)) != 0);
    wrong |= access.lanes >> lane & 1 ? bad : 0;
  }
  if (wrong)
    return false;
  // In integers: other lanes have any address.
  const uint64_t origin = reinterpret_cast<uintptr_t>(host) - base;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    pointers.lane[lane] =
        reinterpret_cast<std::byte *>(origin + access.address[lane]);
    access.address[lane] += window;
  }
  return true;
}

bool Warp::tell(const Access &access, Pointers &pointers) {
  if (!monitor_)
    return true;
  if (access.strong() && anyGlobal(access))
    pointers.alone = std::unique_lock<std::mutex>(grid().strongAccesses());
  return monitor_->access(*this, access);
}

bool Warp::translate(Access &access, Pointers &pointers) {
  if (translateTogether(access, pointers))
    return tell(access, pointers);
  uint32_t align = access.align ? access.align : access.bytes;
  Mask misaligned = 0;
  bool writes = access.kind != AccessKind::Load;
  for (Mask left = access.lanes; left; left &= left - 1) {
    auto lane = static_cast<unsigned>(__builtin_ctz(left));
    uint64_t address = access.address[lane];
    if (address & (align - 1))
      misaligned |= Mask(1) << lane;
    pointers.lane[lane] = at(access.space, address, access.bytes, lane);
    if (!pointers.lane[lane])
      return badAddress(access, lane);
    uint64_t generic = genericOf(access.space, address);
    uint64_t local = generic;
    MemorySpace space = spaceOf(local);
    bool readOnly = space == MemorySpace::Param;
    if (space == MemorySpace::Global && writes)
      readOnly = regionOf(address)->kind == RegionKind::Constant;
    if (writes && readOnly) {
      fault(FaultKind::IllegalAddress, "write to read-only memory",
            Mask(1) << lane, generic);
      return false;
    }
  }
  if (misaligned) {
    auto lane = static_cast<unsigned>(__builtin_ctz(misaligned));
    fault(FaultKind::MisalignedAddress,
          "address is no multiple of " + std::to_string(align), misaligned,
          access.address[lane]);
    return false;
  }
  for (uint64_t &address : access.address)
    address = genericOf(access.space, address);
  return tell(access, pointers);
}

} // namespace emulator
