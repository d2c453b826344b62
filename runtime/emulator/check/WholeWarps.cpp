//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Accesses of 32 lanes to places that follow each other: those before are often
// alike for all of them, and looked at once.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/ClusterRaces.h"

#include <algorithm>

namespace emulator {

/// Whether a mark and those that follow it from lane to lane are each lane's
/// own, or of sources that are ordered before the whole warp.
bool ClusterRaces::ownOrKnown(const Check &check, Mark first, bool own) const {
  for (Mark mark = first; mark;) {
    const Marks::Readers readers = check.ledger.marks.readers(mark);
    const Source &by = check.ledger.marks.source(readers.source);
    if (!(own && !by.operation && check.ledger.marks.followsLanes(mark) &&
          by.agent == &check.actor.agent()) &&
        !check.acquaintance.knownBefore(readers.source))
      return false;
    mark = readers.next;
  }
  return true;
}

/// Whether nobody left `marks` of 32 places, or each lane its own, or all are
/// of sources that are ordered before the whole warp.
bool ClusterRaces::ownOrKnown(const Check &check, const Mark *marks) const {
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
bool ClusterRaces::wholeWarp(Check &check, const Access &access) {
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
      check.ledger.shadow.page(first).cells(offset, access.bytes);
  if (cells.unit != access.bytes)
    return false;
  return followLanes(cells.first) ? wholeWarpAlike(check, cells.first)
                                  : wholeWarpMixed(check, cells.first);
}

/// Turns `mark` of lane 0 into that of readers who are `reads`, too. False if
/// it does not do for all lanes.
bool ClusterRaces::unitedForAll(Check &check, Mark reads, Mark &mark) {
  if (!check.actor.uniform())
    return false;
  check.mark = mark;
  mark = unite(check, reads);
  return check.ledger.marks.followsLanes(mark);
}

/// Places whose marks follow the lanes.
bool ClusterRaces::wholeWarpAlike(Check &check, ShadowCell *cells) {
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

bool ClusterRaces::wholeWarpMixed(Check &check, ShadowCell *cells) {
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

} // namespace emulator
