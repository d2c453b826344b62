//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Uninitialised.h"

#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/WrittenBytes.h"

#include <vector>

namespace emulator {

namespace {

/// The accesses of a cluster.
class ClusterReads final : public Monitor {
public:
  explicit ClusterReads(UninitialisedCheck &launch) : launch_(launch) {}

  void blockBegins(Block &block) override;
  bool access(Warp &warp, const Access &access) override;
  bool engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                    uint32_t bytes) override;
  void async(Warp &warp, Mask lanes, const AsyncEvent &event) override;

private:
  /// Memory in one piece, and what was written of it.
  struct Stretch {
    WrittenBytes written;
    uint64_t base = 0; ///< generic
    uint64_t bytes = 0;
    bool holds(uint64_t address) const { return address - base < bytes; }
  };

  Stretch stretchOf(Warp &warp, uint64_t address);
  /// The first byte that is read and was not written; `address + bytes` if
  /// there is none. Takes down what is written.
  uint64_t visit(Warp &warp, AccessKind kind, uint64_t address, uint64_t bytes);
  static uint64_t visit(const Stretch &stretch, AccessKind kind,
                        uint64_t address, uint64_t bytes);
  void report(Warp &warp, const Access &access);
  void keep(Warp &warp, AccessKind kind, uint64_t bytes, Mask lanes,
            uint64_t missing);

  UninitialisedCheck &launch_;
  /// Of shared memory, block by block.
  std::vector<std::vector<uint64_t>> shared_;
  Mask performing_ = 0; ///< lanes whose operation is performed
};

void ClusterReads::blockBegins(Block &block) {
  shared_.emplace_back(WrittenBytes::words(block.sharedBytes()));
}

ClusterReads::Stretch ClusterReads::stretchOf(Warp &warp, uint64_t address) {
  if (address - sharedWindow < windowBytes) {
    const uint64_t rank = (address - sharedWindow) >> sharedRankShift;
    return {rank < shared_.size() ? WrittenBytes(shared_[rank].data())
                                  : WrittenBytes(),
            sharedWindow + (rank << sharedRankShift),
            uint64_t(1) << sharedRankShift};
  }
  if (address < deviceBase)
    return {};
  const Region *region = warp.regionOf(address);
  return region ? Stretch{region->written, region->base, region->bytes}
                : Stretch{};
}

uint64_t ClusterReads::visit(Warp &warp, AccessKind kind, uint64_t address,
                             uint64_t bytes) {
  return visit(stretchOf(warp, address), kind, address, bytes);
}

uint64_t ClusterReads::visit(const Stretch &stretch, AccessKind kind,
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

bool ClusterReads::access(Warp &warp, const Access &access) {
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
void ClusterReads::report(Warp &warp, const Access &access) {
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

bool ClusterReads::engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                                uint32_t bytes) {
  const uint64_t missing = visit(warp, kind, address, bytes);
  if (missing != address + bytes)
    keep(warp, kind, bytes, performing_, missing);
  return true;
}

void ClusterReads::async(Warp &, Mask lanes, const AsyncEvent &event) {
  if (event.action == AsyncEvent::Action::Perform)
    performing_ = lanes;
}

void ClusterReads::keep(Warp &warp, AccessKind kind, uint64_t bytes, Mask lanes,
                        uint64_t missing) {
  const bool shared = missing - sharedWindow < windowBytes;
  launch_.add([&] {
    return warp.describeFault(
        FaultKind::Check,
        std::string("uninitialised: ") +
            (kind == AccessKind::Load ? "reads " : "updates ") +
            std::to_string(bytes) + " bytes of " +
            (shared ? "shared memory that the block has not written"
                    : "device memory that no copy, fill or kernel has written "
                      "since it was allocated"),
        lanes, &missing);
  });
}

} // namespace

void UninitialisedCheck::launchBegins(Grid &) {
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

std::unique_ptr<Monitor> UninitialisedCheck::ofCluster(Cluster &) {
  return std::make_unique<ClusterReads>(*this);
}

} // namespace emulator
