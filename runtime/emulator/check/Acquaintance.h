//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a warp keeps of a ledger: the marks of its accesses, and what it knows
// of the sources of others.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_ACQUAINTANCE_H
#define RUNTIME_EMULATOR_CHECK_ACQUAINTANCE_H

#include "runtime/emulator/check/Ledger.h"

#include <array>
#include <utility>

namespace emulator {

class Actor;

class Acquaintance {
public:
  /// Begins anew if the ledger forgot marks.
  void renew(const Ledger &ledger) {
    if (generation_ == ledger.generation())
      return;
    *this = {};
    generation_ = ledger.generation();
  }

  /// The mark of lane 0 for accesses of the current instruction; that of every
  /// lane if they are collective.
  Mark mark(Actor &actor, Marks &marks, const Access &access,
            bool &collective) {
    const SiteMark &found = siteMark(actor, marks, access);
    collective = found.collective;
    return found.mark;
  }
  /// The mark of a place that several of the access's lanes read.
  Mark markTogether(Actor &actor, Marks &marks, const Access &access,
                    Mask lanes);

  /// A source that was found to be ordered before every lane of the warp in an
  /// epoch stays so.
  bool knownBefore(uint32_t source) const {
    return before_[source % before_.size()].first == source;
  }
  /// Whether that was found in `epoch` or before.
  bool knownBefore(uint32_t source, uint32_t epoch) const {
    const auto &[known, since] = before_[source % before_.size()];
    return known == source && since <= epoch;
  }
  void setKnownBefore(uint32_t source, uint32_t epoch) {
    before_[source % before_.size()] = {source, epoch};
  }
  /// A source of another warp that was found not to be, while what the lanes
  /// know is of a version.
  bool knownUnordered(uint32_t source, uint32_t version) const {
    const auto &[known, since] = unordered_[source % unordered_.size()];
    return known == source && since == version;
  }
  void setKnownUnordered(uint32_t source, uint32_t version) {
    unordered_[source % unordered_.size()] = {source, version};
  }

private:
  struct SiteMark {
    const Site *site = nullptr;
    uint32_t epoch = 0;
    AccessKind kind = AccessKind::Load;
    bool collective = false;
    Mark mark = 0;
    /// Marks of places that several lanes read, by these.
    std::array<std::pair<Mask, Mark>, 8> together{};
  };
  SiteMark &siteMark(Actor &actor, Marks &marks, const Access &access);

  uint32_t generation_ = 0;
  std::array<SiteMark, 64> sites_{};
  std::array<std::pair<uint32_t, uint32_t>, 256> before_{};
  std::array<std::pair<uint32_t, uint32_t>, 256> unordered_{};
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_ACQUAINTANCE_H
