//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/Marks.h"

#include <algorithm>

namespace emulator {

void Marks::clear() {
  sources_.clear();
  chains_.clear();
  freeSources_.clear();
  freeChains_.clear();
  sources_.emplace_back();
  live_ = 0;
  threshold_ = leastBetween;
}

template <class Slots>
uint32_t Marks::take(Slots &slots, std::vector<uint32_t> &free) {
  if (free.empty()) {
    slots.emplace_back();
    return static_cast<uint32_t>(slots.size() - 1);
  }
  const uint32_t index = free.back();
  free.pop_back();
  return index;
}

Mark Marks::add(Source source) {
  ++live_;
  const uint32_t index = take(sources_, freeSources_);
  sources_[index] = std::move(source);
  return index << laneBits;
}

Mark Marks::addReaders(const Readers &readers) {
  ++live_;
  const uint32_t index = take(chains_, freeChains_);
  chains_[index] = readers;
  return index << laneBits | chainBit;
}

void Marks::collect(
    const std::function<void(const std::function<void(Mark)> &)> &marks) {
  std::vector<bool> source(sources_.size()), chain(chains_.size());
  source[0] = true;
  size_t live = 0, seen = 0;
  marks([&](Mark mark) {
    ++seen;
    while (isChain(mark) && !chain[indexOf(mark)]) {
      chain[indexOf(mark)] = true;
      ++live;
      const Readers &readers = chains_[indexOf(mark)];
      live += !source[readers.source];
      source[readers.source] = true;
      mark = readers.next;
    }
    if (isChain(mark))
      return;
    live += !source[sourceOf(mark)];
    source[sourceOf(mark)] = true;
  });
  freeSources_.clear();
  freeChains_.clear();
  for (uint32_t i = 0; i < source.size(); ++i)
    if (!source[i]) {
      sources_[i] = {};
      freeSources_.push_back(i);
    }
  for (uint32_t i = 0; i < chain.size(); ++i)
    if (!chain[i])
      freeChains_.push_back(i);
  live_ = live;
  // To look at marks should cost no more than to make them did.
  threshold_ = live + std::max({leastBetween, live, seen});
}

} // namespace emulator
