//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What is said of accesses that nothing orders, and the events that order.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/ClusterRaces.h"

namespace emulator {
namespace {

const char *verb(AccessKind kind) {
  return kind == AccessKind::Load    ? "reads"
         : kind == AccessKind::Store ? "writes"
                                     : "updates";
}

const char *past(AccessKind kind) {
  return kind == AccessKind::Load    ? "read"
         : kind == AccessKind::Store ? "wrote"
                                     : "updated";
}

std::string at(const Site &site) {
  return "line " + std::to_string(site.line) + " (" + site.text + ")";
}

} // namespace

std::string ClusterRaces::describe(const Source &source, Mask lanes) const {
  const Agent &place = *source.agent;
  const std::string warp = "warp " + std::to_string(place.warp) +
                           " of block (" + std::to_string(place.block.x) +
                           ", " + std::to_string(place.block.y) + ", " +
                           std::to_string(place.block.z) + ")";
  if (source.operation)
    return "the operation that " + warp + " issued at " + at(*source.site) +
           " " + verb(source.kind);
  return "lane " + std::to_string(__builtin_ctz(lanes)) + " of " + warp + " " +
         past(source.kind) + " at " + at(*source.site);
}

bool ClusterRaces::raise(Check &check, const std::string &text,
                         uint64_t address) {
  check.actor.warp().fault(FaultKind::Check, text, Mask(1) << check.lane,
                           address);
  return false;
}

bool ClusterRaces::report(Check &check, const Source &other, Mask lanes,
                          uint64_t address) {
  const bool own = check.operation;
  if (!(own || other.operation ? reports_.waits : reports_.races))
    return true;
  const std::string what =
      std::string(verb(check.kind)) + " what " + describe(other, lanes);
  if (!own && !other.operation)
    return raise(check, "data race: " + what + ", and nothing orders the two",
                 address);
  const Operation &operation = own ? *check.operation : *other.operation;
  const char *why =
      other.operation && !operation.toBarrier && !other.operation->committed
          ? ", whose group was not committed"
      : other.operation
          ? ", which is not known to be finished"
          : ", and nothing orders this before the operation or after its end";
  return raise(check, "missing wait: " + what + why, address);
}

void ClusterRaces::barrier(Warp &warp, Mask lanes, const BarrierEvent &event) {
  if (const MbarrierState *barrier =
          ordering_.unorderedInit(warp, lanes, event)) {
    if (reports_.proxies)
      warp.fault(FaultKind::Check,
                 "mbarrier is used where its initialisation at " +
                     at(*barrier->initSite) +
                     " is not ordered before: a barrier is missing, or "
                     "fence.mbarrier_init before a relaxed arrival",
                 lanes, event.address);
  }
  if (const uint64_t ended = ordering_.phasesMissed(warp, lanes, event))
    if (reports_.waits)
      warp.fault(FaultKind::Check,
                 "waits for a phase that is over: the mbarrier is " +
                     std::to_string(ended) +
                     " phases further, where its parity is that of the phase "
                     "waited for",
                 lanes, event.address);
  ordering_.barrier(warp, lanes, event);
}

void ClusterRaces::async(Warp &warp, Mask lanes, const AsyncEvent &event) {
  for (EngineMemo &memo : engine_)
    memo.operation = nullptr;
  ordering_.async(warp, lanes, event);
  if (event.kind != AsyncKind::Matrix || !reports_.waits)
    return;
  const std::string wrong = product(ordering_.actor(warp), event);
  if (!wrong.empty())
    warp.fault(FaultKind::Check, wrong, lanes);
}

/// The registers of products: what is wrong, if anything.
std::string ClusterRaces::product(Actor &actor, const AsyncEvent &event) {
  using Action = AsyncEvent::Action;
  Warp &warp = actor.warp();
  if (!actor.products) {
    actor.products = std::make_unique<ProductRegisters>();
    warp.watch();
  }
  if (event.action == Action::Issue)
    return actor.products->issue(*event.form, warp.site());
  if (event.action == Action::Commit)
    actor.products->commit();
  if (event.action == Action::Wait)
    actor.products->wait(ordering_.state()
                             .productsOf(warp)
                             .members[warp.index() % warpgroupWarps]
                             .unfinished());
  return {};
}

bool ClusterRaces::instruction(Warp &warp, const Instruction &instruction,
                               Mask lanes) {
  Actor &actor = ordering_.actor(warp);
  if (!actor.products || warp.frame().caller)
    return true;
  const std::string wrong = actor.products->touch(instruction, warp.site());
  if (wrong.empty())
    return true;
  warp.fault(FaultKind::Check, wrong, lanes);
  return false;
}

void ClusterRaces::fence(Warp &warp, Mask lanes, const FenceEvent &event) {
  if (event.kind == FenceEvent::Kind::Matrix) {
    Actor &actor = ordering_.actor(warp);
    if (!actor.products) {
      actor.products = std::make_unique<ProductRegisters>();
      warp.watch();
    }
    actor.products->fence();
  }
  ordering_.fence(warp, lanes, event);
}

void ClusterRaces::converged(Warp &warp, Mask lanes) {
  ordering_.converged(warp, lanes);
}

} // namespace emulator
