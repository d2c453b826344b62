//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Uninitialised.h"

#include "runtime/emulator/machine/Grid.h"

namespace emulator {

void UninitialisedCheck::launchBegins(Grid &) {
  shared_.clear();
  lastBlock_ = nullptr;
  performing_ = 0;
  first_ = {};
  found_ = 0;
}

void UninitialisedCheck::launchEnds(Grid &, Fault &fault) {
  if (!found_)
    return;
  if (fault) {
    fault.notes.push_back("before, line " + std::to_string(first_.line) + " (" +
                          first_.instruction + "): " + first_.message);
    return;
  }
  if (found_ > 1)
    first_.notes.push_back("this is the first of " + std::to_string(found_) +
                           " such accesses");
  fault = first_;
}

void UninitialisedCheck::blockBegins(Block &block) {
  shared_[&block].assign(WrittenBytes::words(block.sharedBytes()), 0);
  lastBlock_ = nullptr;
}

void UninitialisedCheck::blockEnds(Block &block) {
  shared_.erase(&block);
  lastBlock_ = nullptr;
}

UninitialisedCheck::Stretch UninitialisedCheck::stretchOf(Warp &warp,
                                                          uint64_t address) {
  if (address - sharedWindow < windowBytes) {
    const uint64_t rank = (address - sharedWindow) >> sharedRankShift;
    Block *block = warp.cluster().block(static_cast<uint32_t>(rank));
    if (block != lastBlock_) {
      lastBlock_ = block;
      auto found = shared_.find(block);
      lastBits_ = found == shared_.end() ? nullptr : found->second.data();
    }
    return {WrittenBytes(lastBits_), sharedWindow + (rank << sharedRankShift),
            uint64_t(1) << sharedRankShift};
  }
  if (address < deviceBase)
    return {};
  const Region *region = warp.regionOf(address);
  return region ? Stretch{region->written, region->base, region->bytes}
                : Stretch{};
}

uint64_t UninitialisedCheck::visit(Warp &warp, AccessKind kind,
                                   uint64_t address, uint64_t bytes) {
  return visit(stretchOf(warp, address), kind, address, bytes);
}

uint64_t UninitialisedCheck::visit(const Stretch &stretch, AccessKind kind,
                                   uint64_t address, uint64_t bytes) {
  if (!stretch.written)
    return address + bytes;
  const uint64_t offset = address - stretch.base;
  uint64_t missing = offset + bytes;
  if (kind == AccessKind::Store)
    stretch.written.add(offset, bytes);
  else
    missing = stretch.written.firstMissing(offset, bytes);
  return stretch.base + missing;
}

bool UninitialisedCheck::access(Warp &warp, const Access &access) {
  // Uses of an mbarrier that was not initialised are faults of their own.
  const AccessKind kind = access.mbarrier ? AccessKind::Store : access.kind;
  uint64_t apart = access.lanes ^ allLanes;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    apart |= access.address[lane] - access.address[0] -
             lane * uint64_t(access.bytes);
  if (!apart) {
    const uint64_t bytes = warpLanes * uint64_t(access.bytes);
    const uint64_t end = access.address[0] + bytes;
    if (visit(warp, kind, access.address[0], bytes) != end)
      report(warp, access);
    return true;
  }
  Stretch stretch;
  for (Mask left = access.lanes; left; left &= left - 1) {
    const uint64_t address = access.address[__builtin_ctz(left)];
    if (!stretch.holds(address))
      stretch = stretchOf(warp, address);
    if (!stretch.written ||
        stretch.written.holds(address - stretch.base, access.bytes))
      continue;
    if (visit(stretch, kind, address, access.bytes) != address + access.bytes) {
      report(warp, access);
      return true;
    }
  }
  return true;
}

/// Finds all lanes that read what is missing.
void UninitialisedCheck::report(Warp &warp, const Access &access) {
  Mask lanes = 0;
  uint64_t missing = 0;
  for (Mask left = access.lanes; left; left &= left - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(left));
    const uint64_t address = access.address[lane];
    const uint64_t found = visit(warp, AccessKind::Load, address, access.bytes);
    if (found == address + access.bytes)
      continue;
    missing = lanes ? missing : found;
    lanes |= Mask(1) << lane;
  }
  keep(warp, access.kind, access.bytes, lanes, missing);
}

bool UninitialisedCheck::engineAccess(Warp &warp, AccessKind kind,
                                      uint64_t address, uint32_t bytes) {
  const uint64_t missing = visit(warp, kind, address, bytes);
  if (missing != address + bytes)
    keep(warp, kind, bytes, performing_, missing);
  return true;
}

void UninitialisedCheck::async(Warp &, Mask lanes, const AsyncEvent &event) {
  if (event.action == AsyncEvent::Action::Perform)
    performing_ = lanes;
}

void UninitialisedCheck::keep(Warp &warp, AccessKind kind, uint64_t bytes,
                              Mask lanes, uint64_t missing) {
  if (found_++)
    return;
  const bool shared = missing - sharedWindow < windowBytes;
  first_ = warp.describeFault(
      FaultKind::Check,
      std::string("uninitialised: ") +
          (kind == AccessKind::Load ? "reads " : "updates ") +
          std::to_string(bytes) + " bytes of " +
          (shared ? "shared memory that the block has not written"
                  : "device memory that no copy, fill or kernel has written "
                    "since it was allocated"),
      lanes, &missing);
}

} // namespace emulator
