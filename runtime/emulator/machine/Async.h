//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Asynchronous operations and the groups in which programs wait for them. An
// operation is a closure; eager completion calls it as it is submitted, lazy
// completion at the last moment that the program allows.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_ASYNC_H
#define RUNTIME_EMULATOR_MACHINE_ASYNC_H

#include "runtime/emulator/machine/Instruction.h"
#include "runtime/emulator/machine/Settings.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <vector>

namespace emulator {

/// Does an operation for some of the lanes that issued it. Outcome::Fault if it
/// faulted (Warp::fault), else Outcome::Next.
using AsyncAction = std::function<Outcome(Mask lanes)>;

/// The groups of one kind of one warp: cp.async.commit_group, bulk groups and
/// wgmma groups. Each lane has groups of its own.
class AsyncGroups {
public:
  /// Lazy operations are kept until wait(), flush() or the end of the warp.
  void setCompletion(Completion completion) { completion_ = completion; }

  bool eager() const { return completion_ == Completion::Eager; }

  /// Adds an operation to the open group of `lanes`.
  Outcome add(Mask lanes, AsyncAction action);
  /// Closes the open group, which may be empty, of each of `lanes`.
  void commit(Mask lanes);
  /// Performs what is in all closed groups of `lanes` but the newest `keep`.
  Outcome wait(Mask lanes, unsigned keep);
  /// Performs everything of `lanes`, committed or not: cp.async.wait_all.
  Outcome flush(Mask lanes);
  /// Operations that were added since the start.
  uint64_t added() const { return added_; }
  /// The same for what was added when added() was `before`.
  Outcome flush(Mask lanes, uint64_t before);
  /// The lanes that have an operation which was not waited for.
  Mask outstanding() const;
  /// Closed groups of a lane since the start.
  uint32_t committed(unsigned lane) const { return committed_[lane]; }

private:
  struct Operation {
    Mask lanes; ///< that did not yet perform it
    uint64_t number;
    uint32_t group[warpLanes];
    AsyncAction action;
  };
  template <class Due> Outcome perform(Mask lanes, Due due);

  Completion completion_ = Completion::Eager;
  std::deque<Operation> operations_;
  uint64_t added_ = 0;
  uint32_t committed_[warpLanes] = {};
};

/// The operations of a cluster that announce their completion to an mbarrier.
/// Lazy ones are performed one by one when no warp of the cluster can run.
class AsyncQueue {
public:
  using Action = std::function<Outcome()>;

  void setCompletion(Completion completion) { completion_ = completion; }
  Outcome submit(Action action);
  /// Performs the oldest operation. False if there was none.
  bool performOne(Outcome &outcome);
  bool empty() const { return operations_.empty(); }
  size_t size() const { return operations_.size(); }

private:
  Completion completion_ = Completion::Eager;
  std::deque<Action> operations_;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_ASYNC_H
