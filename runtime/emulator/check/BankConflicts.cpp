//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/BankConflicts.h"

#include "runtime/emulator/machine/Grid.h"

#include <algorithm>

namespace emulator {
namespace {

constexpr unsigned banks = 32, bankBytes = 4;

/// The most different words that lanes first to end - 1 want of one bank.
unsigned turns(const uint64_t (&address)[warpLanes], Mask lanes, unsigned first,
               unsigned end, uint32_t bytes) {
  uint64_t words[banks][banks];
  unsigned counts[banks] = {}, most = 0;
  for (unsigned lane = first; lane < end; ++lane) {
    if (!(lanes >> lane & 1))
      continue;
    const uint64_t last = (address[lane] + bytes - 1) / bankBytes;
    for (uint64_t word = address[lane] / bankBytes; word <= last; ++word) {
      uint64_t *of = words[word % banks];
      unsigned &count = counts[word % banks];
      if (std::find(of, of + count, word) == of + count)
        of[count++] = word;
      most = std::max(most, count);
    }
  }
  return most;
}

} // namespace

Wavefronts wavefrontsOf(const uint64_t (&address)[warpLanes], Mask lanes,
                        uint32_t bytes) {
  Wavefronts wavefronts;
  const unsigned parts = bytes > 8 ? 4 : bytes > 4 ? 2 : 1;
  const unsigned together = warpLanes / parts;
  for (unsigned first = 0; first < warpLanes; first += together) {
    const unsigned part = turns(address, lanes, first, first + together, bytes);
    wavefronts.taken += part;
    wavefronts.least += part != 0;
  }
  return wavefronts;
}

BankConflicts::~BankConflicts() {
  if (!launch_)
    return;
  std::lock_guard<std::mutex> lock(launch_->mutex_);
  for (const auto &[site, own] : counts_) {
    BankCount &count = launch_->counts_[site];
    count.line = own.line;
    count.instruction = own.instruction;
    count.accesses += own.accesses;
    count.wavefronts += own.wavefronts;
    count.least += own.least;
  }
}

void BankConflicts::launchBegins(Grid &) { counts_.clear(); }

bool BankConflicts::access(Warp &warp, const Access &access) {
  const uint64_t own =
      sharedWindow + (uint64_t(warp.block().rank()) << sharedRankShift);
  Mask lanes = 0;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (access.lanes >> lane & 1 &&
        access.address[lane] - own <= sharedOffsetMask)
      lanes |= Mask(1) << lane;
  if (!lanes || access.mbarrier)
    return true;
  BankCount &count = counts_[&warp.site()];
  if (!count.accesses++) {
    count.line = warp.site().line;
    count.instruction = warp.site().text;
  }
  const Wavefronts wavefronts =
      wavefrontsOf(access.address, lanes, access.bytes);
  count.wavefronts += wavefronts.taken;
  count.least += wavefronts.least;
  return true;
}

std::vector<BankCount> BankConflicts::counts() const {
  std::vector<BankCount> all;
  for (const auto &[site, count] : counts_)
    all.push_back(count);
  std::sort(all.begin(), all.end(), [](const BankCount &a, const BankCount &b) {
    return a.line < b.line;
  });
  return all;
}

std::string BankConflicts::summary() const {
  std::string text;
  for (const BankCount &count : counts())
    if (count.conflicts())
      text += "bank conflicts: line " + std::to_string(count.line) + " (" +
              count.instruction + "): " + std::to_string(count.accesses) +
              " accesses took " + std::to_string(count.wavefronts) +
              " wavefronts, " + std::to_string(count.conflicts()) +
              " more than without conflicts\n";
  return text;
}

} // namespace emulator
