//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Whether an access is ordered after those before it, and what is kept of the
// answers.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/ClusterRaces.h"

namespace emulator {

Observer ClusterRaces::observer(const Check &check) const {
  return check.operation ? ordering_.observer(*check.operation, check.lane)
                         : ordering_.observer(check.actor, check.lane);
}

/// Whether what `lanes` of a source did is ordered before the access; for what
/// four warps read together, before the product of each.
bool ClusterRaces::before(const Check &check, const Source &source, Mask lanes,
                          Path path) const {
  if (!ordering_.before(observer(check), source, lanes, path))
    return false;
  if (check.operation)
    for (const Operation *other : check.operation->siblings)
      if (other &&
          !ordering_.before(ordering_.observer(*other, 0), source, lanes, path))
        return false;
  return true;
}

/// Whether all of a source is ordered before every lane, whoever did it. Keeps
/// it if so.
bool ClusterRaces::learnBefore(Check &check, uint32_t index) const {
  const Source &source = check.ledger.marks.source(index);
  const Mask all = source.operation ? source.operation->lanes : allLanes;
  const Operation *operation = check.operation;
  const bool alone =
      operation && (operation->kind == AsyncKind::Matrix ||
                    !(operation->lanes & (operation->lanes - 1)));
  if (!alone && !uniform(check))
    return false;
  Observer any = observer(check);
  any.own = 0;
  if (alone ? !before(check, source, all) : !ordering_.before(any, source, all))
    return false;
  if (alone || (operation && source.operation.get() == operation))
    check.memo.sources[index % 16] = index;
  else
    check.acquaintance.setKnownBefore(index, operation ? operation->epoch
                                                       : check.actor.epoch());
  return true;
}

/// Whether what `lanes` of a source did is ordered before the access.
bool ClusterRaces::isBefore(Check &check, uint32_t index, Mask lanes) const {
  return knownBefore(check, index) || learnBefore(check, index) ||
         before(check, check.ledger.marks.source(index), lanes);
}

/// Whether a write is ordered before the access, or does not race with it.
bool ClusterRaces::afterWrite(Check &check, Mark mark, uint64_t address) {
  const uint32_t index = Marks::sourceOf(mark);
  const bool map = check.proxy == Proxy::TensorMap;
  const Source &source = check.ledger.marks.source(index);
  const unsigned lane = Marks::laneOf(mark);
  // Lanes of one instruction that write one place: one of them wins.
  if (index == check.source && lane < check.lane &&
      check.together >> lane & 1 && check.kind != AccessKind::Load)
    return true;
  const Mask lanes = Mask(1) << lane;
  if (!isBefore(check, index, lanes))
    return ordering_.strongTogether(source,
                                    check.ledger.marks.source(check.source)) ||
           report(check, source, lanes, address);
  if (check.operation && !proxied(check, source, lanes, address))
    return false;
  if (map && !mapFenced(check, source, lanes, address))
    return false;
  check.memo.written = mark;
  return true;
}

bool ClusterRaces::afterReads(Check &check, Mark mark, uint64_t address) {
  const Mark head = mark;
  while (mark) {
    const Marks::Readers readers = check.ledger.marks.readers(mark);
    const Source &source = check.ledger.marks.source(readers.source);
    mark = readers.next;
    if (!isBefore(check, readers.source, readers.lanes) &&
        !ordering_.strongTogether(source,
                                  check.ledger.marks.source(check.source)))
      return report(check, source, readers.lanes, address);
  }
  check.memo.readers = head;
  return true;
}

/// Whether what an operation of the asynchronous proxy reads, and a thread or
/// cp.async wrote, passed a proxy fence.
bool ClusterRaces::proxied(Check &check, const Source &source, Mask lanes,
                           uint64_t address) {
  const bool generic =
      !source.operation || source.operation->proxy() == Proxy::Generic;
  const Operation &operation = *check.operation;
  if (!generic || operation.proxy() == Proxy::Generic ||
      check.kind != AccessKind::Load || !reports_.proxies)
    return true;
  const Path path =
      isSharedAddress(address) ? Path::ProxyShared : Path::ProxyGlobal;
  if (before(check, source, lanes, path))
    return true;
  return raise(check,
               "missing proxy fence: reads what " + describe(source, lanes) +
                   ", through the asynchronous proxy and without a "
                   "fence.proxy.async between",
               address);
}

/// Whether a tensor map that a thread wrote passed both fences of its proxy.
bool ClusterRaces::mapFenced(Check &check, const Source &source, Mask lanes,
                             uint64_t address) {
  if (!reports_.proxies || before(check, source, lanes, Path::MapsAcquired))
    return true;
  const bool released = before(check, source, lanes, Path::MapsReleased);
  return raise(check,
               "missing proxy fence: uses the tensor map that " +
                   describe(source, lanes) + ", without a " +
                   "fence.proxy.tensormap that " +
                   (released ? "acquires it" : "releases it"),
               address);
}

/// The readers of a place once the access has read it, too. What holds for
/// one lane holds for all that read places of their own alike.
Mark ClusterRaces::unite(Check &check, Mark readers) {
  Mark lane = Marks::laneOf(check.mark);
  if (Marks::isChain(check.mark) || Marks::laneOf(readers) != lane ||
      !uniform(check) || !check.ledger.marks.followsLanes(readers))
    lane = 0;
  const Mark before = readers - lane, mark = check.mark - lane;
  Union &recent = check.memo.united;
  if (recent.readers != before || recent.mark != mark) {
    Union &known = check.ledger.united(before, mark);
    if (known.readers != before || known.mark != mark) {
      const Mark result = uniteNew(check, readers);
      known = {before, mark, result, check.ledger.marks.followsLanes(result)};
      if (known.followsLanes)
        known.result -= lane;
    }
    recent = known;
  }
  return recent.followsLanes ? recent.result + lane : recent.result;
}

/// The same as before(), which it asks but once for each source of others.
bool ClusterRaces::comesBefore(Check &check, const Marks::Readers &readers) {
  Actor &actor = check.actor;
  const bool keep = !check.operation && actor.uniform();
  if (keep &&
      check.acquaintance.knownUnordered(readers.source, actor.version()))
    return false;
  const Source &source = check.ledger.marks.source(readers.source);
  if (before(check, source, readers.lanes))
    return true;
  if (keep && source.agent != &actor.agent() && !source.operation)
    check.acquaintance.setKnownUnordered(readers.source, actor.version());
  return false;
}

/// Of readers in other clusters that nothing orders, the first few stand for
/// all: whoever writes without their knowing races with them, too.
Mark ClusterRaces::uniteNew(Check &check, Mark readers) {
  constexpr unsigned strangersKept = 4;
  const Marks::Readers mine = check.ledger.marks.readers(check.mark);
  const uint64_t cluster = check.actor.agent().cluster;
  bool all = true; // of the readers before are ordered before this one
  unsigned strangers = 0;
  for (Mark mark = readers; mark;) {
    const Marks::Readers each = check.ledger.marks.readers(mark);
    mark = each.next;
    if (each.source == mine.source && !(mine.lanes & ~each.lanes))
      return readers;
    if (knownBefore(check, each.source) || comesBefore(check, each))
      continue;
    all = false;
    strangers +=
        check.ledger.marks.source(each.source).agent->cluster != cluster;
    if (strangers == strangersKept)
      return readers;
  }
  // Broadcasts speak for lanes that may know less than this one.
  if (all && !Marks::isChain(check.mark))
    return check.mark;
  const Marks::Readers head = check.ledger.marks.readers(readers);
  if (head.source == mine.source)
    return check.ledger.marks.addReaders(
        {head.next, mine.source, head.lanes | mine.lanes});
  const unsigned lane = Marks::laneOf(check.mark);
  if (!Marks::isChain(check.mark) && Marks::laneOf(readers) == lane &&
      check.ledger.marks.followsLanes(readers))
    return check.ledger.marks.addReaders({readers - lane, mine.source, 0}) |
           lane;
  return check.ledger.marks.addReaders({readers, mine.source, mine.lanes});
}

} // namespace emulator
