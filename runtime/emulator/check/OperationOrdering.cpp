//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Asynchronous operations, and what is ordered before an access.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Ordering.h"

#include <algorithm>

namespace emulator {
namespace {

using Action = AsyncEvent::Action;

} // namespace

void Ordering::async(Warp &warp, Mask lanes, const AsyncEvent &event) {
  Actor &actor = state_.actor(warp);
  switch (event.action) {
  case Action::Issue:
    return issue(actor, lanes, event);
  case Action::Commit:
    return commit(actor, lanes, event.kind);
  case Action::Wait:
    if (event.kind == AsyncKind::Matrix)
      return waitForProducts(actor, event.keep);
    return wait(actor, lanes, event);
  case Action::Perform:
    return perform(actor, event);
  case Action::PerformEnd:
    return performEnd(actor, lanes, event);
  }
}

void Ordering::perform(Actor &actor, const AsyncEvent &event) {
  auto found = state_.operations.find(event.id);
  const OperationPtr operation =
      found == state_.operations.end() ? nullptr : found->second;
  actor.performing.push_back(operation);
  if (!operation || !event.whole)
    return;
  const ProductGroups &products = state_.productsOf(actor.warp());
  const auto &own = products.members[actor.warp().index() % warpgroupWarps];
  const auto place = std::find(own.parts.begin(), own.parts.end(), operation);
  if (place == own.parts.end())
    return;
  const uint64_t product =
      own.first + static_cast<uint64_t>(place - own.parts.begin());
  size_t next = 0;
  for (const auto &member : products.members)
    if (&member != &own && product >= member.first && product < member.issued())
      operation->siblings[next++] = member.parts[product - member.first].get();
}

void Ordering::performEnd(Actor &actor, Mask lanes, const AsyncEvent &event) {
  const OperationPtr operation = actor.performing.back();
  actor.performing.pop_back();
  if (!operation)
    return;
  operation->siblings = {};
  if (event.whole)
    return;
  operation->unperformed -= std::min<unsigned>(
      operation->unperformed, unsigned(__builtin_popcount(lanes)));
  if (!operation->unperformed)
    state_.operations.erase(event.id);
}

void Ordering::issue(Actor &actor, Mask lanes, const AsyncEvent &event) {
  auto operation = std::make_shared<Operation>();
  operation->kind = event.kind;
  operation->agent = &actor.agent();
  operation->epoch = actor.use();
  operation->lanes = lanes;
  operation->toBarrier = event.toBarrier;
  operation->site = &actor.warp().site();
  operation->unperformed = static_cast<unsigned>(__builtin_popcount(lanes));
  // A bulk store is performed in two parts.
  if (event.kind == AsyncKind::Bulk && !event.toBarrier)
    operation->unperformed *= 2;
  if (event.kind == AsyncKind::Matrix)
    actor.meet(lanes);
  const auto first = static_cast<unsigned>(__builtin_ctz(lanes));
  if (actor.uniform() || lanes == Mask(1) << first) {
    operation->all = actor.knowledge(first);
  } else {
    operation->each = std::make_unique<std::array<KnowledgePtr, warpLanes>>();
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      (*operation->each)[lane] = actor.knowledge(lane);
  }
  actor.endEpoch();
  state_.operations[event.id] = operation;
  if (event.toBarrier)
    return;
  if (event.kind == AsyncKind::Matrix) {
    ProductGroups &products = state_.productsOf(actor.warp());
    products.members[actor.warp().index() % warpgroupWarps].parts.push_back(
        operation);
    return;
  }
  OperationGroups &groups = state_.groups[{&actor, event.kind}];
  OperationGroups::Open open;
  open.operation = operation;
  open.lanes = open.reading = lanes;
  std::copy(std::begin(groups.committed), std::end(groups.committed),
            std::begin(open.group));
  groups.open.push_back(std::move(open));
}

void Ordering::commit(Actor &actor, Mask lanes, AsyncKind kind) {
  if (kind == AsyncKind::Matrix) {
    const unsigned index = actor.warp().index();
    auto &member =
        state_.products[{actor.warp().block().rank(), index / warpgroupWarps}]
            .members[index % warpgroupWarps];
    for (const OperationPtr &part : member.parts)
      part->committed = true;
    member.groups.push_back(member.issued());
    return;
  }
  OperationGroups &groups = state_.groups[{&actor, kind}];
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    groups.committed[lane] += lanes >> lane & 1;
  for (OperationGroups::Open &open : groups.open)
    if (open.operation->lanes & lanes)
      open.operation->committed = true;
}

void Ordering::wait(Actor &actor, Mask lanes, const AsyncEvent &event) {
  auto groups = state_.groups.find({&actor, event.kind});
  if (groups == state_.groups.end())
    return;
  std::deque<OperationGroups::Open> &open = groups->second.open;
  const uint32_t *committed = groups->second.committed;
  for (OperationGroups::Open &each : open) {
    Mask due = 0;
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      if (lanes >> lane & 1 &&
          (event.all || (each.group[lane] < committed[lane] &&
                         committed[lane] - each.group[lane] > event.keep)))
        due |= Mask(1) << lane;
    Finish finish;
    finish.agent = actor.agent().number;
    finish.lanes = due & each.reading;
    if (finish.lanes) {
      finish.epoch = actor.use();
      each.operation->reads.add(finish);
      each.reading &= ~due;
    }
    finish.lanes = event.readOnly ? 0 : due & each.lanes;
    if (finish.lanes) {
      finish.epoch = actor.use();
      each.operation->writes.add(finish);
      each.lanes &= ~due;
    }
  }
  while (!open.empty() && !open.front().lanes)
    open.pop_front();
}

/// A wait of one warp ends what all four read.
void Ordering::waitForProducts(Actor &actor, unsigned keep) {
  ProductGroups &products = state_.productsOf(actor.warp());
  auto &own = products.members[actor.warp().index() % warpgroupWarps];
  uint64_t end = own.waited;
  while (own.groups.size() > keep) {
    end = own.groups.front();
    own.groups.pop_front();
  }
  Finish finish;
  finish.agent = actor.agent().number;
  finish.epoch = actor.use();
  finish.anyLane = true;
  uint64_t done = end;
  for (const auto &member : products.members)
    done = std::min(done, &member == &own ? end : member.waited);
  for (auto &member : products.members) {
    for (uint64_t at = std::max(own.waited, member.first);
         at < std::min(end, member.issued()); ++at)
      member.parts[at - member.first]->reads.add(finish);
    while (member.first < done && !member.parts.empty()) {
      member.parts.pop_front();
      ++member.first;
    }
  }
  own.waited = end;
}

/// What an operation did is finished for those who know that the phase is
/// complete; an arrival behind copies speaks for all that its lane issued
/// before.
void Ordering::completeBy(Actor &actor, Mask lanes,
                          const MbarrierState &barrier,
                          const BarrierEvent &event) {
  const OperationPtr operation = actor.performing.back();
  if (!operation)
    return;
  Finish finish;
  finish.agent = barrier.agent;
  finish.epoch = static_cast<uint32_t>(barrier.phase + 1);
  finish.anyLane = true;
  if (event.action == BarrierEvent::Action::Complete) {
    operation->reads.add(finish);
    operation->writes.add(finish);
    return;
  }
  if (event.action != BarrierEvent::Action::Arrive)
    return;
  for (OperationGroups::Open &open :
       state_.groups[{&actor, operation->kind}].open) {
    finish.lanes = open.operation->epoch < operation->epoch
                       ? open.operation->lanes & lanes
                       : 0;
    if (!finish.lanes)
      continue;
    open.operation->reads.add(finish);
    open.operation->writes.add(finish);
  }
}

// --- what is ordered ---

Observer Ordering::observer(const Actor &actor, unsigned lane) const {
  Observer observer;
  observer.agent = actor.agent().number;
  observer.lane = lane;
  observer.own = Mask(1) << lane;
  observer.known = actor.knowledge(lane).get();
  return observer;
}

Observer Ordering::observer(const Operation &operation, unsigned lane) const {
  Observer observer;
  observer.agent = operation.agent->number;
  observer.lane = lane;
  observer.own =
      operation.kind == AsyncKind::Matrix ? allLanes : Mask(1) << lane;
  observer.epoch = operation.epoch;
  observer.known = operation.knowledge(lane).get();
  observer.operation = &operation;
  return observer;
}

namespace {

/// Whether one of the ways in which `lanes` of an operation finished is known.
bool finishedBefore(const Observer &observer, const Operation &operation,
                    AccessKind kind, Mask lanes, Path path) {
  const ClockPtr *clock = observer.known ? &observer.known->of(path) : nullptr;
  const auto &finishes =
      kind == AccessKind::Load ? operation.reads : operation.writes;
  finishes.each([&](const Finish &finish) {
    Mask known = finish.lanes & lanes;
    if (!known)
      return;
    const bool own = finish.agent == observer.agent &&
                     finish.epoch <= observer.epoch && path == Path::Seen;
    Mask certain = own ? known & observer.own : 0;
    if (own && finish.anyLane)
      certain = known;
    known &= ~certain;
    if (known && clock && *clock) {
      if (!finish.anyLane)
        certain |= (*clock)->covered(finish.agent, known, finish.epoch);
      else if ((*clock)->reaches(finish.agent, finish.epoch))
        certain |= known;
    }
    lanes &= ~certain;
  });
  return !lanes;
}

} // namespace

bool Ordering::before(const Observer &observer, const Source &source,
                      Mask lanes, Path path) const {
  if (source.operation)
    return source.operation.get() == observer.operation ||
           finishedBefore(observer, *source.operation, source.kind, lanes,
                          path);
  if (path == Path::Seen && source.agent->number == observer.agent &&
      source.epoch <= observer.epoch) {
    lanes &= source.collective ? 0 : ~observer.own;
    if (!lanes)
      return true;
  }
  const ClockPtr *clock = observer.known ? &observer.known->of(path) : nullptr;
  if (!clock || !*clock)
    return false;
  return source.collective
             ? (*clock)->reaches(source.agent->number, source.epoch)
             : (*clock)->covers(source.agent->number, lanes, source.epoch);
}

bool Ordering::strongTogether(const Source &a, const Source &b) const {
  if (a.scope == Scope::None || b.scope == Scope::None)
    return false;
  if (a.agent->sameBlock(*b.agent))
    return true;
  const Scope needed =
      a.agent->cluster == b.agent->cluster ? Scope::Cluster : Scope::Gpu;
  return a.scope >= needed && b.scope >= needed;
}

} // namespace emulator
