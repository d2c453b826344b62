//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How accesses are compared with those before them.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/ClusterRaces.h"

#include <algorithm>

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

/// Of what lanes access: only tensor maps are larger, and read in pieces.
constexpr uint32_t largestAccess = 64;

/// An access as several smaller ones, none of which lies in two ledgers.
template <class Visit> bool inPieces(const Access &access, Visit visit) {
  Access piece = access;
  piece.bytes = largestAccess;
  for (uint32_t done = 0; done < access.bytes; done += largestAccess) {
    if (!visit(piece))
      return false;
    for (uint64_t &address : piece.address)
      address += largestAccess;
  }
  return true;
}

/// Those of `left` whose places are in the ledger of the first.
Mask inOneLedger(const Access &access, Mask left) {
  const unsigned first = ledgerOf(access.address[__builtin_ctz(left)]);
  Mask same = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    same |= Mask(ledgerOf(access.address[lane]) == first) << lane;
  return same & left;
}

} // namespace

ClusterRaces::Opened ClusterRaces::open(unsigned number) {
  Opened opened{number ? launch_.global[number - 1] : shared_, {}, number};
  if (number)
    opened.lock = std::unique_lock<ShortLock>(opened.ledger.lock);
  opened.ledger.collectIfFull();
  return opened;
}

Acquaintance &ClusterRaces::acquaint(Actor &actor, const Opened &opened) {
  Acquaintance &acquaintance = actor.acquaintance(opened.number);
  acquaintance.renew(opened.ledger);
  return acquaintance;
}

bool ClusterRaces::access(Warp &warp, const Access &access) {
  if (isPrivate(access.address[__builtin_ctz(access.lanes)]))
    return true;
  if (access.bytes > largestAccess)
    return inPieces(
        access, [&](const Access &piece) { return this->access(warp, piece); });
  Actor &actor = ordering_.actor(warp);
  const bool performing = !actor.performing.empty();
  Operation *operation = performing ? actor.performing.back().get() : nullptr;
  if (performing && !operation)
    return true;
  if (!performing && access.strong() && !access.mbarrier)
    ordering_.strong(actor, access);
  for (Mask left = access.lanes; left;) {
    const Mask lanes = inOneLedger(access, left);
    left &= ~lanes;
    Opened opened = open(ledgerOf(access.address[__builtin_ctz(lanes)]));
    if (!(operation ? operationAccess(actor, *operation, access, lanes, opened)
                    : threadAccess(actor, access, lanes, opened)))
      return false;
  }
  return true;
}

/// Those lanes of a thread's own access whose places are in one ledger.
bool ClusterRaces::threadAccess(Actor &actor, const Access &access,
                                Mask ofLedger, const Opened &opened) {
  Acquaintance &acquaintance = acquaint(actor, opened);
  Marks &marks = opened.ledger.marks;
  bool collective = false;
  const Mark base = acquaintance.mark(actor, marks, access, collective);
  Memo memo;
  Check check{actor,       opened.ledger,         acquaintance, nullptr,
              access.kind, Marks::sourceOf(base), access.lanes, memo};
  check.proxy = access.proxy;
  if (ofLedger == allLanes && !collective && wholeWarp(check, access))
    return true;
  const bool share =
      !collective && access.kind == AccessKind::Load && mayShare(access);
  for (Mask left = ofLedger; left;) {
    check.lane = static_cast<unsigned>(__builtin_ctz(left));
    const Mask lanes = share ? together(access, left) : left & -left;
    left &= ~lanes;
    check.mark = collective ? base
                 : lanes & (lanes - 1)
                     ? acquaintance.markTogether(actor, marks, access, lanes)
                     : base | check.lane;
    if (!visitTogether(check, access, lanes))
      return false;
  }
  return true;
}

/// A place that `lanes` access: each must be behind what was written there, and
/// all are among its readers.
bool ClusterRaces::visitTogether(Check &check, const Access &access,
                                 Mask lanes) {
  check.counted = false;
  for (Mask left = lanes; left; left &= left - 1) {
    check.lane = static_cast<unsigned>(__builtin_ctz(left));
    if (!visit(check, access.address[check.lane], access.bytes))
      return false;
    check.counted = true;
  }
  return true;
}

bool ClusterRaces::uniform(const Check &check) const {
  return check.operation ? !check.operation->each : check.actor.uniform();
}

Mark ClusterRaces::markOf(Operation &operation, AccessKind kind,
                          const Opened &opened) {
  Operation::Marked &marked = operation.marked[opened.number];
  if (marked.generation != opened.ledger.generation())
    marked = {opened.ledger.generation()};
  uint32_t &mark = marked.mark[kind != AccessKind::Load];
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
  return mark = opened.ledger.marks.add(std::move(source));
}

/// The same for what an operation does for lanes, one by one.
bool ClusterRaces::operationAccess(Actor &actor, Operation &operation,
                                   const Access &access, Mask ofLedger,
                                   const Opened &opened) {
  const Mark base = markOf(operation, access.kind, opened);
  // What lanes read is free again when all are done.
  Mark &all = operation.marked[opened.number].markOfAll;
  const bool load = access.kind == AccessKind::Load;
  if (load && !all)
    all = opened.ledger.marks.addReaders(
        {0, Marks::sourceOf(base), operation.lanes});
  Memo memo;
  Check check{actor,        opened.ledger, acquaint(actor, opened),
              &operation,   access.kind,   Marks::sourceOf(base),
              access.lanes, memo};
  for (Mask left = ofLedger; left; left &= left - 1) {
    check.lane = static_cast<unsigned>(__builtin_ctz(left));
    check.mark = load ? all : base | check.lane;
    if (!visit(check, access.address[check.lane], access.bytes))
      return false;
    if (operation.each)
      memo = {};
  }
  return true;
}

bool ClusterRaces::engineAccess(Warp &warp, AccessKind kind, uint64_t address,
                                uint32_t bytes) {
  Actor &actor = ordering_.actor(warp);
  if (actor.performing.empty() || !actor.performing.back())
    return true;
  Operation &operation = *actor.performing.back();
  while (bytes) {
    const uint64_t left =
        isSharedAddress(address) ? bytes : stripeBytes - address % stripeBytes;
    const auto part = static_cast<uint32_t>(std::min<uint64_t>(bytes, left));
    if (!engineAccess(actor, operation, kind, address, part))
      return false;
    address += part;
    bytes -= part;
  }
  return true;
}

bool ClusterRaces::engineAccess(Actor &actor, Operation &operation,
                                AccessKind kind, uint64_t address,
                                uint32_t bytes) {
  const Opened opened = open(ledgerOf(address));
  EngineMemo &engine = engine_[kind != AccessKind::Load];
  const Ledger &ledger = opened.ledger;
  if (engine.operation != &operation || engine.ledger != &ledger ||
      engine.generation != ledger.generation())
    engine = {&operation, &ledger, ledger.generation(), {}};
  const Mark base = markOf(operation, kind, opened);
  Check check{actor,      opened.ledger, acquaint(actor, opened),
              &operation, kind,          Marks::sourceOf(base),
              0,          engine.memo};
  check.lane = static_cast<unsigned>(__builtin_ctz(operation.lanes));
  check.mark = base | check.lane;
  return visit(check, address, bytes);
}

bool ClusterRaces::visit(Check &check, uint64_t address, uint32_t bytes) {
  const auto offset =
      static_cast<uint32_t>(address & (ShadowPage::pageBytes - 1));
  if (offset + bytes > ShadowPage::pageBytes)
    return visitPages(check, address, bytes);
  const ShadowPage::Cells cells =
      check.ledger.shadow.page(address).cells(offset, bytes);
  return check.kind == AccessKind::Load ? read(check, cells, address)
                                        : write(check, cells, address);
}

bool ClusterRaces::visitPages(Check &check, uint64_t address, uint32_t bytes) {
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
bool ClusterRaces::passed(const Check &check, Mark written) const {
  const bool generic = check.operation
                           ? check.operation->proxy() == Proxy::Generic
                           : check.proxy != Proxy::TensorMap;
  return generic && knownBefore(check, Marks::sourceOf(written));
}

bool ClusterRaces::read(Check &check, const ShadowPage::Cells &cells,
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

bool ClusterRaces::write(Check &check, const ShadowPage::Cells &cells,
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
