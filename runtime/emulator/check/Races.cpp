//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How accesses are compared with those before them.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Races.h"

#include <algorithm>

namespace emulator {
namespace {

constexpr size_t unionsKept = 1 << 14;

bool isShared(uint64_t address) { return address - sharedWindow < windowBytes; }

/// Local memory and parameters, which no other thread reaches.
bool isPrivate(uint64_t address) {
  return address - localWindow < windowBytes ||
         address - paramWindow < windowBytes;
}

bool allSame(const Access &access) {
  const uint64_t first = access.address[__builtin_ctz(access.lanes)];
  uint64_t different = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    different |= access.lanes >> lane & 1 ? access.address[lane] ^ first : 0;
  return !different;
}

} // namespace

void RaceCheck::launchBegins(Grid &) {
  ordering_.clear();
  marks_.clear();
  global_.clear();
  shared_.clear();
  lastCluster_ = nullptr;
  unions_.assign(unionsKept, {});
}

void RaceCheck::launchEnds(Grid &, Fault &) {
  ordering_.clear();
  marks_.clear();
  global_.clear();
  shared_.clear();
}

Shadow &RaceCheck::shadowOf(Warp &warp, uint64_t address) {
  if (!isShared(address))
    return global_;
  Cluster *cluster = &warp.cluster();
  if (cluster != lastCluster_) {
    auto &shadow = shared_[cluster];
    if (!shadow)
      shadow = std::make_unique<Shadow>();
    lastShared_ = shadow.get();
    lastCluster_ = cluster;
  }
  return *lastShared_;
}

bool RaceCheck::access(Warp &warp, const Access &access) {
  if (isPrivate(access.address[__builtin_ctz(access.lanes)]))
    return true;
  if (marks_.full())
    collect();
  Actor &actor = ordering_.participants().actor(warp);
  if (!actor.performing.empty()) {
    const OperationPtr &operation = actor.performing.back();
    return !operation ||
           operationAccess(actor, *operation, access.kind, access);
  }
  const bool strong =
      access.order != MemoryOrder::Weak || access.kind == AccessKind::Atomic;
  if (strong && !access.mbarrier)
    ordering_.strong(actor, access);
  return threadAccess(actor, access);
}

bool RaceCheck::threadAccess(Actor &actor, const Access &access) {
  const Mark base = actor.mark(marks_, access);
  const bool same = access.kind == AccessKind::Load &&
                    access.lanes & (access.lanes - 1) && allSame(access);
  Check check{{}, actor, access.kind, Marks::sourceOf(base), 0, access.lanes};
  for (Mask left = access.lanes; left; left &= left - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(left));
    check.observer = ordering_.observer(actor, lane);
    check.mark = same ? actor.markOfAll(marks_, access) : base | lane;
    if (!visit(check, access.address[lane], access.bytes))
      return false;
  }
  return true;
}

Mark RaceCheck::markOf(Operation &operation, AccessKind kind) {
  uint32_t &mark = operation.mark[kind != AccessKind::Load];
  if (mark)
    return mark;
  Source source;
  source.agent = operation.agent;
  source.epoch = operation.epoch;
  source.kind = kind;
  // Reductions of the engines are relaxed.
  source.scope = kind == AccessKind::Atomic ? Scope::Gpu : Scope::None;
  source.site = operation.site;
  source.operation = operation.shared_from_this();
  return mark = marks_.add(std::move(source));
}

bool RaceCheck::operationAccess(Actor &actor, const Operation &operation,
                                AccessKind kind, const Access &access) {
  const Mark base = markOf(const_cast<Operation &>(operation), kind);
  Check check{{}, actor, kind, Marks::sourceOf(base), 0, access.lanes};
  for (Mask left = access.lanes; left; left &= left - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(left));
    check.observer = ordering_.observer(operation, lane);
    check.mark = base | lane;
    check.before[0] = check.before[1] = 0;
    if (!visit(check, access.address[lane], access.bytes))
      return false;
  }
  return true;
}

bool RaceCheck::engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                             uint32_t bytes) {
  Actor &actor = ordering_.participants().actor(warp);
  if (actor.performing.empty() || !actor.performing.back())
    return true;
  if (marks_.full())
    collect();
  Operation &operation = *actor.performing.back();
  const auto lane = static_cast<unsigned>(__builtin_ctz(operation.lanes));
  const Mark base = markOf(operation, kind);
  Check check{ordering_.observer(operation, lane), actor, kind,
              Marks::sourceOf(base), base | lane};
  return visit(check, address, bytes);
}

bool RaceCheck::visit(Check &check, uint64_t address, uint32_t bytes) {
  Shadow &shadow = shadowOf(check.actor.warp(), address);
  while (bytes) {
    const auto offset =
        static_cast<uint32_t>(address & (ShadowPage::pageBytes - 1));
    const uint32_t part = std::min(bytes, ShadowPage::pageBytes - offset);
    const ShadowPage::Cells cells = shadow.page(address).cells(offset, part);
    const bool passed = check.kind == AccessKind::Load
                            ? read(check, cells, address)
                            : write(check, cells, address);
    if (!passed)
      return false;
    address += part;
    bytes -= part;
  }
  return true;
}

bool RaceCheck::read(Check &check, const ShadowPage::Cells &cells,
                     uint64_t address) {
  for (unsigned i = 0; i < cells.count; ++i) {
    const Mark written = cells.writes[i];
    if (written && written != check.before[0] &&
        !afterWrite(check, written, address + i * cells.unit))
      return false;
    Mark &readers = cells.reads[i];
    if (readers != check.mark)
      readers = readers ? unite(check, readers) : check.mark;
  }
  return true;
}

bool RaceCheck::write(Check &check, const ShadowPage::Cells &cells,
                      uint64_t address) {
  for (unsigned i = 0; i < cells.count; ++i) {
    const Mark written = cells.writes[i], readers = cells.reads[i];
    if (written && written != check.before[0] && written != check.mark &&
        !afterWrite(check, written, address + i * cells.unit))
      return false;
    if (readers && readers != check.before[1] &&
        !afterReads(check, readers, address + i * cells.unit))
      return false;
    cells.writes[i] = check.mark;
    cells.reads[i] = 0;
  }
  return true;
}

/// Whether a write is ordered before the access, or does not race with it.
bool RaceCheck::afterWrite(Check &check, Mark mark, uint64_t address) {
  const uint32_t index = Marks::sourceOf(mark);
  const bool thread = !check.observer.operation;
  if (thread && check.actor.knownBefore(index))
    return true;
  const Source &source = marks_.source(index);
  const unsigned lane = Marks::laneOf(mark);
  // Lanes of one instruction that write one place: one of them wins.
  if (index == check.source && lane < check.observer.lane &&
      check.together >> lane & 1 && check.kind != AccessKind::Load)
    return true;
  const Mask lanes = Mask(1) << lane;
  if (!ordering_.before(check.observer, source, lanes)) {
    if (ordering_.strongTogether(source, marks_.source(check.source)))
      return true;
    return report(check, source, lanes, address);
  }
  if (!thread && !proxied(check, source, lanes, address))
    return false;
  check.before[0] = mark;
  if (thread && !source.operation && check.actor.uniform() &&
      VectorClock::covers(
          check.observer.known ? check.observer.known->of(Path::Seen) : nullptr,
          source.agent, allLanes, source.epoch))
    check.actor.setKnownBefore(index);
  return true;
}

bool RaceCheck::afterReads(Check &check, Mark mark, uint64_t address) {
  const Mark head = mark;
  while (mark) {
    const Marks::Readers readers = marks_.readers(mark);
    const Source &source = marks_.source(readers.source);
    if (!ordering_.before(check.observer, source, readers.lanes) &&
        !ordering_.strongTogether(source, marks_.source(check.source)))
      return report(check, source, readers.lanes, address);
    mark = readers.next;
  }
  check.before[1] = head;
  return true;
}

/// Whether what an operation of the asynchronous proxy reads, and a thread or
/// cp.async wrote, passed a proxy fence.
bool RaceCheck::proxied(Check &check, const Source &source, Mask lanes,
                        uint64_t address) {
  const bool generic =
      !source.operation || source.operation->proxy() == Proxy::Generic;
  const Operation &operation = *check.observer.operation;
  if (!generic || operation.proxy() == Proxy::Generic ||
      check.kind != AccessKind::Load || !reports_.proxies)
    return true;
  const Path path = isShared(address) ? Path::ProxyShared : Path::ProxyGlobal;
  if (ordering_.before(check.observer, source, lanes, path))
    return true;
  return raise(check,
               "missing proxy fence: reads what " + describe(source, lanes) +
                   ", through the asynchronous proxy and without a "
                   "fence.proxy.async between",
               address);
}

/// The readers of a place once the access has read it, too.
Mark RaceCheck::unite(Check &check, Mark readers) {
  const uint32_t key = (readers * 0x9E3779B1u) ^ (check.mark * 0x85EBCA77u);
  Union &known = unions_[(key ^ key >> 15) % unionsKept];
  if (known.readers != readers || known.mark != check.mark)
    known = {readers, check.mark, uniteNew(check, readers)};
  return known.result;
}

Mark RaceCheck::uniteNew(Check &check, Mark readers) {
  const Marks::Readers mine = marks_.readers(check.mark);
  bool all = true; // of the readers before are ordered before this one
  for (Mark mark = readers; mark;) {
    const Marks::Readers each = marks_.readers(mark);
    if (each.source == mine.source && !(mine.lanes & ~each.lanes))
      return readers;
    all = all && ordering_.before(check.observer, marks_.source(each.source),
                                  each.lanes);
    mark = each.next;
  }
  // Broadcasts speak for lanes that may know less than this one.
  if (all && !Marks::isChain(check.mark))
    return check.mark;
  const Marks::Readers head = marks_.readers(readers);
  if (head.source == mine.source)
    return marks_.addReaders({head.next, mine.source, head.lanes | mine.lanes});
  return marks_.addReaders({readers, mine.source, mine.lanes});
}

} // namespace emulator
