//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/VectorClock.h"

#include <algorithm>

namespace emulator {

const VectorClock::Entry *VectorClock::find(uint32_t agent) const {
  auto found = std::lower_bound(
      entries_.begin(), entries_.end(), agent,
      [](const Entry &entry, uint32_t other) { return entry.agent < other; });
  return found != entries_.end() && found->agent == agent ? &*found : nullptr;
}

Mask VectorClock::covered(uint32_t agent, Mask lanes, uint32_t epoch) const {
  const Entry *entry = find(agent);
  if (!entry)
    return 0;
  if (entry->floor >= epoch)
    return lanes;
  if (!entry->lanes)
    return 0;
  Mask covered = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    covered |= Mask((*entry->lanes)[lane] >= epoch) << lane;
  return covered & lanes;
}

bool VectorClock::reaches(uint32_t agent, uint32_t epoch) const {
  const Entry *entry = find(agent);
  if (!entry || !entry->lanes)
    return entry && entry->floor >= epoch;
  return *std::max_element(entry->lanes->begin(), entry->lanes->end()) >= epoch;
}

/// Whether a knows all that b knows of the same agent.
bool VectorClock::includes(const Entry &a, const Entry &b) {
  if (!b.lanes)
    return a.floor >= b.floor;
  if (a.lanes == b.lanes)
    return true;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (a.of(lane) < (*b.lanes)[lane])
      return false;
  return true;
}

VectorClock::Entry VectorClock::merge(const Entry &a, const Entry &b) {
  if (includes(a, b))
    return a;
  if (includes(b, a))
    return b;
  LaneEpochs lanes;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    lanes[lane] = std::max(a.of(lane), b.of(lane));
  return normal(a.agent, lanes);
}

VectorClock::Entry VectorClock::normal(uint32_t agent,
                                       const LaneEpochs &lanes) {
  Entry entry;
  entry.agent = agent;
  entry.floor = *std::min_element(lanes.begin(), lanes.end());
  if (*std::max_element(lanes.begin(), lanes.end()) != entry.floor)
    entry.lanes = std::make_shared<LaneEpochs>(lanes);
  return entry;
}

bool VectorClock::includes(const VectorClock &other) const {
  if (other.entries_.size() > entries_.size())
    return false;
  auto mine = entries_.begin();
  for (const Entry &entry : other.entries_) {
    while (mine != entries_.end() && mine->agent < entry.agent)
      ++mine;
    if (mine == entries_.end() || mine->agent != entry.agent ||
        !includes(*mine, entry))
      return false;
  }
  return true;
}

ClockPtr VectorClock::join(const ClockPtr &a, const ClockPtr &b) {
  if (!b || a == b)
    return a;
  if (!a || b->includes(*a))
    return b;
  if (a->includes(*b))
    return a;
  auto joined = std::make_shared<VectorClock>();
  std::vector<Entry> &entries = joined->entries_;
  entries.reserve(std::max(a->entries_.size(), b->entries_.size()));
  auto x = a->entries_.begin(), y = b->entries_.begin();
  while (x != a->entries_.end() && y != b->entries_.end()) {
    if (x->agent == y->agent)
      entries.push_back(merge(*x++, *y++));
    else
      entries.push_back(x->agent < y->agent ? *x++ : *y++);
  }
  entries.insert(entries.end(), x, a->entries_.end());
  entries.insert(entries.end(), y, b->entries_.end());
  return joined;
}

ClockPtr VectorClock::raise(const ClockPtr &base, uint32_t agent, Mask lanes,
                            uint32_t epoch) {
  if (!epoch || covers(base, agent, lanes, epoch))
    return base;
  Entry raised;
  raised.agent = agent;
  if (lanes == allLanes) {
    raised.floor = epoch;
  } else {
    LaneEpochs each{};
    for (Mask left = lanes; left; left &= left - 1)
      each[static_cast<unsigned>(__builtin_ctz(left))] = epoch;
    raised.lanes = std::make_shared<LaneEpochs>(each);
  }
  auto clock = base ? std::make_shared<VectorClock>(*base)
                    : std::make_shared<VectorClock>();
  auto place = std::lower_bound(
      clock->entries_.begin(), clock->entries_.end(), agent,
      [](const Entry &entry, uint32_t other) { return entry.agent < other; });
  if (place != clock->entries_.end() && place->agent == agent)
    *place = merge(*place, raised);
  else
    clock->entries_.insert(place, raised);
  return clock;
}

ClockPtr VectorClock::bound(const ClockPtr &clock, uint32_t agent,
                            const ClockPtr &by, Mask own) {
  const Entry *entry = clock ? clock->find(agent) : nullptr;
  if (!entry)
    return clock;
  const Entry *known = by ? by->find(agent) : nullptr;
  LaneEpochs lanes;
  for (unsigned lane = 0; lane < warpLanes; ++lane) {
    const uint32_t most = known ? known->of(lane) : 0;
    lanes[lane] =
        own >> lane & 1 ? entry->of(lane) : std::min(entry->of(lane), most);
  }
  auto bounded = std::make_shared<VectorClock>(*clock);
  bounded->entries_[static_cast<size_t>(entry - clock->entries_.data())] =
      normal(agent, lanes);
  return bounded;
}

} // namespace emulator
