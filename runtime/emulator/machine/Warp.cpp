//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Splits: which lanes run, when they meet again, and where they wait.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/Specials.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

/// A split that branched back so often while others could run lets them.
constexpr uint64_t branchesBeforeYield = 1 << 16;
/// Four branches back in a row are looked at, then none for a while.
constexpr uint64_t branchesBetweenLooks = 4096 - 4;
/// A warp that looked at memory so often in a turn, or so often for its
/// instructions in a short turn, is thought to wait for it.
constexpr uint64_t pollsOfWaiting = 32, instructionsOfPoll = 128;
constexpr uint32_t stackLimit = 512 * 1024; ///< bytes of one thread
constexpr uint32_t deepestCall = 4096, noStop = ~uint32_t(0);

} // namespace

Warp::Warp(Block &block, unsigned index, Mask lanes)
    : live_(lanes), launched_(lanes), monitor_(block.cluster().monitor()),
      block_(block), index_(index) {
  Grid &grid = block.cluster().grid();
  specials_ = std::make_unique<std::byte[]>(specialBytes);
  bank_[static_cast<unsigned>(Bank::Specials)] = specials_.get();
  shared_.memory = block.sharedOrigin();
  shared_.base = block.rank() << sharedRankShift;
  shared_.bytes = block.sharedBytes();
  for (unsigned kind = 0; kind < asyncKinds; ++kind)
    groups_[kind].setCompletion(grid.settings().completion[kind]);
  bulkReads_.setCompletion(grid.settings().of(AsyncKind::Bulk));
  Frame *frame = newFrame(grid.kernel(), lanes);
  growLocal(grid.kernel().localBytes);
  Split split;
  split.pc = frame->function->entry;
  split.lanes = lanes;
  split.frame = frame;
  splits_.push_back(split);
}

Warp::~Warp() = default;

Cluster &Warp::cluster() { return block_.cluster(); }
Grid &Warp::grid() { return block_.cluster().grid(); }
bool Warp::mayTimeOut() const { return block_.cluster().stalled(); }

Frame *Warp::newFrame(const Function &function, Mask lanes) {
  auto frame = std::make_unique<Frame>();
  frame->function = &function;
  frame->lanes = lanes;
  size_t bytes = function.registerBytes + 64;
  frame->storage.reset(new std::byte[bytes]);
  std::memset(frame->storage.get(), 0xCD, bytes);
  auto address = reinterpret_cast<uintptr_t>(frame->storage.get());
  frame->registers = frame->storage.get() + (-address & 63);
  frames_.push_back(std::move(frame));
  return frames_.back().get();
}

/// Takes lanes that returned or exited off a frame.
void Warp::releaseLanes(Frame *frame, Mask lanes) {
  frame->lanes &= ~lanes;
  if (frame->lanes || !frame->caller)
    return;
  auto found =
      std::find_if(frames_.begin(), frames_.end(),
                   [&](const auto &owned) { return owned.get() == frame; });
  frames_.erase(found);
}

bool Warp::growLocal(uint32_t bytes) {
  if (bytes <= localBytes_)
    return true;
  if (bytes > stackLimit)
    return false;
  uint32_t size = std::min(stackLimit, std::max(bytes, localBytes_ * 2));
  std::vector<std::byte> grown(size_t(size) * warpLanes, std::byte(0xCD));
  for (unsigned lane = 0; localBytes_ && lane < warpLanes; ++lane)
    std::memcpy(grown.data() + size_t(lane) * size, localMemory(lane),
                localBytes_);
  local_ = std::move(grown);
  localBytes_ = size;
  return true;
}

bool Warp::allocate(uint64_t bytes, uint32_t align, uint32_t &address) {
  uint64_t start = (uint64_t(stackHeight()) + align - 1) & ~(align - 1ull);
  if (bytes > stackLimit || start + bytes > stackLimit ||
      !growLocal(static_cast<uint32_t>(start + bytes)))
    return false;
  address = static_cast<uint32_t>(start);
  frame_->allocated += static_cast<uint32_t>(start + bytes) - stackHeight();
  return true;
}

bool Warp::restoreStack(uint64_t height, Mask lanes) {
  uint32_t variables = frame_->local + frame_->function->localBytes;
  if (height < variables || height > stackHeight())
    return false;
  if (lanes == frame_->lanes)
    frame_->allocated = static_cast<uint32_t>(height) - variables;
  return true;
}

void Warp::enter(const Split &split) {
  pc_ = split.pc;
  active_ = split.lanes;
  frame_ = split.frame;
  turns_ = split.turns;
  restless_ = split.restless;
  if (split.resumed)
    lastWaiting_ = split.waiting;
  resumed_ = split.resumed ? &lastWaiting_ : nullptr;
  bank_[static_cast<unsigned>(Bank::Registers)] = frame_->registers;
  bank_[static_cast<unsigned>(Bank::Constants)] =
      const_cast<std::byte *>(frame_->function->constantPool);
}

/// Adds a split, to one that stands at the same place if there is one.
void Warp::place(const Split &split) {
  if (split.state == Split::State::Ready && !split.resumed)
    for (Split &other : splits_)
      if (other.state == Split::State::Ready && !other.resumed &&
          other.pc == split.pc && other.frame == split.frame) {
        other.lanes |= split.lanes;
        other.turns = std::min(other.turns, split.turns);
        other.restless = std::max(other.restless, split.restless);
        return;
      }
  splits_.push_back(split);
}

/// A part of the current split, ready at `pc`.
Split Warp::current(Mask lanes, uint32_t pc) const {
  Split split;
  split.pc = pc;
  split.lanes = lanes;
  split.frame = frame_;
  split.turns = turns_;
  split.restless = restless_;
  return split;
}

/// Takes the split that runs next: among those that had the fewest turns, the
/// one in the deepest call, then the one at the lowest instruction, which the
/// others are likely to be ahead of.
bool Warp::select() {
  auto best = splits_.end();
  auto before = [](const Split &a, const Split &b) {
    if (a.turns != b.turns)
      return a.turns < b.turns;
    if (a.frame->depth != b.frame->depth)
      return a.frame->depth > b.frame->depth;
    return a.pc < b.pc;
  };
  for (auto split = splits_.begin(); split != splits_.end(); ++split)
    if (split->state == Split::State::Ready &&
        (best == splits_.end() || before(*split, *best)))
      best = split;
  active_ = 0;
  if (best == splits_.end())
    return false;
  enter(*best);
  splits_.erase(best);
  setStop();
  return true;
}

/// The nearest instruction ahead at which a ready split of the same frame
/// stands.
void Warp::setStop() {
  stop_ = noStop;
  for (const Split &split : splits_)
    if (split.state == Split::State::Ready && split.frame == frame_ &&
        !split.resumed && split.pc > pc_)
      stop_ = std::min(stop_, split.pc);
}

Progress Warp::run(uint64_t budget) {
  uint64_t start = executed_;
  polls_ = 0;
  wrote_ = spunInTurn_ = false;
  for (Split &split : splits_)
    if (split.state == Split::State::Waiting) {
      split.state = Split::State::Ready;
      split.resumed = true;
    }
  while (budget && select()) {
    Step step = runSplit(budget);
    if (step == Step::Fault)
      return Progress::Faulted;
    if (active_)
      place(current(active_, pc_));
    active_ = 0;
  }
  if (!live_)
    return Progress::Finished;
  if (executed_ == start)
    return Progress::Blocked;
  const uint64_t waiting =
      std::min(pollsOfWaiting, 1 + (executed_ - start) / instructionsOfPoll);
  return polls_ >= waiting && !wrote_ ? Progress::Polled : Progress::Ran;
}

/// Runs the current split until it may meet another, waits, or the budget ends.
Warp::Step Warp::runSplit(uint64_t &budget) {
  const Instruction *code = frame_->function->code.data();
  uint32_t pc = pc_;
  uint64_t left = budget;
  Step step = Step::Continue;
  while (left && step == Step::Continue) {
    const Instruction &instruction = code[pc];
    Mask lanes = active_;
    --left;
    pc_ = pc;
    Outcome outcome = Outcome::Next;
    if (instruction.guard != noSlot)
      lanes &= predicate(instruction.guard) ^
               static_cast<Mask>(static_cast<int32_t>(instruction.guardInvert));
    if (lanes)
      outcome = __builtin_expect(watched_, 0) &&
                        !monitor_->instruction(*this, instruction, lanes)
                    ? Outcome::Fault
                    : instruction.run(*this, instruction, lanes);
    if (__builtin_expect(outcome == Outcome::Next, 1)) {
      pc_ = ++pc;
      resumed_ = nullptr;
      if (__builtin_expect(pc >= stop_, 0))
        step = Step::Select;
    } else if (outcome == Outcome::Jump) {
      step = afterJump();
      pc = pc_;
    } else if (outcome == Outcome::Wait) {
      --executed_;
      afterWait((attempted_ ? attempted_ : lanes) & active_);
      step = Step::Select;
    } else {
      step = Step::Fault;
    }
  }
  executed_ += budget - left;
  budget = left;
  return step;
}

Warp::Step Warp::afterJump() {
  resumed_ = nullptr;
  if (!active_)
    return Step::Select;
  if (splits_.empty())
    return Step::Continue;
  bool others = false;
  for (const Split &split : splits_)
    others |= split.state == Split::State::Ready;
  if (!others)
    return Step::Continue;
  if (restless_ > branchesBeforeYield) {
    ++turns_;
    restless_ = 0;
  }
  return Step::Select;
}

/// `lanes` stay at the instruction; the rest of the split goes on.
void Warp::afterWait(Mask lanes) {
  Split split = current(lanes, pc_);
  split.state = Split::State::Waiting;
  split.waiting = waiting_;
  splits_.push_back(split);
  active_ &= ~lanes;
  ++pc_;
  attempted_ = 0;
  resumed_ = nullptr;
}

Outcome Warp::wait(const Waiting &waiting) {
  waiting_ = waiting;
  return Outcome::Wait;
}

Outcome Warp::branch(Mask lanes, uint32_t target) {
  if (target <= pc_) {
    ++restless_;
    if (spins_ ? !spunInTurn_ : !(++branchesBack_ & branchesBetweenLooks))
      lookForSpin(target);
  }
  if (lanes == active_) {
    pc_ = target;
    return Outcome::Jump;
  }
  active_ &= ~lanes;
  ++pc_;
  place(current(lanes, target));
  return Outcome::Jump;
}

Outcome Warp::branchEach(Mask lanes, const uint32_t *targets) {
  Mask left = lanes;
  while (left) {
    uint32_t target = targets[__builtin_ctz(left)];
    Mask same = 0;
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      if (left >> lane & 1 && targets[lane] == target)
        same |= Mask(1) << lane;
    left &= ~same;
    if (same == active_)
      return branch(same, target);
    active_ &= ~same;
    place(current(same, target));
  }
  ++pc_;
  return Outcome::Jump;
}

void Warp::stay(Mask lanes) {
  active_ &= ~lanes;
  stop_ = 0;
  place(current(lanes, pc_));
}

Frame *Warp::call(Mask lanes, const Function &callee,
                  const Instruction &instruction) {
  uint32_t local = stackHeight();
  local = (local + 15) & ~uint32_t(15);
  bool fits = frame_->depth < deepestCall && callee.localBytes <= stackLimit &&
              local <= stackLimit - callee.localBytes &&
              growLocal(local + callee.localBytes);
  if (!fits) {
    fault(FaultKind::StackOverflow,
          "calls are nested too deeply: over " +
              std::to_string(stackLimit / 1024) + " KiB of local memory or " +
              std::to_string(deepestCall) + " calls",
          lanes);
    return nullptr;
  }
  Frame *frame = newFrame(callee, lanes);
  frame->caller = frame_;
  frame->returnTo = pc_ + 1;
  frame->depth = frame_->depth + 1;
  frame->local = local;
  frame->call = &instruction;
  Split split = current(lanes, callee.entry);
  split.frame = frame;
  active_ &= ~lanes;
  ++pc_;
  place(split);
  return frame;
}

Outcome Warp::ret(Mask lanes) {
  Frame *caller = frame_->caller;
  if (!caller)
    return exit(lanes);
  Split split = current(lanes, frame_->returnTo);
  split.frame = caller;
  active_ &= ~lanes;
  ++pc_;
  Frame *frame = frame_;
  if (!(frame->lanes & ~lanes))
    frame_ = caller;
  releaseLanes(frame, lanes);
  place(split);
  return Outcome::Jump;
}

Outcome Warp::exit(Mask lanes) {
  live_ &= ~lanes;
  active_ &= ~lanes;
  ++pc_;
  block_.threadsExit(static_cast<unsigned>(__builtin_popcount(lanes)));
  // The cluster's barrier does not expect them any more.
  Barrier &barrier = cluster().barrier;
  for (unsigned lane = 0; lane < warpLanes; ++lane)
    if (lanes >> lane & 1 && clusterArrivals[lane] == barrier.phase + 1)
      --barrier.arrived;
  for (Frame *frame = frame_; frame;) {
    Frame *caller = frame->caller;
    if (caller && !(frame->lanes & ~lanes))
      frame_ = caller;
    releaseLanes(frame, lanes);
    frame = caller;
  }
  // Lanes that wait for these need not any more.
  for (Split &split : splits_)
    if (split.state == Split::State::Parked)
      split.state = Split::State::Ready;
  return Outcome::Jump;
}

} // namespace emulator
