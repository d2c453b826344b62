//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What shadow memory holds: 32 bits that say who accessed a place last.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_MARKS_H
#define RUNTIME_EMULATOR_CHECK_MARKS_H

#include "runtime/emulator/check/Agents.h"
#include "runtime/emulator/check/Knowledge.h"
#include "runtime/emulator/check/Operation.h"
#include "runtime/emulator/machine/Access.h"

#include <functional>
#include <vector>

namespace emulator {

/// The accesses of one instruction in one epoch of a warp, or what one
/// asynchronous operation reads or writes.
struct Source {
  const Agent *agent = nullptr;
  uint32_t epoch = 0; ///< of an operation: when it was issued
  AccessKind kind = AccessKind::Load;
  Scope scope = Scope::None; ///< of strong accesses; None for weak ones
  const Site *site = nullptr;
  /// All lanes made it together (ldmatrix): whichever speaks, speaks for all.
  bool collective = false;
  OperationPtr operation; ///< null for a thread's own access
};

/// 0 for nobody, a lane of a source, or a chain of readers; both have a lane in
/// their low bits.
using Mark = uint32_t;

class Marks {
public:
  /// Readers of one place: lanes of a source, and those before.
  struct Readers {
    Mark next = 0;
    uint32_t source = 0;
    /// In a chain 0 for the lane of its mark, of which `next` is then, too: so
    /// one chain does for 32 places that the lanes of a warp read each.
    Mask lanes = 0;
  };
  static constexpr unsigned laneBits = 5;

  Marks() { clear(); }
  void clear();
  /// The mark of lane 0; add a lane to it.
  Mark add(Source source);
  /// A chain; add a lane if it has no lanes of its own.
  Mark addReaders(const Readers &readers);

  static bool isChain(Mark mark) { return mark & chainBit; }
  static uint32_t sourceOf(Mark mark) { return mark >> laneBits; }
  static unsigned laneOf(Mark mark) { return mark & (warpLanes - 1); }
  const Source &source(uint32_t index) const { return sources_[index]; }
  /// The head of a chain; a single mark is a chain of one.
  Readers readers(Mark mark) const {
    if (!isChain(mark))
      return {0, sourceOf(mark), Mask(1) << laneOf(mark)};
    Readers head = chains_[indexOf(mark)];
    if (head.lanes)
      return head;
    head.lanes = Mask(1) << laneOf(mark);
    if (head.next)
      head.next |= laneOf(mark);
    return head;
  }
  /// Whether lane 0's mark becomes another lane's by adding that lane.
  bool followsLanes(Mark mark) const {
    return !isChain(mark) || !chains_[indexOf(mark)].lanes;
  }
  /// True if it is time to collect what no mark leads to any more.
  bool full() const { return live_ >= threshold_; }
  /// Frees what `mark` is not called for: `marks(visit)` calls visit(mark) for
  /// every mark that is kept somewhere.
  void
  collect(const std::function<void(const std::function<void(Mark)> &)> &marks);

private:
  static uint32_t indexOf(Mark mark) { return (mark & ~chainBit) >> laneBits; }

  static constexpr Mark chainBit = Mark(1) << 31;
  /// Few enough for caches to hold them.
  static constexpr size_t leastBetween = 1 << 16;

  template <class Slots>
  static uint32_t take(Slots &slots, std::vector<uint32_t> &free);

  std::vector<Source> sources_; ///< the first is nobody
  std::vector<Readers> chains_;
  std::vector<uint32_t> freeSources_, freeChains_;
  size_t live_ = 0, threshold_ = leastBetween;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_MARKS_H
