//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA 9.7.13.15: mbarrier.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Monitor.h"
#include "runtime/emulator/isa/MbarrierAccess.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Grid.h"

#include <cstring>
#include <iterator>

namespace emulator {

bool MbarrierAccess::locate(Warp &warp, const AddressOperand &address,
                            MemorySpace space, Mask lanes, AccessKind kind) {
  access_.space = space;
  access_.kind = kind;
  access_.order = MemoryOrder::Relaxed;
  access_.scope = Scope::Cluster;
  access_.mbarrier = true;
  access_.bytes = sizeof(uint64_t);
  address.fill(warp, lanes, access_);
  return warp.translate(access_, objects_);
}

Mbarrier MbarrierAccess::load(unsigned lane) const {
  uint64_t word;
  std::memcpy(&word, objects_.lane[lane], sizeof(word));
  return Mbarrier::read(word);
}

void MbarrierAccess::store(unsigned lane, const Mbarrier &barrier) {
  const uint64_t word = barrier.word();
  std::memcpy(objects_.lane[lane], &word, sizeof(word));
}

void MbarrierAccess::clear(unsigned lane) {
  std::memset(objects_.lane[lane], 0, sizeof(uint64_t));
}

Outcome mbarrierFault(Warp &warp, const char *wrong, unsigned lane,
                      uint64_t address) {
  return warp.fault(FaultKind::Undefined, wrong, Mask(1) << lane, address);
}

namespace {

using Action = BarrierEvent::Action;

/// What a use of mbarrier keeps.
struct BarrierUse {
  AddressOperand address;
  MemorySpace space = MemorySpace::Generic;
  Slot result = noSlot; ///< state, or predicate
  Slot count = noSlot;  ///< of arrivals; noSlot for 1
  Slot bytes = noSlot;  ///< of expect_tx and complete_tx
  Slot state = noSlot;  ///< token, or parity
  bool drop = false;
  bool noComplete = false;
  bool parity = false; ///< `state` is a parity
  MemoryOrder order = MemoryOrder::AcquireRelease;
  Scope scope = Scope::Block;
};

/// Tells a monitor what lanes did, once for lanes that follow each other and
/// did the same to one mbarrier in one phase.
class Teller {
public:
  Teller(Warp &warp, const BarrierUse &use) : warp_(warp), use_(use) {}
  ~Teller() { flush(); }
  Teller(const Teller &) = delete;
  Teller &operator=(const Teller &) = delete;

  /// `count` of arrivals or bytes of this lane.
  void add(const MbarrierAccess &access, unsigned lane, Action action,
           const Mbarrier &before, uint64_t count) {
    if (!warp_.monitor())
      return;
    if (lanes_ &&
        (event_.action != action || event_.address != access.address(lane) ||
         event_.phase != before.parity()))
      flush();
    event_.action = action;
    event_.address = access.address(lane);
    event_.phase = before.parity();
    event_.count += count;
    lanes_ |= Mask(1) << lane;
  }

private:
  void flush() {
    if (!lanes_)
      return;
    event_.kind = BarrierEvent::Kind::Mbarrier;
    event_.order = use_.order;
    event_.scope = use_.scope;
    warp_.monitor()->barrier(warp_, lanes_, event_);
    event_ = {};
    lanes_ = 0;
  }

  Warp &warp_;
  const BarrierUse &use_;
  BarrierEvent event_;
  Mask lanes_ = 0;
};

template <class Visit> Outcome eachLane(Mask lanes, Visit visit) {
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1 && visit(lane) == Outcome::Fault)
      return Outcome::Fault;
  return Outcome::Next;
}

Outcome initialize(Warp &warp, const Instruction &i, Mask lanes) {
  const BarrierUse &use = i.detailAs<BarrierUse>();
  MbarrierAccess access;
  if (!access.locate(warp, use.address, use.space, lanes, AccessKind::Store))
    return Outcome::Fault;
  const uint32_t *counts = warp.lanes<uint32_t>(use.count);
  Teller teller(warp, use);
  return eachLane(lanes, [&](unsigned lane) {
    const Mbarrier barrier = Mbarrier::init(counts[lane]);
    if (!barrier.valid())
      return mbarrierFault(warp, "an mbarrier's count must be 1 to 1048575",
                           lane, access.address(lane));
    access.store(lane, barrier);
    teller.add(access, lane, Action::Init, barrier, counts[lane]);
    return Outcome::Next;
  });
}

Outcome invalidate(Warp &warp, const Instruction &i, Mask lanes) {
  const BarrierUse &use = i.detailAs<BarrierUse>();
  MbarrierAccess access;
  if (!access.locate(warp, use.address, use.space, lanes, AccessKind::Store))
    return Outcome::Fault;
  Teller teller(warp, use);
  return eachLane(lanes, [&](unsigned lane) {
    const Mbarrier barrier = access.load(lane);
    if (!barrier.valid())
      return mbarrierFault(warp, notAnMbarrier, lane, access.address(lane));
    access.clear(lane);
    teller.add(access, lane, Action::Invalidate, barrier, 0);
    return Outcome::Next;
  });
}

/// Expects bytes and arrives, or one of both; null if done.
const char *apply(const BarrierUse &use, Mbarrier &barrier, uint32_t count,
                  uint32_t bytes, bool arrives) {
  if (!barrier.valid())
    return notAnMbarrier;
  if (use.bytes != noSlot)
    if (const char *wrong = barrier.expect(bytes))
      return wrong;
  if (!arrives)
    return nullptr;
  if (use.noComplete && barrier.wouldComplete(count))
    return "an arrival with .noComplete would complete the phase";
  return use.drop ? barrier.drop(count) : barrier.arrive(count);
}

template <bool arrives>
Outcome update(Warp &warp, const Instruction &i, Mask lanes) {
  const BarrierUse &use = i.detailAs<BarrierUse>();
  MbarrierAccess access;
  if (!access.locate(warp, use.address, use.space, lanes))
    return Outcome::Fault;
  Teller teller(warp, use);
  return eachLane(lanes, [&](unsigned lane) {
    const auto value = [&](Slot slot, uint32_t otherwise) {
      return slot == noSlot ? otherwise : warp.lanes<uint32_t>(slot)[lane];
    };
    const uint32_t count = value(use.count, 1), bytes = value(use.bytes, 0);
    const Mbarrier before = access.load(lane);
    Mbarrier barrier = before;
    if (const char *wrong = apply(use, barrier, count, bytes, arrives))
      return mbarrierFault(warp, wrong, lane, access.address(lane));
    access.store(lane, barrier);
    if (use.result != noSlot)
      warp.lanes<uint64_t>(use.result)[lane] = before.word();
    if (use.bytes != noSlot)
      teller.add(access, lane, Action::Expect, before, bytes);
    if (arrives)
      teller.add(access, lane, use.drop ? Action::Drop : Action::Arrive, before,
                 count);
    return Outcome::Next;
  });
}

/// Of the phase that a lane waits for.
unsigned waitedParity(Warp &warp, const BarrierUse &use, unsigned lane) {
  return use.parity
             ? warp.lanes<uint32_t>(use.state)[lane] & 1
             : Mbarrier::read(warp.lanes<uint64_t>(use.state)[lane]).parity();
}

/// The lanes whose phase is over.
Outcome test(Warp &warp, const BarrierUse &use, Mask lanes, Mask &over) {
  MbarrierAccess access;
  if (!access.locate(warp, use.address, use.space, lanes, AccessKind::Load))
    return Outcome::Fault;
  Teller teller(warp, use);
  return eachLane(lanes, [&](unsigned lane) {
    const Mbarrier barrier = access.load(lane);
    if (!barrier.valid())
      return mbarrierFault(warp, notAnMbarrier, lane, access.address(lane));
    if (barrier.parity() == waitedParity(warp, use, lane)) {
      teller.add(access, lane, Action::Look, barrier, 0);
      return Outcome::Next;
    }
    over |= Mask(1) << lane;
    teller.add(access, lane, Action::Wait, barrier, 0);
    return Outcome::Next;
  });
}

void setPredicate(Warp &warp, Slot slot, Mask lanes, Mask values) {
  Mask &predicate = warp.predicate(slot);
  predicate = (predicate & ~lanes) | (values & lanes);
}

/// What the first of `lanes` waits for.
Waiting waitingFor(Warp &warp, const BarrierUse &use, Mask lanes) {
  const unsigned first = __builtin_ctz(lanes);
  uint64_t address = use.address.at(warp, first);
  if (use.space == MemorySpace::Generic)
    address -= sharedWindow;
  return {Waiting::For::Mbarrier, waitedParity(warp, use, first), address};
}

/// Writes the predicate of a wait that is over for some lanes.
Outcome answer(Warp &warp, const BarrierUse &use, Mask lanes, Mask over) {
  if (over != lanes) {
    warp.poll();
    warp.looked(waitingFor(warp, use, lanes & ~over), lanes & ~over, false);
  }
  if (over)
    warp.looked({}, over, true);
  setPredicate(warp, use.result, lanes, over);
  return Outcome::Next;
}

Outcome testWait(Warp &warp, const Instruction &i, Mask lanes) {
  const BarrierUse &use = i.detailAs<BarrierUse>();
  Mask over = 0;
  if (test(warp, use, lanes, over) == Outcome::Fault)
    return Outcome::Fault;
  return answer(warp, use, lanes, over);
}

/// Sleeps until some lane's phase is over, or nothing else can run.
Outcome tryWait(Warp &warp, const Instruction &i, Mask lanes) {
  const BarrierUse &use = i.detailAs<BarrierUse>();
  Mask over = 0;
  if (test(warp, use, lanes, over) == Outcome::Fault)
    return Outcome::Fault;
  if (!over && !warp.mayTimeOut())
    return warp.wait(waitingFor(warp, use, lanes));
  return answer(warp, use, lanes, over);
}

Outcome pendingCount(Warp &warp, const Instruction &i, Mask lanes) {
  return eachLane(lanes, [&](unsigned lane) {
    const Mbarrier token =
        Mbarrier::read(warp.lanes<uint64_t>(i.operand[1])[lane]);
    if (!token.valid())
      return warp.fault(FaultKind::Undefined, "not the state of an mbarrier",
                        Mask(1) << lane);
    warp.lanes<uint32_t>(i.operand[0])[lane] = token.pending();
    return Outcome::Next;
  });
}

// --- selectors ---

BarrierUse describe(Selection &s) {
  BarrierUse use;
  use.address = addressOperand(s, "a");
  use.space = sharedSpace(s.word("ss"));
  return use;
}

void orderOf(Selection &s, BarrierUse &use, MemoryOrder order) {
  use.order = s.word("sem") == "relaxed" ? MemoryOrder::Relaxed : order;
  use.scope = s.word("scope") == "cluster" ? Scope::Cluster : Scope::Block;
}

Handler selectInit(Selection &s) {
  BarrierUse use = describe(s);
  use.count = s.slot("count");
  s.detail(use);
  return initialize;
}

Handler selectInvalidate(Selection &s) {
  s.detail(describe(s));
  return invalidate;
}

Handler selectExpect(Selection &s) {
  BarrierUse use = describe(s);
  orderOf(s, use, MemoryOrder::Relaxed);
  use.bytes = s.slot("bytes");
  s.detail(use);
  return update<false>;
}

template <bool drop, bool expects, bool noComplete>
Handler selectArrive(Selection &s) {
  BarrierUse use = describe(s);
  orderOf(s, use, MemoryOrder::Release);
  use.result = s.slot("d");
  const bool sunk = s.syntax("d")->kind == ptx::Operand::Kind::Sink;
  if (use.space == MemorySpace::SharedCluster && !sunk)
    s.refuse("the state of a .shared::cluster arrival must be _");
  use.drop = drop;
  use.noComplete = noComplete;
  (expects ? use.bytes : use.count) = s.slot("n");
  s.detail(use);
  return update<true>;
}

template <bool parity, bool blocks> Handler selectWait(Selection &s) {
  BarrierUse use = describe(s);
  orderOf(s, use, MemoryOrder::Acquire);
  use.result = s.slot("p");
  use.state = s.slot("state");
  use.parity = parity;
  s.detail(use);
  return blocks ? tryWait : testWait;
}

Handler selectPending(Selection &) { return pendingCount; }

#define CTA "ss = shared shared::cta"
#define ANY                                                                    \
  "ss = shared shared::cta shared::cluster; scope = cta cluster; sem = "
const Row rows[] = {
    {"9.7.13.15.9", "mbarrier.init{.ss}.b64 [a], count:u32", CTA, selectInit,
     "sm_80"},
    {"9.7.13.15.10", "mbarrier.inval{.ss}.b64 [a]", CTA, selectInvalidate,
     "sm_80"},
    {"9.7.13.15.11", "mbarrier.expect_tx{.sem.scope}{.ss}.b64 [a], bytes:u32",
     ANY "relaxed", selectExpect, "sm_90"},
    {"9.7.13.15.13", "mbarrier.arrive{.sem.scope}{.ss}.b64 d:b64, [a]{, n:u32}",
     ANY "release relaxed", selectArrive<false, false, false>, "sm_80"},
    {"9.7.13.15.13",
     "mbarrier.arrive.expect_tx{.sem.scope}{.ss}.b64 d:b64, [a], n:u32",
     ANY "release relaxed", selectArrive<false, true, false>, "sm_90"},
    {"9.7.13.15.13",
     "mbarrier.arrive.noComplete{.sem.scope}{.ss}.b64 d:b64, [a], n:u32",
     CTA "; sem = release; scope = cta", selectArrive<false, false, true>,
     "sm_80"},
    {"9.7.13.15.14",
     "mbarrier.arrive_drop{.sem.scope}{.ss}.b64 d:b64, [a]{, n:u32}",
     ANY "release relaxed", selectArrive<true, false, false>, "sm_80"},
    {"9.7.13.15.14",
     "mbarrier.arrive_drop.expect_tx{.sem.scope}{.ss}.b64 d:b64, [a], n:u32",
     ANY "release relaxed", selectArrive<true, true, false>, "sm_90"},
    {"9.7.13.15.14",
     "mbarrier.arrive_drop.noComplete{.sem.scope}{.ss}.b64 d:b64, [a], n:u32",
     CTA "; sem = release; scope = cta", selectArrive<true, false, true>,
     "sm_80"},
    {"9.7.13.15.16",
     "mbarrier.test_wait{.sem.scope}{.ss}.b64 p:pred, [a], state:b64",
     CTA "; sem = acquire relaxed; scope = cta cluster",
     selectWait<false, false>, "sm_80"},
    {"9.7.13.15.16",
     "mbarrier.test_wait.parity{.sem.scope}{.ss}.b64 p:pred, [a], state:u32",
     CTA "; sem = acquire relaxed; scope = cta cluster",
     selectWait<true, false>, "sm_80"},
    {"9.7.13.15.16",
     "mbarrier.try_wait{.sem.scope}{.ss}.b64 p:pred, [a], state:b64"
     "{, hint:u32}",
     CTA "; sem = acquire relaxed; scope = cta cluster",
     selectWait<false, true>, "sm_90"},
    {"9.7.13.15.16",
     "mbarrier.try_wait.parity{.sem.scope}{.ss}.b64 p:pred, [a], state:u32"
     "{, hint:u32}",
     CTA "; sem = acquire relaxed; scope = cta cluster", selectWait<true, true>,
     "sm_90"},
    {"9.7.13.15.17", "mbarrier.pending_count.b64 d:u32, a:b64", "",
     selectPending, "sm_80"},
};
#undef CTA
#undef ANY

} // namespace

Section mbarrierSection() { return {"mbarrier", rows, std::size(rows)}; }

} // namespace emulator
