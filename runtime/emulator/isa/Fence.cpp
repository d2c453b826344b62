//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// PTX ISA, sections 9.7.13 and 9.7.19: fences, the dependence of grids, and
// what changes no result.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Qualifiers.h"
#include "runtime/emulator/isa/Sections.h"
#include "runtime/emulator/machine/Grid.h"

#include <atomic>
#include <iterator>

namespace emulator {
namespace {

Outcome fence(Warp &warp, const Instruction &i, Mask lanes) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (warp.monitor())
    warp.monitor()->fence(warp, lanes, i.detailAs<FenceEvent>());
  return Outcome::Next;
}

Handler selectFence(Selection &s) {
  FenceEvent event;
  std::string_view sem = s.word("sem");
  event.scope = scopeOf(s.word("scope"));
  event.order =
      sem.empty() || sem == "sc" ? MemoryOrder::AcquireRelease : orderOf(sem);
  s.detail(event);
  return fence;
}

Handler selectMembar(Selection &s) {
  FenceEvent event;
  std::string_view level = s.word("level");
  event.scope = level == "cta"  ? Scope::Block
                : level == "gl" ? Scope::Gpu
                                : Scope::System;
  s.detail(event);
  return fence;
}

Handler selectInitFence(Selection &s) {
  FenceEvent event;
  event.kind = FenceEvent::Kind::MbarrierInit;
  event.order = MemoryOrder::Release;
  event.scope = Scope::Cluster;
  s.detail(event);
  return fence;
}

Handler selectProxyFence(Selection &s) {
  FenceEvent event;
  event.kind = FenceEvent::Kind::Proxy;
  std::string_view kind = s.word("kind");
  event.proxy = kind == "alias" ? Proxy::Generic
                : kind == "tensormap" || kind == "tensormap::generic"
                    ? Proxy::TensorMap
                    : Proxy::Async;
  std::string_view space = s.word("space");
  if (space == "global")
    event.space = MemorySpace::Global;
  else if (!space.empty())
    event.space = space == "shared::cluster" ? MemorySpace::SharedCluster
                                             : MemorySpace::Shared;
  event.scope = scopeOf(s.word("scope"));
  if (!s.word("sem").empty())
    event.order = orderOf(s.word("sem"));
  s.detail(event);
  return fence;
}

// --- griddepcontrol, nanosleep, setmaxnreg, pmevent ---

Outcome doNothing(Warp &, const Instruction &, Mask) { return Outcome::Next; }
/// A kernel starts when those before it in its stream have ended.
Handler selectDependence(Selection &) { return doNothing; }
Handler selectEvent(Selection &) { return doNothing; }

Outcome sleepShortly(Warp &warp, const Instruction &, Mask) {
  warp.poll();
  return Outcome::Next;
}
Handler selectSleep(Selection &) { return sleepShortly; }

Outcome setRegisters(Warp &warp, const Instruction &i, Mask) {
  if (warp.monitor())
    warp.monitor()->registers(warp, i.target,
                              static_cast<uint32_t>(i.immediate));
  return Outcome::Next;
}

Handler selectRegisters(Selection &s) {
  int64_t count = s.constant("n");
  if (count < 24 || count > 256 || count % 8)
    s.refuse(std::to_string(count) +
             " registers: must be a multiple of 8 in 24 to 256");
  s.instruction().immediate = count;
  s.instruction().target = s.word("action") == "inc";
  return setRegisters;
}

const Row rows[] = {
    {"9.7.13.5", "fence{.sem}.scope",
     "sem = sc acq_rel acquire release; scope = cta cluster gpu sys",
     selectFence, "sm_70"},
    {"9.7.13.5", "fence.sem.restrict.scope",
     "sem = acquire release; "
     "restrict = sync_restrict::shared::cta sync_restrict::shared::cluster; "
     "scope = cluster",
     selectFence, "sm_90"},
    {"9.7.13.5", "fence.mbarrier_init.release.cluster", "", selectInitFence,
     "sm_90"},
    {"9.7.13.5", "fence.proxy.kind", "kind = alias async", selectProxyFence,
     "sm_70"},
    {"9.7.13.5", "fence.proxy.async.space",
     "space = global shared::cta shared::cluster", selectProxyFence, "sm_90"},
    {"9.7.13.5", "fence.proxy.kind.sem.scope",
     "kind = tensormap::generic; sem = release; scope = cta cluster gpu sys",
     selectProxyFence, "sm_90"},
    {"9.7.13.5", "fence.proxy.kind.sem.scope [a], size:imm",
     "kind = tensormap::generic; sem = acquire; scope = cta cluster gpu sys",
     selectProxyFence, "sm_90"},
    {"9.7.13.5", "fence.proxy.async::generic.sem.restrict.scope",
     "sem = acquire release; "
     "restrict = sync_restrict::shared::cta sync_restrict::shared::cluster; "
     "scope = cluster",
     selectProxyFence, "sm_90"},
    {"9.7.13.5", "membar.level", "level = cta gl sys", selectMembar},
    {"9.7.13.5", "membar.proxy.kind", "kind = alias", selectProxyFence,
     "sm_70"},
    {"9.7.13.11", "griddepcontrol.action", "action = launch_dependents wait",
     selectDependence, "sm_90"},
    {"9.7.19.2", "nanosleep.u32 t:u32", "", selectSleep, "sm_70"},
    {"9.7.19.3", "pmevent a:imm", "", selectEvent},
    {"9.7.19.3", "pmevent.mask a:imm", "", selectEvent},
    {"9.7.19.5", "setmaxnreg.action.sync.aligned.u32 n:imm", "action = inc dec",
     selectRegisters, "sm_90a", Convergence::Aligned},
};

} // namespace

Section fenceSection() {
  return {"Fences and Miscellaneous Instructions", rows, std::size(rows)};
}

} // namespace emulator
