//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Engine.h"

#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/Mbarrier.h"

#include <cstring>

namespace emulator {
namespace {

using Action = AsyncEvent::Action;

uint64_t genericAddress(MemorySpace space, uint64_t address) {
  bool shared =
      space == MemorySpace::Shared || space == MemorySpace::SharedCluster;
  return shared ? sharedWindow + address : address;
}

/// An operation as the monitor knows it.
struct Operation {
  AsyncKind kind;
  uint64_t id;
  const Site *site; ///< that issued it
  bool toBarrier;   ///< completes at an mbarrier
};

void tell(Warp &warp, Mask lanes, const Operation &operation, Action action) {
  if (!warp.monitor())
    return;
  AsyncEvent event;
  event.kind = operation.kind;
  event.action = action;
  event.id = operation.id;
  event.toBarrier = operation.toBarrier;
  warp.monitor()->async(warp, lanes, event);
}

Operation issue(Warp &warp, AsyncKind kind, Mask lanes, bool toBarrier) {
  Operation operation{kind, warp.cluster().nextOperation(), &warp.site(),
                      toBarrier};
  tell(warp, lanes, operation, Action::Issue);
  return operation;
}

/// `perform` for the warp and lanes that issued it.
template <class Perform>
Outcome act(Warp &warp, Mask lanes, const Operation &operation,
            Perform perform) {
  Warp::Acting acting(warp, *operation.site);
  tell(warp, lanes, operation, Action::Perform);
  Outcome outcome = perform();
  tell(warp, lanes, operation, Action::PerformEnd);
  return outcome;
}

void tellWait(Warp &warp, AsyncEvent event, Mask lanes) {
  event.action = Action::Wait;
  if (warp.monitor())
    warp.monitor()->async(warp, lanes, event);
}

} // namespace

std::byte *Engine::reach(AccessKind kind, MemorySpace space, uint64_t address,
                         uint64_t bytes) const {
  std::byte *host = warp_.at(space, address, bytes, lane_);
  uint64_t generic = genericAddress(space, address);
  if (!host) {
    fault(FaultKind::IllegalAddress,
          "an asynchronous operation reaches " + std::to_string(bytes) +
              " bytes that do not lie in one allocation, or in the block's "
              "shared memory",
          generic);
    return nullptr;
  }
  Monitor *monitor = warp_.monitor();
  bool passed = !monitor || monitor->engineAccess(warp_, kind, generic,
                                                  static_cast<uint32_t>(bytes));
  return passed ? host : nullptr;
}

/// Changes the mbarrier at a shared address of the cluster by `change`, which
/// answers as Mbarrier's functions do, and tells of it.
template <class Change>
Outcome Engine::change(uint64_t barrier, BarrierEvent event,
                       Change change) const {
  std::byte *host =
      warp_.at(MemorySpace::SharedCluster, barrier, sizeof(uint64_t));
  event.address = sharedWindow + barrier;
  uint64_t word = 0;
  if (!host || barrier % sizeof(word))
    return fault(FaultKind::IllegalAddress,
                 "the mbarrier of an asynchronous operation is outside of "
                 "shared memory, or not aligned to 8 bytes",
                 event.address);
  std::memcpy(&word, host, sizeof(word));
  Mbarrier object = Mbarrier::read(word);
  if (!object.valid())
    return fault(FaultKind::Undefined,
                 "an asynchronous operation completes where there is no "
                 "mbarrier: it was not initialised, or written over",
                 event.address);
  event.phase = object.parity();
  if (const char *wrong = change(object))
    return fault(FaultKind::Undefined, wrong, event.address);
  word = object.word();
  std::memcpy(host, &word, sizeof(word));
  warp_.wrote();
  if (!warp_.monitor())
    return Outcome::Next;
  event.kind = BarrierEvent::Kind::Mbarrier;
  event.order = MemoryOrder::Release;
  event.scope = Scope::Cluster;
  warp_.monitor()->barrier(warp_, Mask(1) << lane_, event);
  return Outcome::Next;
}

Outcome Engine::complete(uint64_t barrier, uint32_t bytes) const {
  BarrierEvent event;
  event.action = BarrierEvent::Action::Complete;
  event.count = bytes;
  return change(barrier, event,
                [&](Mbarrier &object) { return object.complete(bytes); });
}

Outcome Engine::arrive(uint64_t barrier) const {
  BarrierEvent event;
  event.action = BarrierEvent::Action::Arrive;
  event.count = 1;
  return change(barrier, event,
                [](Mbarrier &object) { return object.arrive(1); });
}

Outcome Engine::fault(FaultKind kind, std::string message,
                      uint64_t address) const {
  return warp_.fault(kind, std::move(message), Mask(1) << lane_, address);
}

Outcome submitToBarrier(Warp &warp, AsyncKind kind, Mask lanes,
                        EngineAction action) {
  const Operation operation = issue(warp, kind, lanes, true);
  const auto first = static_cast<unsigned>(__builtin_ctz(lanes));
  return warp.cluster().queue(kind).submit(
      [&warp, lanes, first, operation, action = std::move(action)] {
        return act(warp, lanes, operation,
                   [&] { return action(Engine(warp, first)); });
      });
}

Outcome submitToGroup(Warp &warp, AsyncKind kind, Mask lanes,
                      AsyncAction action) {
  const Operation operation = issue(warp, kind, lanes, false);
  return warp.groups(kind).add(
      lanes, [&warp, operation, action = std::move(action)](Mask due) {
        return act(warp, due, operation, [&] { return action(due); });
      });
}

Outcome submitStore(Warp &warp, unsigned lane, EngineAction read,
                    EngineAction write) {
  const Mask lanes = Mask(1) << lane;
  const Operation operation = issue(warp, AsyncKind::Bulk, lanes, false);
  const auto part = [&warp, lane, operation](EngineAction action) {
    return [&warp, lane, operation, action = std::move(action)](Mask due) {
      return act(warp, due, operation,
                 [&] { return action(Engine(warp, lane)); });
    };
  };
  Outcome outcome = warp.bulkReads().add(lanes, part(std::move(read)));
  if (outcome == Outcome::Fault)
    return outcome;
  return warp.groups(AsyncKind::Bulk).add(lanes, part(std::move(write)));
}

void commitGroup(Warp &warp, AsyncKind kind, Mask lanes) {
  warp.groups(kind).commit(lanes);
  if (kind == AsyncKind::Bulk)
    warp.bulkReads().commit(lanes);
  if (!warp.monitor())
    return;
  AsyncEvent event;
  event.kind = kind;
  event.action = Action::Commit;
  warp.monitor()->async(warp, lanes, event);
}

Outcome waitForGroups(Warp &warp, AsyncKind kind, Mask lanes, unsigned keep) {
  if (kind == AsyncKind::Bulk &&
      warp.bulkReads().wait(lanes, keep) == Outcome::Fault)
    return Outcome::Fault;
  Outcome outcome = warp.groups(kind).wait(lanes, keep);
  AsyncEvent event;
  event.kind = kind;
  event.keep = keep;
  tellWait(warp, event, lanes);
  return outcome;
}

Outcome waitForAll(Warp &warp, AsyncKind kind, Mask lanes) {
  Outcome outcome = warp.groups(kind).flush(lanes);
  AsyncEvent event;
  event.kind = kind;
  event.all = true;
  tellWait(warp, event, lanes);
  return outcome;
}

Outcome waitForReads(Warp &warp, Mask lanes, unsigned keep) {
  Outcome outcome = warp.bulkReads().wait(lanes, keep);
  AsyncEvent event;
  event.kind = AsyncKind::Bulk;
  event.keep = keep;
  event.readOnly = true;
  tellWait(warp, event, lanes);
  return outcome;
}

} // namespace emulator
