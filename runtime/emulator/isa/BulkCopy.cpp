//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.9.25.4: bulk copies and reductions of plain memory.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/AddressOperand.h"
#include "runtime/emulator/isa/BulkReduction.h"
#include "runtime/emulator/isa/Multicast.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Engine.h"

#include <cstring>
#include <iterator>
#include <memory>
#include <vector>

namespace emulator {
namespace {

constexpr uint32_t granule = 16; ///< of addresses and sizes: bytes

/// What a use of a bulk instruction keeps.
struct BulkUse {
  AddressOperand to, from, barrier;
  MemorySpace target = MemorySpace::Global, source = MemorySpace::Global;
  Slot size = noSlot;
  Slot blocks = noSlot; ///< the mask of a multicast
  Slot bytes = noSlot;  ///< which of each 16 bytes are written: .cp_mask
  BulkReduction reduce = nullptr; ///< null for a copy
};

/// The operands of one lane.
struct Bulk {
  uint64_t to = 0, from = 0, barrier = 0;
  uint32_t size = 0;
  uint32_t bytes = 0xFFFF;
};

/// False if a fault was raised.
bool readOperands(Warp &warp, const BulkUse &use, unsigned lane, Bulk &bulk) {
  bulk.to = use.to.at(warp, lane);
  bulk.from = use.from.at(warp, lane);
  bulk.size = warp.lanes<uint32_t>(use.size)[lane];
  if (use.barrier.base != noSlot)
    bulk.barrier = use.barrier.at(warp, lane);
  if (use.bytes != noSlot)
    bulk.bytes = warp.lanes<uint16_t>(use.bytes)[lane];
  const Mask lanes = Mask(1) << lane;
  if (bulk.size % granule) {
    warp.fault(FaultKind::Undefined,
               "a bulk copy of " + std::to_string(bulk.size) +
                   " bytes: must be a multiple of 16",
               lanes);
    return false;
  }
  const uint64_t wrong = bulk.to % granule ? bulk.to : bulk.from;
  if (wrong % granule) {
    warp.fault(FaultKind::MisalignedAddress,
               "an address of a bulk copy is no multiple of 16", lanes, wrong);
    return false;
  }
  return true;
}

/// Writes `values` to the target, or combines them with what it holds.
Outcome deliver(const Engine &engine, const BulkUse &use, const Bulk &bulk,
                const std::byte *values) {
  const AccessKind kind = use.reduce ? AccessKind::Atomic : AccessKind::Store;
  std::byte *target = engine.reach(kind, use.target, bulk.to, bulk.size);
  if (!target)
    return Outcome::Fault;
  engine.warp().wrote();
  if (use.reduce) {
    use.reduce(target, values, bulk.size);
  } else if (bulk.bytes == 0xFFFF) {
    std::memmove(target, values, bulk.size);
  } else {
    for (uint32_t at = 0; at < bulk.size; ++at)
      if (bulk.bytes >> at % granule & 1)
        target[at] = values[at];
  }
  return Outcome::Next;
}

/// To shared memory of the cluster: completes at an mbarrier there.
Outcome copyToShared(Warp &warp, const BulkUse &use, const Bulk &bulk,
                     unsigned lane) {
  return submitToBarrier(
      warp, AsyncKind::Bulk, Mask(1) << lane,
      [&use, bulk](const Engine &engine) {
        if (!bulk.size)
          return engine.complete(bulk.barrier, 0);
        const std::byte *values =
            engine.reach(AccessKind::Load, use.source, bulk.from, bulk.size);
        if (!values || deliver(engine, use, bulk, values) == Outcome::Fault)
          return Outcome::Fault;
        return engine.complete(bulk.barrier, bulk.size);
      });
}

/// To global memory: what is read stands in a buffer until it is written.
Outcome copyToGlobal(Warp &warp, const BulkUse &use, const Bulk &bulk,
                     unsigned lane) {
  if (!bulk.size)
    return Outcome::Next;
  // Grows once the bytes are known to be there.
  auto buffer = std::make_shared<std::vector<std::byte>>();
  const auto read = [&use, bulk, buffer](const Engine &engine) {
    const std::byte *values =
        engine.reach(AccessKind::Load, use.source, bulk.from, bulk.size);
    if (!values)
      return Outcome::Fault;
    buffer->assign(values, values + bulk.size);
    return Outcome::Next;
  };
  return submitStore(warp, lane, read,
                     [&use, bulk, buffer](const Engine &engine) {
                       return deliver(engine, use, bulk, buffer->data());
                     });
}

/// One operation for each block that a multicast names.
Outcome multicast(Warp &warp, const BulkUse &use, const Bulk &bulk,
                  unsigned lane) {
  const uint32_t blocks = warp.lanes<uint16_t>(use.blocks)[lane];
  return eachBlockOf(warp, blocks, lane, [&](uint32_t rank) {
    Bulk one = bulk;
    one.to = sharedAddressIn(rank, bulk.to);
    one.barrier = sharedAddressIn(rank, bulk.barrier);
    return copyToShared(warp, use, one, lane);
  });
}

Outcome copy(Warp &warp, const Instruction &i, Mask lanes) {
  const BulkUse &use = i.detailAs<BulkUse>();
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    Bulk bulk;
    if (!(lanes >> lane & 1))
      continue;
    if (!readOperands(warp, use, lane, bulk))
      return Outcome::Fault;
    Outcome outcome = use.blocks != noSlot ? multicast(warp, use, bulk, lane)
                      : use.barrier.base != noSlot
                          ? copyToShared(warp, use, bulk, lane)
                          : copyToGlobal(warp, use, bulk, lane);
    if (outcome == Outcome::Fault)
      return outcome;
  }
  return Outcome::Next;
}

Outcome commit(Warp &warp, const Instruction &, Mask lanes) {
  commitGroup(warp, AsyncKind::Bulk, lanes);
  return Outcome::Next;
}

template <bool readOnly>
Outcome waitGroup(Warp &warp, const Instruction &i, Mask lanes) {
  const auto keep = static_cast<unsigned>(i.immediate);
  return readOnly ? waitForReads(warp, lanes, keep)
                  : waitForGroups(warp, AsyncKind::Bulk, lanes, keep);
}

/// A prefetch brings nothing to memory that the emulated device has; its
/// addresses need not be valid.
Outcome prefetch(Warp &, const Instruction &, Mask) { return Outcome::Next; }

// --- selectors ---

BulkUse describe(Selection &s) {
  BulkUse use;
  use.to = addressOperand(s, "d");
  use.from = addressOperand(s, "a");
  use.size = s.slot("size");
  std::string_view target = s.word("dst");
  use.target = target.empty() ? MemorySpace::Global : sharedSpace(target);
  use.barrier.base = s.slot("bar");
  if (use.barrier.base != noSlot)
    use.barrier = addressOperand(s, "bar");
  use.blocks = s.slot("blocks");
  use.bytes = s.slot("mask");
  return use;
}

template <MemorySpace source> Handler selectCopy(Selection &s) {
  BulkUse use = describe(s);
  use.source = source;
  s.detail(use);
  return copy;
}

Handler selectReduction(Selection &s) {
  BulkUse use = describe(s);
  use.source = MemorySpace::Shared;
  use.reduce = bulkReduction(s.word("op"), s.type("type"));
  if (!use.reduce)
    return nullptr;
  s.detail(use);
  return copy;
}

Handler selectCommit(Selection &) { return commit; }

Handler selectWait(Selection &s) {
  if (s.constant("n") < 0)
    s.refuse("the number of groups must not be negative");
  s.instruction().immediate = s.constant("n");
  return s.has("read") ? waitGroup<true> : waitGroup<false>;
}

Handler selectPrefetch(Selection &) { return prefetch; }

constexpr MemorySpace global = MemorySpace::Global,
                      shared = MemorySpace::Shared;

#define TO_BARRIER ".mbarrier::complete_tx::bytes"
const Row rows[] = {
    {"9.7.9.25.4.1",
     "cp.async.bulk.dst.global" TO_BARRIER " [d], [a], size:u32, [bar]",
     "dst = shared::cta shared::cluster", selectCopy<global>, "sm_90"},
    {"9.7.9.25.4.1",
     "cp.async.bulk.dst.global" TO_BARRIER
     ".L2::cache_hint [d], [a], size:u32, [bar], policy:b64",
     "dst = shared::cta shared::cluster", selectCopy<global>, "sm_90"},
    {"9.7.9.25.4.1",
     "cp.async.bulk.dst.global" TO_BARRIER
     ".multicast::cluster [d], [a], size:u32, [bar], blocks:b16",
     "dst = shared::cluster", selectCopy<global>, "sm_90"},
    {"9.7.9.25.4.1",
     "cp.async.bulk.dst.global" TO_BARRIER
     ".multicast::cluster.L2::cache_hint [d], [a], size:u32, [bar], "
     "blocks:b16, policy:b64",
     "dst = shared::cluster", selectCopy<global>, "sm_90"},
    {"9.7.9.25.4.1",
     "cp.async.bulk.dst.shared::cta" TO_BARRIER " [d], [a], size:u32, [bar]",
     "dst = shared::cluster", selectCopy<shared>, "sm_90"},
    {"9.7.9.25.4.1",
     "cp.async.bulk.global.shared::cta.bulk_group [d], [a], size:u32", "",
     selectCopy<shared>, "sm_90"},
    {"9.7.9.25.4.1",
     "cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint [d], [a], "
     "size:u32, policy:b64",
     "", selectCopy<shared>, "sm_90"},
    {"9.7.9.25.4.1",
     "cp.async.bulk.global.shared::cta.bulk_group.cp_mask [d], [a], size:u32, "
     "mask:b16",
     "", selectCopy<shared>, "sm_100"},
    {"9.7.9.25.4.1",
     "cp.async.bulk.global.shared::cta.bulk_group.L2::cache_hint.cp_mask [d], "
     "[a], size:u32, policy:b64, mask:b16",
     "", selectCopy<shared>, "sm_100"},
    {"9.7.9.25.4.2",
     "cp.reduce.async.bulk.dst.shared::cta" TO_BARRIER
     ".op.type [d], [a], size:u32, [bar]",
     "dst = shared::cluster; op = and or xor add inc dec min max; "
     "type = s32 u32 s64 u64",
     selectReduction, "sm_90"},
    {"9.7.9.25.4.2",
     "cp.reduce.async.bulk.global.shared::cta.bulk_group.op{.noftz}.type [d], "
     "[a], size:u32",
     "op = and or xor add inc dec min max; "
     "type = f16 bf16 b32 u32 s32 b64 u64 s64 f32 f64",
     selectReduction, "sm_90"},
    {"9.7.9.25.4.2",
     "cp.reduce.async.bulk.global.shared::cta.bulk_group.L2::cache_hint.op"
     "{.noftz}.type [d], [a], size:u32, policy:b64",
     "op = and or xor add inc dec min max; "
     "type = f16 bf16 b32 u32 s32 b64 u64 s64 f32 f64",
     selectReduction, "sm_90"},
    {"9.7.9.25.4.3", "cp.async.bulk.prefetch.L2.global [a], size:u32", "",
     selectPrefetch, "sm_90"},
    {"9.7.9.25.4.3",
     "cp.async.bulk.prefetch.L2.global.L2::cache_hint [a], size:u32, "
     "policy:b64",
     "", selectPrefetch, "sm_90"},
    {"9.7.9.25.6.1", "cp.async.bulk.commit_group", "", selectCommit, "sm_90"},
    {"9.7.9.25.6.2", "cp.async.bulk.wait_group{.read} n:imm", "", selectWait,
     "sm_90"},
};
#undef TO_BARRIER

} // namespace

Section bulkCopySection() {
  return {"Asynchronous Bulk Copy (cp.async.bulk)", rows, std::size(rows)};
}

} // namespace emulator
