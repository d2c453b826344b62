//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How accesses are compared with those before them.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Races.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

/// Local memory and parameters, which no other thread reaches.
bool isPrivate(uint64_t address) {
  return address - localWindow < windowBytes ||
         address - paramWindow < windowBytes;
}

/// Whether lanes some steps apart access the same place, as they do where
/// several read it.
bool mayShare(const Access &access) {
  const uint64_t *address = access.address;
  uint64_t same = 0;
  for (unsigned step : {1, 2, 4, 8, 16})
    for (unsigned lane = 0; lane + step < warpLanes; ++lane)
      same |= address[lane] == address[lane + step];
  return same;
}

/// The lanes of `left` that access the place of its first.
Mask together(const Access &access, Mask left) {
  const uint64_t first = access.address[__builtin_ctz(left)];
  Mask same = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    same |= Mask(access.address[lane] == first) << lane;
  return same & left;
}

} // namespace

void RaceCheck::launchBegins(Grid &) {
  ordering_.clear();
  marks_.clear();
  global_.clear();
  shared_.clear();
  lastCluster_ = nullptr;
  lastWarp_ = nullptr;
  unions_.fill({});
}

void RaceCheck::launchEnds(Grid &, Fault &) {
  ordering_.clear();
  marks_.clear();
  global_.clear();
  shared_.clear();
}

Actor &RaceCheck::actorOf(Warp &warp) {
  if (&warp != lastWarp_) {
    lastWarp_ = &warp;
    lastActor_ = &ordering_.participants().actor(warp);
  }
  return *lastActor_;
}

Shadow &RaceCheck::sharedOf(Warp &warp) {
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
  Actor &actor = actorOf(warp);
  if (!actor.performing.empty()) {
    const OperationPtr &operation = actor.performing.back();
    return !operation || operationAccess(actor, *operation, access);
  }
  const bool strong =
      access.order != MemoryOrder::Weak || access.kind == AccessKind::Atomic;
  if (strong && !access.mbarrier)
    ordering_.strong(actor, access);
  return threadAccess(actor, access);
}

bool RaceCheck::threadAccess(Actor &actor, const Access &access) {
  bool collective = false;
  const Mark base = actor.mark(marks_, access, collective);
  Memo memo;
  Check check{actor,       sharedOf(actor.warp()), nullptr,
              access.kind, Marks::sourceOf(base),  access.lanes,
              memo};
  check.proxy = access.proxy;
  if (access.lanes == allLanes && !collective && wholeWarp(check, access))
    return true;
  const bool share =
      !collective && access.kind == AccessKind::Load && mayShare(access);
  for (Mask left = access.lanes; left;) {
    check.lane = static_cast<unsigned>(__builtin_ctz(left));
    const Mask lanes = share ? together(access, left) : left & -left;
    left &= ~lanes;
    check.mark = collective ? base
                 : lanes & (lanes - 1)
                     ? actor.markTogether(marks_, access, lanes)
                     : base | check.lane;
    if (!visitTogether(check, access, lanes))
      return false;
  }
  return true;
}

/// A place that `lanes` access: each must be behind what was written there, and
/// all are among its readers.
bool RaceCheck::visitTogether(Check &check, const Access &access, Mask lanes) {
  check.counted = false;
  for (Mask left = lanes; left; left &= left - 1) {
    check.lane = static_cast<unsigned>(__builtin_ctz(left));
    if (!visit(check, access.address[check.lane], access.bytes))
      return false;
    check.counted = true;
  }
  return true;
}

bool RaceCheck::uniform(const Check &check) const {
  return check.operation ? !check.operation->each : check.actor.uniform();
}

/// Whether a mark and those that follow it from lane to lane are each lane's
/// own, or of sources that are ordered before the whole warp.
bool RaceCheck::ownOrKnown(const Check &check, Mark first, bool own) const {
  for (Mark mark = first; mark;) {
    const Marks::Readers readers = marks_.readers(mark);
    const Source &by = marks_.source(readers.source);
    if (!(own && !by.operation && marks_.followsLanes(mark) &&
          by.agent == check.actor.agent()) &&
        !check.actor.knownBefore(readers.source))
      return false;
    mark = readers.next;
  }
  return true;
}

/// Whether nobody left `marks` of 32 places, or each lane its own, or all are
/// of sources that are ordered before the whole warp.
bool RaceCheck::ownOrKnown(const Check &check, const Mark *marks) const {
  Mark most = 0, least = ~Mark(0);
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    most = std::max(most, marks[lane] & ~(warpLanes - 1));
    least = std::min(least, marks[lane] & ~(warpLanes - 1));
  }
  if (!most)
    return true;
  if (least && least != most)
    return false;
  uint32_t strangers = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    strangers |= marks[lane] && (marks[lane] != (most | lane));
  return ownOrKnown(check, most, !strangers);
}

/// Whether what 32 places hold follows the lanes, as what a warp left there
/// does: so the first stands for all.
static bool followLanes(const ShadowCell *cells) {
  const uint32_t write = cells[0].write ? 1 : 0, reads = cells[0].reads ? 1 : 0;
  uint32_t different =
      Marks::laneOf(cells[0].write) | Marks::laneOf(cells[0].reads);
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    different |= (cells[lane].write ^ (cells[0].write + lane * write)) |
                 (cells[lane].reads ^ (cells[0].reads + lane * reads));
  return !different;
}

/// The short way of 32 lanes that access units one after the other. False if
/// it must be looked at lane by lane.
bool RaceCheck::wholeWarp(Check &check, const Access &access) {
  const uint64_t first = access.address[0];
  const auto offset =
      static_cast<uint32_t>(first & (ShadowPage::pageBytes - 1));
  if (offset + warpLanes * access.bytes > ShadowPage::pageBytes)
    return false;
  uint64_t apart = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    apart |= access.address[lane] - first - lane * uint64_t(access.bytes);
  if (apart)
    return false;
  const ShadowPage::Cells cells =
      shadowOf(check, first).page(first).cells(offset, access.bytes);
  if (cells.unit != access.bytes)
    return false;
  return followLanes(cells.first) ? wholeWarpAlike(check, cells.first)
                                  : wholeWarpMixed(check, cells.first);
}

/// Turns `mark` of lane 0 into that of readers who are `reads`, too. False if
/// it does not do for all lanes.
bool RaceCheck::unitedForAll(Check &check, Mark reads, Mark &mark) {
  if (!check.actor.uniform())
    return false;
  check.mark = mark;
  mark = unite(check, reads);
  return marks_.followsLanes(mark);
}

/// Places whose marks follow the lanes.
bool RaceCheck::wholeWarpAlike(Check &check, ShadowCell *cells) {
  const auto [write, reads] = cells[0];
  if (!ownOrKnown(check, write, true))
    return false;
  Mark base = check.source << Marks::laneBits;
  const bool load = check.kind == AccessKind::Load;
  if (load && reads == base)
    return true;
  if (!ownOrKnown(check, reads, true) &&
      (!load || !unitedForAll(check, reads, base)))
    return false;
  const Mark behind = load && write ? 1 : 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    cells[lane] = load ? ShadowCell{write + lane * behind, base + lane}
                       : ShadowCell{base + lane, 0};
  return true;
}

bool RaceCheck::wholeWarpMixed(Check &check, ShadowCell *cells) {
  Mark writes[warpLanes], reads[warpLanes];
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    writes[lane] = cells[lane].write;
    reads[lane] = cells[lane].reads;
  }
  if (!ownOrKnown(check, writes))
    return false;
  Mark base = check.source << Marks::laneBits;
  const bool load = check.kind == AccessKind::Load;
  if (!ownOrKnown(check, reads)) {
    uint32_t different = 0;
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      different |= reads[lane] - reads[0] - lane;
    if (different || !load || !unitedForAll(check, reads[0], base))
      return false;
  }
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    cells[lane] = load ? ShadowCell{writes[lane], base | lane}
                       : ShadowCell{base | lane, 0};
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

bool RaceCheck::operationAccess(Actor &actor, Operation &operation,
                                const Access &access) {
  const Mark base = markOf(operation, access.kind);
  // What lanes read is free again when all are done.
  if (access.kind == AccessKind::Load && !operation.markOfAll)
    operation.markOfAll =
        marks_.addReaders({0, Marks::sourceOf(base), operation.lanes});
  const Mark all = access.kind == AccessKind::Load ? operation.markOfAll : 0;
  Memo memo;
  Check check{actor,       sharedOf(actor.warp()), &operation,
              access.kind, Marks::sourceOf(base),  access.lanes,
              memo};
  for (Mask left = access.lanes; left; left &= left - 1) {
    check.lane = static_cast<unsigned>(__builtin_ctz(left));
    check.mark = all ? all : base | check.lane;
    if (!visit(check, access.address[check.lane], access.bytes))
      return false;
    if (operation.each)
      memo = {};
  }
  return true;
}

bool RaceCheck::engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                             uint32_t bytes) {
  Actor &actor = actorOf(warp);
  if (actor.performing.empty() || !actor.performing.back())
    return true;
  if (marks_.full())
    collect();
  Operation &operation = *actor.performing.back();
  if (&operation != engine_) {
    engine_ = &operation;
    engineReads_ = engineWrites_ = {};
  }
  const Mark base = markOf(operation, kind);
  Check check{actor,
              sharedOf(warp),
              &operation,
              kind,
              Marks::sourceOf(base),
              0,
              kind == AccessKind::Load ? engineReads_ : engineWrites_};
  check.lane = static_cast<unsigned>(__builtin_ctz(operation.lanes));
  check.mark = base | check.lane;
  return visit(check, address, bytes);
}

bool RaceCheck::visit(Check &check, uint64_t address, uint32_t bytes) {
  const auto offset =
      static_cast<uint32_t>(address & (ShadowPage::pageBytes - 1));
  if (offset + bytes > ShadowPage::pageBytes)
    return visitPages(check, address, bytes);
  const ShadowPage::Cells cells =
      shadowOf(check, address).page(address).cells(offset, bytes);
  return check.kind == AccessKind::Load ? read(check, cells, address)
                                        : write(check, cells, address);
}

bool RaceCheck::visitPages(Check &check, uint64_t address, uint32_t bytes) {
  while (bytes) {
    const auto offset =
        static_cast<uint32_t>(address & (ShadowPage::pageBytes - 1));
    const uint32_t part = std::min(bytes, ShadowPage::pageBytes - offset);
    if (!visit(check, address, part))
      return false;
    address += part;
    bytes -= part;
  }
  return true;
}

/// Whether a write is known to be ordered before, and no proxy is in question.
bool RaceCheck::passed(const Check &check, Mark written) const {
  const bool generic = check.operation
                           ? check.operation->proxy() == Proxy::Generic
                           : check.proxy != Proxy::TensorMap;
  return generic && knownBefore(check, Marks::sourceOf(written));
}

bool RaceCheck::read(Check &check, const ShadowPage::Cells &cells,
                     uint64_t address) {
  for (unsigned i = 0; i < cells.count; ++i) {
    const Mark written = cells.first[i].write;
    if (written && written != check.memo.written && !passed(check, written) &&
        !afterWrite(check, written, address + i * cells.unit))
      return false;
    Mark &readers = cells.first[i].reads;
    if (readers != check.mark && !check.counted)
      readers = readers ? unite(check, readers) : check.mark;
  }
  return true;
}

bool RaceCheck::write(Check &check, const ShadowPage::Cells &cells,
                      uint64_t address) {
  for (unsigned i = 0; i < cells.count; ++i) {
    const auto [written, readers] = cells.first[i];
    if (written && written != check.memo.written && written != check.mark &&
        !passed(check, written) &&
        !afterWrite(check, written, address + i * cells.unit))
      return false;
    if (readers && readers != check.memo.readers &&
        !afterReads(check, readers, address + i * cells.unit))
      return false;
    cells.first[i] = {check.mark, 0};
  }
  return true;
}

} // namespace emulator
