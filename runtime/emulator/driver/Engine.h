//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The order in which the work of streams is done. Work is queued as tasks that
// name the tasks they follow, which is all the order there is. It is done when
// somebody waits for it, by the thread that waits; work that nobody waits for
// is done by a thread of the engine after a pause, so that a host which polls
// memory sees it. Of the tasks that may run, Settings::order picks the next.
// Host functions run one by one on a thread of their own, beside other work.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_ENGINE_H
#define RUNTIME_EMULATOR_DRIVER_ENGINE_H

#include "runtime/emulator/driver/Cuda.h"
#include "runtime/emulator/machine/Settings.h"

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace emulator::cuda {

/// The first error of the work of a context, which sticks until the context is
/// reset.
class StickyError {
public:
  CUresult get() const { return error_.load(); }
  void set(CUresult error) {
    CUresult none = CUDA_SUCCESS;
    error_.compare_exchange_strong(none, error);
  }

private:
  std::atomic<CUresult> error_{CUDA_SUCCESS};
};

/// What a task does; the error it returns becomes the context's. It may be
/// called more than once if it is a node of a graph.
using Action = std::function<CUresult()>;

/// Where a task runs: as the device's work, or on the thread of host functions.
enum class Runs : uint8_t { Device, Host };

/// Work that was queued. All but done() belongs to the engine.
class Task {
public:
  bool done() const { return done_.load(); }

private:
  friend class Engine;

  Action action_; ///< empty for a task that only joins others
  std::shared_ptr<StickyError> error_;
  Runs runs_ = Runs::Device;
  uint64_t number_ = 0;
  size_t unfinished_ = 0; ///< tasks that it follows
  std::vector<std::shared_ptr<Task>> successors_;
  std::atomic<bool> done_{false};
};
using TaskRef = std::shared_ptr<Task>;

class Engine {
public:
  explicit Engine(const Settings &settings)
      : order_(settings.order), seed_(settings.seed) {}
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;

  /// Queues an action behind the tasks in `after`, in which null is allowed. It
  /// is left out if `error` is set by the time it would run.
  TaskRef submit(Action action, std::shared_ptr<StickyError> error,
                 const std::vector<TaskRef> &after, Runs runs = Runs::Device);
  /// Does work until the task is done.
  void finish(const TaskRef &task);
  /// Has a thread of the engine begin at once, and gives it a moment to do the
  /// task.
  void hurry(const TaskRef &task);
  /// Drops the work that is ready, and waits for the task that runs.
  void stop();

  /// Whether this thread is inside of a task: a host function may not call the
  /// driver.
  static bool insideTask();

private:
  uint64_t priorityOf(const Task &task) const;
  /// Takes a ready task and does it. Called and returns with `lock` held.
  void work(std::unique_lock<std::mutex> &lock);
  void perform(std::unique_lock<std::mutex> &lock, const TaskRef &task);
  void complete(const TaskRef &task);
  void runWhenIdle();
  void runHostFunctions();

  const Order order_;
  const uint64_t seed_;
  std::mutex mutex_;
  std::condition_variable changed_;   ///< a task is done or became ready
  std::map<uint64_t, TaskRef> ready_; ///< by priority, the lowest first
  uint64_t submitted_ = 0;
  uint64_t activity_ = 0; ///< counts calls, for the idle thread
  bool working_ = false;  ///< a thread does a task
  bool urgent_ = false;   ///< the engine's thread is not to wait
  bool idleThread_ = false;
  std::deque<TaskRef> hostReady_; ///< host functions that may run
  bool hosting_ = false;          ///< one runs
  bool hostThread_ = false;
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_ENGINE_H
