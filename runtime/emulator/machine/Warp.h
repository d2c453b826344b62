//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A warp: its registers, its splits (groups of lanes that stand at one
// instruction) and what handlers may do to it.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_WARP_H
#define RUNTIME_EMULATOR_MACHINE_WARP_H

#include "runtime/emulator/machine/Access.h"
#include "runtime/emulator/machine/Async.h"
#include "runtime/emulator/machine/Fault.h"
#include "runtime/emulator/machine/Instruction.h"

#include <memory>
#include <string>
#include <vector>

namespace emulator {

class Block;
class Cluster;
class Grid;
class Monitor;
struct Region;

/// One activation of a function by some lanes.
struct Frame {
  const Function *function = nullptr;
  std::byte *registers = nullptr;
  Frame *caller = nullptr;
  uint32_t returnTo = 0; ///< in the caller's code
  uint32_t depth = 0;
  uint32_t local = 0; ///< where its variables begin in local memory: bytes
  Mask lanes = 0;     ///< that have not returned
  std::unique_ptr<std::byte[]> storage;
};

/// Why lanes wait. Handlers may keep a token from one try to the next.
struct Waiting {
  const char *what = nullptr; ///< `barrier 1`, for the report of a deadlock
  uint64_t token = 0;
  uint64_t address = 0; ///< of an mbarrier, or a barrier's number
};

/// Lanes that stand at one instruction of one frame.
struct Split {
  enum class State : uint8_t {
    Ready,
    Parked,  ///< at a converging instruction, until the others arrive
    Waiting, ///< its instruction returned Outcome::Wait
  };
  uint32_t pc = 0;
  Mask lanes = 0;
  Frame *frame = nullptr;
  State state = State::Ready;
  bool resumed = false; ///< `waiting` is of an earlier try
  Waiting waiting;
  uint64_t turns = 0; ///< taken since the others last ran
};

/// What a turn of a warp came to.
enum class Progress : uint8_t {
  Ran,      ///< its budget ended
  Polled,   ///< it ran, but only looked at memory again and again
  Blocked,  ///< every split waits or is parked
  Finished, ///< every lane has exited
  Faulted,
};

class Warp {
public:
  Warp(Block &block, unsigned index, Mask lanes);
  Warp(const Warp &) = delete;
  Warp &operator=(const Warp &) = delete;
  ~Warp();

  // --- what instructions use ---

  /// The 32 lanes of a value.
  template <class T> T *lanes(Slot slot) {
    return reinterpret_cast<T *>(bank_[slot.bank()] + slot.offset());
  }
  template <class T> const T *lanes(Slot slot) const {
    return reinterpret_cast<const T *>(bank_[slot.bank()] + slot.offset());
  }
  /// A predicate: one bit a lane.
  Mask &predicate(Slot slot) { return *lanes<Mask>(slot); }

  Block &block() { return block_; }
  const Block &block() const { return block_; }
  Cluster &cluster();
  Grid &grid();
  /// Null when nothing is checked.
  Monitor *monitor() const { return monitor_; }
  unsigned index() const { return index_; }
  /// Lanes that have not exited.
  Mask live() const { return live_; }
  /// Lanes of the current split.
  Mask active() const { return active_; }
  uint32_t pc() const { return pc_; }
  const Frame &frame() const { return *frame_; }
  const Site &site() const { return frame_->function->sites[pc_]; }
  AsyncGroups &groups(AsyncKind kind) {
    return groups_[static_cast<unsigned>(kind)];
  }

  /// Host pointers of the access's lanes. Turns its addresses into generic
  /// ones, checks bounds and alignment, tells the monitor. False if a fault was
  /// raised: the handler returns Outcome::Fault.
  bool translate(Access &access, Pointers &pointers);
  /// Host pointer of one address, or null if it is out of bounds; raises no
  /// fault and tells no monitor.
  std::byte *at(MemorySpace space, uint64_t address, uint64_t bytes,
                unsigned lane = 0);

  /// Ends the launch with a fault at the current instruction.
  Outcome fault(FaultKind kind, std::string message, Mask lanes);
  Outcome fault(FaultKind kind, std::string message, Mask lanes,
                uint64_t address);
  /// The instruction cannot be done yet; its lanes try again later.
  Outcome wait(const Waiting &waiting);
  /// What wait() was given when the lanes last tried this instruction; null at
  /// their first try.
  const Waiting *resumed() const { return resumed_; }
  /// True if the cluster cannot run unless a wait gives up: a try_wait may then
  /// answer that its time is over.
  bool mayTimeOut() const;
  /// The instruction looked at memory that others may write: many of these in a
  /// turn, and the warp is thought to poll.
  void poll() { ++polls_; }

  // --- what control flow uses ---

  /// Moves `lanes` to `target`; the others go on with the next instruction.
  Outcome branch(Mask lanes, uint32_t target);
  /// Moves each lane of `lanes` to its own target.
  Outcome branch(Mask lanes, const uint32_t *targets);
  /// Lanes enter `callee`, which returns to the next instruction. The frame is
  /// made before its arguments are copied.
  Frame *call(Mask lanes, const Function &callee);
  Outcome ret(Mask lanes);
  Outcome exit(Mask lanes);
  /// Parks `lanes` until the others that must meet them have come, then runs
  /// the body of the site.
  Outcome converge(const Instruction &instruction, Mask lanes);

  // --- what the scheduler uses ---

  /// Runs up to `budget` instructions.
  Progress run(uint64_t budget);
  uint64_t executed() const { return executed_; }
  const std::vector<Split> &splits() const { return splits_; }
  /// Bank::Specials, written when the block starts.
  std::byte *specials() { return specials_.get(); }

private:
  bool select();
  void keep();
  void load(Split &split);
  void divide(Mask leaving);
  void leave(Mask lanes);
  bool runSplit(uint64_t &budget);
  bool mergeReady();
  void place(const Split &split);
  Frame *newFrame(const Function &function, Mask lanes);
  void releaseFrame(Frame *frame);
  Mask expected(const Site &site, Mask lanes);
  bool resolveGeneric(Access &access, Pointers &pointers);
  std::byte *globalAt(uint64_t address, uint64_t bytes);
  std::byte *localAt(uint64_t offset, uint64_t bytes, unsigned lane);

  std::byte *bank_[3] = {};
  uint32_t pc_ = 0;
  uint32_t stop_ = 0; ///< a split that could merge begins here
  Mask active_ = 0;
  Mask live_ = 0;
  const Waiting *resumed_ = nullptr;
  Frame *frame_ = nullptr;
  Monitor *monitor_ = nullptr;
  Block &block_;
  const unsigned index_;
  uint64_t executed_ = 0;
  uint64_t polls_ = 0;
  std::vector<Split> splits_; ///< all but the current one
  std::vector<std::unique_ptr<Frame>> frames_;
  AsyncGroups groups_[asyncKinds];
  std::unique_ptr<std::byte[]> specials_;
  std::vector<std::byte> local_; ///< lane after lane
  uint32_t localBytes_ = 0;      ///< of one lane
  Waiting waiting_;
  const Region *lastRegion_ = nullptr;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_WARP_H
