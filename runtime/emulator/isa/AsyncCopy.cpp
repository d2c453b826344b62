//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.9.25.3: cp.async, which copies from global to shared memory.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/AddressOperand.h"
#include "runtime/emulator/isa/MbarrierAccess.h"
#include "runtime/emulator/isa/MemoryPath.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Engine.h"
#include "runtime/emulator/machine/Memory.h"

#include <array>
#include <cstring>
#include <iterator>

namespace emulator {

namespace {

struct CopyUse {
  AddressOperand to, from;
  uint32_t bytes = 0; ///< that are written: 4, 8 or 16
  Slot size = noSlot; ///< bytes that are read; the others are 0
};

/// What a use of cp.async.mbarrier.arrive keeps.
struct ArriveUse {
  AddressOperand address;
  MemorySpace space = MemorySpace::Generic;
  bool expected = false; ///< .noinc: the barrier's count includes it
};

/// The copies of a warp, as their operands were when they were issued.
struct Copies {
  uint32_t bytes = 0;
  uint64_t to[warpLanes] = {}, from[warpLanes] = {};
  uint32_t size[warpLanes] = {};
};

/// Reads for the lanes whose source has `size` bytes.
bool readSources(Warp &warp, const Copies &copies, Mask lanes, uint32_t size,
                 uint8_t (*values)[16]) {
  Access access;
  access.space = MemorySpace::Global;
  access.kind = AccessKind::Load;
  access.bytes = size;
  access.align = copies.bytes;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1 && copies.size[lane] == size)
      access.lanes |= Mask(1) << lane;
  if (!access.lanes || !size)
    return true;
  std::memcpy(access.address, copies.from, sizeof(access.address));
  Pointers sources;
  if (!warp.translate(access, sources))
    return false;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (access.lanes >> lane & 1)
      std::memcpy(values[lane], sources.lane[lane], size);
  return true;
}

/// Copies whole sizes between places of which nothing must be reported. False
/// if some are not such.
bool copyPlainly(Warp &warp, const Copies &copies, Mask lanes) {
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1 && copies.size[lane] != copies.bytes)
      return false;
  const std::byte *from =
      shortPath(warp, MemorySpace::Global, copies.from, lanes, copies.bytes);
  std::byte *to =
      shortPath(warp, MemorySpace::Shared, copies.to, lanes, copies.bytes);
  if (!from || !to)
    return false;
  for (Mask left = lanes; left; left &= left - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(left));
    if (copies.bytes == 16)
      std::memcpy(to + copies.to[lane], from + copies.from[lane], 16);
    else
      std::memcpy(to + copies.to[lane], from + copies.from[lane], copies.bytes);
  }
  return true;
}

Outcome perform(Warp &warp, const Copies &copies, Mask lanes) {
  warp.wrote();
  if (copyPlainly(warp, copies, lanes))
    return Outcome::Next;
  uint8_t values[warpLanes][16] = {};
  uint32_t sizes = 0; // a bit for each that some lane has
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1)
      sizes |= uint32_t(1) << copies.size[lane];
  for (uint32_t size = 1; size <= copies.bytes; ++size)
    if (sizes >> size & 1 && !readSources(warp, copies, lanes, size, values))
      return Outcome::Fault;
  Access access;
  access.space = MemorySpace::Shared;
  access.kind = AccessKind::Store;
  access.bytes = copies.bytes;
  access.lanes = lanes;
  std::memcpy(access.address, copies.to, sizeof(access.address));
  Pointers targets;
  if (!warp.translate(access, targets))
    return Outcome::Fault;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1)
      std::memcpy(targets.lane[lane], values[lane], copies.bytes);
  return Outcome::Next;
}

Outcome copy(Warp &warp, const Instruction &i, Mask lanes) {
  const CopyUse &use = i.detailAs<CopyUse>();
  Copies copies;
  copies.bytes = use.bytes;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    copies.to[lane] = use.to.at(warp, lane);
    copies.from[lane] = use.from.at(warp, lane);
    copies.size[lane] =
        use.size == noSlot ? use.bytes : warp.lanes<uint32_t>(use.size)[lane];
    if (copies.size[lane] > use.bytes)
      return warp.fault(FaultKind::Undefined,
                        "src-size is greater than cp-size", Mask(1) << lane);
  }
  if (warp.groups(AsyncKind::Copy).eager() && !warp.monitor())
    return perform(warp, copies, lanes);
  return submitToGroup(warp, AsyncKind::Copy, lanes, [&warp, copies](Mask due) {
    return perform(warp, copies, due);
  });
}

Outcome commit(Warp &warp, const Instruction &, Mask lanes) {
  commitGroup(warp, AsyncKind::Copy, lanes);
  return Outcome::Next;
}

Outcome waitGroup(Warp &warp, const Instruction &i, Mask lanes) {
  return waitForGroups(warp, AsyncKind::Copy, lanes, unsigned(i.immediate));
}

Outcome waitAll(Warp &warp, const Instruction &, Mask lanes) {
  return waitForAll(warp, AsyncKind::Copy, lanes);
}

// --- 9.7.13.15.15: cp.async.mbarrier.arrive ---

/// Without `.noinc` the arrival is one that the barrier did not expect, so it
/// is added to those that are pending first.
Outcome expectArrival(Warp &warp, const ArriveUse &use, unsigned lane) {
  MbarrierAccess access;
  const Mask lanes = Mask(1) << lane;
  if (!access.locate(warp, use.address, use.space, lanes))
    return Outcome::Fault;
  Mbarrier barrier = access.load(lane);
  const char *wrong = barrier.valid() ? barrier.addPending() : notAnMbarrier;
  if (wrong)
    return mbarrierFault(warp, wrong, lane, access.address(lane));
  access.store(lane, barrier);
  return Outcome::Next;
}

/// Once the copies are done that the lanes had issued so far.
Outcome arriveAfter(Warp &warp, const std::array<uint64_t, warpLanes> &barriers,
                    Mask lanes, uint64_t copies) {
  if (warp.groups(AsyncKind::Copy).flush(lanes, copies) == Outcome::Fault)
    return Outcome::Fault;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1 &&
        Engine(warp, lane).arrive(barriers[lane]) == Outcome::Fault)
      return Outcome::Fault;
  return Outcome::Next;
}

Outcome arriveWhenCopied(Warp &warp, const Instruction &i, Mask lanes) {
  const ArriveUse &use = i.detailAs<ArriveUse>();
  std::array<uint64_t, warpLanes> barriers{};
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    if (!use.expected && expectArrival(warp, use, lane) == Outcome::Fault)
      return Outcome::Fault;
    barriers[lane] = use.address.at(warp, lane);
    if (use.space == MemorySpace::Generic)
      barriers[lane] -= sharedWindow;
  }
  const uint64_t copies = warp.groups(AsyncKind::Copy).added();
  return submitToBarrier(warp, AsyncKind::Copy, lanes,
                         [barriers, lanes, copies](const Engine &engine) {
                           return arriveAfter(engine.warp(), barriers, lanes,
                                              copies);
                         });
}

Handler selectCopy(Selection &s) {
  CopyUse use;
  use.to = addressOperand(s, "d");
  use.from = addressOperand(s, "a");
  const int64_t bytes = s.constant("bytes");
  const bool small = s.word("cop") == "ca" && (bytes == 4 || bytes == 8);
  if (bytes != 16 && !small)
    s.refuse("cp-size must be 16, or 4 or 8 with .ca");
  use.bytes = uint32_t(bytes);
  use.size = s.slot("size");
  s.detail(use);
  return copy;
}

Handler selectCommit(Selection &) { return commit; }

Handler selectArrive(Selection &s) {
  ArriveUse use;
  use.address = addressOperand(s, "a");
  use.space = sharedSpace(s.word("ss"));
  use.expected = s.has("noinc");
  s.detail(use);
  return arriveWhenCopied;
}

Handler selectWaitGroup(Selection &s) {
  if (s.constant("n") < 0)
    s.refuse("the number of groups must not be negative");
  s.instruction().immediate = s.constant("n");
  return waitGroup;
}

Handler selectWaitAll(Selection &) { return waitAll; }

// Caches have no contents here: prefetch sizes and policies change nothing.
#define WORDS                                                                  \
  "cop = ca cg; ss = shared shared::cta; fetch = L2::64B L2::128B L2::256B"
const Row rows[] = {
    {"9.7.9.25.3.1",
     "cp.async.cop.ss.global{.fetch} [d], [a], bytes:imm{, size:u32}", WORDS,
     selectCopy, "sm_80"},
    {"9.7.9.25.3.1",
     "cp.async.cop.ss.global.L2::cache_hint{.fetch} [d], [a], bytes:imm, "
     "policy:b64",
     WORDS, selectCopy, "sm_80"},
    {"9.7.9.25.3.1",
     "cp.async.cop.ss.global.L2::cache_hint{.fetch} [d], [a], bytes:imm, "
     "size:u32, policy:b64",
     WORDS, selectCopy, "sm_80"},
    {"9.7.9.25.3.2", "cp.async.commit_group", "", selectCommit, "sm_80"},
    {"9.7.9.25.3.3", "cp.async.wait_group n:imm", "", selectWaitGroup, "sm_80"},
    {"9.7.9.25.3.3", "cp.async.wait_all", "", selectWaitAll, "sm_80"},
    {"9.7.13.15.15", "cp.async.mbarrier.arrive{.noinc}{.ss}.b64 [a]", WORDS,
     selectArrive, "sm_80"},
};
#undef WORDS

} // namespace

Section asyncCopySection() {
  return {"Asynchronous Copy (cp.async)", rows, std::size(rows)};
}

} // namespace emulator
