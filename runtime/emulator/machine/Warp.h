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
  uint32_t local = 0;     ///< where its variables begin in local memory: bytes
  uint32_t allocated = 0; ///< bytes behind its variables: alloca
  Mask lanes = 0;         ///< that have not returned
  /// The call, whose detail says where results go; null in a kernel.
  const Instruction *call = nullptr;
  std::unique_ptr<std::byte[]> storage;
};

/// Why lanes wait. Handlers may keep a token from one try to the next.
struct Waiting {
  enum class For : uint8_t { Nothing, Barrier, Cluster, Mbarrier, Warpgroup };
  For what = For::Nothing;
  uint64_t token = 0;
  /// Shared, of the cluster, of an mbarrier; or a barrier's number.
  uint64_t address = 0;
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
  Mask expected = 0; ///< while parked: the lanes that are to meet
  Frame *frame = nullptr;
  State state = State::Ready;
  bool resumed = false; ///< `waiting` is of an earlier try
  Waiting waiting;
  uint64_t turns = 0;    ///< how often it let others run first
  uint64_t restless = 0; ///< branches back, and looks at memory, since then
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
  /// Lets the monitor see every instruction from now on.
  void watch() { watched_ = true; }
  unsigned index() const { return index_; }
  /// Lanes that the block began with: not all in its last warp.
  Mask launched() const { return launched_; }
  /// Lanes that have not exited.
  Mask live() const { return live_; }
  /// Lanes of the current split.
  Mask active() const { return active_; }
  uint32_t pc() const { return pc_; }
  const Frame &frame() const { return *frame_; }
  /// Of the current instruction; while an asynchronous operation is performed,
  /// of the one that issued it.
  const Site &site() const {
    return acting_ ? *acting_ : frame_->function->sites[pc_];
  }
  AsyncGroups &groups(AsyncKind kind) {
    return groups_[static_cast<unsigned>(kind)];
  }
  /// The bulk groups again, for what they read: cp.async.bulk.wait_group.read.
  AsyncGroups &bulkReads() { return bulkReads_; }

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
  /// The fault at the current instruction, which is not raised; `address`, if
  /// not null, is the place concerned.
  Fault describeFault(FaultKind kind, std::string message, Mask lanes,
                      const uint64_t *address);
  /// The instruction cannot be done yet; its lanes try again later.
  Outcome wait(const Waiting &waiting);
  /// `lanes` looked in vain for what they wait for, or found it: for reports.
  void looked(const Waiting &waiting, Mask lanes, bool found) {
    soughtLanes_ = found ? soughtLanes_ & ~lanes : soughtLanes_ | lanes;
    if (!found)
      sought_ = waiting;
  }
  /// What wait() was given when the lanes last tried this instruction; null at
  /// their first try.
  const Waiting *resumed() const { return resumed_; }
  /// True if the cluster cannot run unless a wait gives up: a try_wait may then
  /// answer that its time is over.
  bool mayTimeOut() const;
  /// The phases of the cluster's barrier at which the lanes arrived, plus one;
  /// 0 for lanes that wait for none.
  uint64_t clusterArrivals[warpLanes] = {};

  /// The instruction changed memory that others may look at.
  void wrote() { wrote_ = true; }
  /// The instruction looked at memory that others may write, and changed
  /// nothing: many of these in a turn without a write, and the warp is thought
  /// to poll.
  void poll() {
    ++polls_;
    restless_ += 2048;
  }

  /// Where the stack of the current frame ends in local memory.
  uint32_t stackHeight() const {
    return frame_->local + frame_->function->localBytes + frame_->allocated;
  }
  /// Local memory of the frame for every lane, at `address`; false if there is
  /// no room.
  bool allocate(uint64_t bytes, uint32_t align, uint32_t &address);
  /// Lowers the stack, if all lanes of the frame ask for it; false if it has
  /// not been so high.
  bool restoreStack(uint64_t height, Mask lanes);

  // --- what control flow uses ---

  /// Moves `lanes` to `target`; the others go on with the next instruction.
  Outcome branch(Mask lanes, uint32_t target);
  /// Moves each lane of `lanes` to its own target.
  Outcome branchEach(Mask lanes, const uint32_t *targets);
  /// Lanes of the current split that run this instruction later, by themselves.
  void stay(Mask lanes);
  /// Lanes enter `callee`, which returns to the next instruction. Null if a
  /// fault was raised; else the new frame, for its arguments.
  Frame *call(Mask lanes, const Function &callee,
              const Instruction &instruction);
  Outcome ret(Mask lanes);
  Outcome exit(Mask lanes);
  /// Parks `lanes` until the others that must meet them have come, then runs
  /// the body of the site.
  Outcome converge(const Instruction &instruction, Mask lanes);

  // --- what the scheduler uses ---

  /// Runs up to `budget` instructions.
  Progress run(uint64_t budget);
  uint64_t executed() const { return executed_; }
  /// %clock64: grows by at least one from turn to turn and read to read.
  uint64_t clock() { return executed_ + (clockReads_ += 32); }
  const std::vector<Split> &splits() const { return splits_; }
  /// Bank::Specials, written when the block starts.
  std::byte *specials() { return specials_.get(); }
  /// Where each split stands and why: lines of a report.
  std::vector<std::string> whereabouts();

  /// Where shared memory of the block lies, for accesses in its bounds.
  struct SharedWindow {
    std::byte *memory = nullptr; ///< of offset 0
    uint32_t base = 0;           ///< the block's rank, shifted
    uint32_t bytes = 0;
  };
  const SharedWindow &sharedMemory() const { return shared_; }
  /// The region that an access to `address` by the current instruction is
  /// likely to lie in; null if the address is in none.
  const Region *regionOf(uint64_t address);
  /// Where local memory of a lane lies, and how much there is of it.
  std::byte *localMemory(unsigned lane) {
    return local_.data() + size_t(lane) * localBytes_;
  }
  uint32_t localBytes() const { return localBytes_; }

  /// While it lives, an operation that `site` issued is performed.
  class Acting {
  public:
    Acting(Warp &warp, const Site &site) : warp_(warp), before_(warp.acting_) {
      warp.acting_ = &site;
    }
    ~Acting() { warp_.acting_ = before_; }
    Acting(const Acting &) = delete;
    Acting &operator=(const Acting &) = delete;

  private:
    Warp &warp_;
    const Site *before_;
  };

private:
  enum class Step : uint8_t { Continue, Select, Fault };

  bool select();
  Split current(Mask lanes, uint32_t pc) const;
  bool gather(Mask &arrived, Mask members);
  const Split *apart(Mask lanes, Mask expected);
  Outcome park(Mask lanes, Mask expected);
  void place(const Split &split);
  void setStop();
  Step runSplit(uint64_t &budget);
  Step afterJump();
  void afterWait(Mask lanes);
  Frame *newFrame(const Function &function, Mask lanes);
  void releaseLanes(Frame *frame, Mask lanes);
  bool growLocal(uint32_t bytes);
  void enter(const Split &split);
  Outcome meet(const Instruction &instruction, Mask lanes, Mask group,
               Mask expected);
  Outcome raise(FaultKind kind, std::string message, Mask lanes,
                const uint64_t *address);
  bool translateTogether(Access &access, Pointers &pointers);
  /// Tells the monitor. False if it raised a fault.
  bool tell(const Access &access, Pointers &pointers);
  void lookForSpin(uint32_t target);
  std::string reasonOf(const Split &split);
  bool badAddress(const Access &access, unsigned lane);

  std::byte *bank_[3] = {};
  uint32_t pc_ = 0;
  uint32_t stop_ = 0; ///< where the current split may meet another
  Mask active_ = 0;
  Mask live_ = 0;
  const Mask launched_;
  Mask attempted_ = 0; ///< lanes that met at the current instruction
  Frame *frame_ = nullptr;
  Monitor *monitor_ = nullptr;
  const Waiting *resumed_ = nullptr;
  SharedWindow shared_;
  Block &block_;
  const unsigned index_;
  uint64_t executed_ = 0;
  uint64_t polls_ = 0;
  uint64_t clockReads_ = 0;
  bool wrote_ = false;
  bool watched_ = false;
  /// A loop that changes nothing but may end once memory is written: where it
  /// branches back to, and what its registers hold then.
  uint32_t spinTarget_ = 0;
  uint64_t spinState_ = 0, branchesBack_ = 0;
  bool spins_ = false, spunInTurn_ = false;
  uint64_t turns_ = 0, restless_ = 0; ///< of the current split
  std::vector<Split> splits_;         ///< all but the current one
  std::vector<std::unique_ptr<Frame>> frames_;
  AsyncGroups groups_[asyncKinds], bulkReads_;
  const Site *acting_ = nullptr; ///< that issued what is performed
  std::unique_ptr<std::byte[]> specials_;
  std::vector<std::byte> local_; ///< lane after lane
  uint32_t localBytes_ = 0;      ///< of one lane
  Waiting waiting_, lastWaiting_, sought_;
  Mask soughtLanes_ = 0;           ///< that looked for `sought_` in vain
  const Region *regions_[64] = {}; ///< by the low bits of the instruction
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_WARP_H
