//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Engine.h"

#include <chrono>
#include <exception>
#include <new>
#include <thread>

namespace emulator::cuda {

namespace {

/// How long work is left to a thread that may come and wait for it.
constexpr std::chrono::milliseconds idleTime(100);
/// How long a query waits, so that a program which polls leaves the engine a
/// processor.
constexpr std::chrono::milliseconds moment(1);

thread_local bool inTask = false;

/// The finaliser of SplitMix64: a bijection, so priorities stay distinct.
uint64_t mix(uint64_t x) {
  x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
  x = (x ^ x >> 27) * 0x94d049bb133111eb;
  return x ^ x >> 31;
}

CUresult call(const Action &action) {
  inTask = true;
  CUresult result;
  try {
    result = action();
  } catch (const std::bad_alloc &) {
    result = CUDA_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception &) {
    result = CUDA_ERROR_UNKNOWN;
  }
  inTask = false;
  return result;
}

} // namespace

bool Engine::insideTask() { return inTask; }

uint64_t Engine::priorityOf(const Task &task) const {
  if (order_ == Order::Reverse)
    return ~task.number_;
  if (order_ == Order::Random)
    return mix(task.number_ + mix(seed_));
  return task.number_;
}

TaskRef Engine::submit(Action action, std::shared_ptr<StickyError> error,
                       const std::vector<TaskRef> &after, Runs runs) {
  auto task = std::make_shared<Task>();
  task->action_ = std::move(action);
  task->error_ = std::move(error);
  task->runs_ = runs;
  std::lock_guard<std::mutex> lock(mutex_);
  task->number_ = ++submitted_;
  for (const TaskRef &earlier : after) {
    if (!earlier || earlier->done())
      continue;
    earlier->successors_.push_back(task);
    ++task->unfinished_;
  }
  if (!task->unfinished_)
    ready_.emplace(priorityOf(*task), task);
  ++activity_;
  if (!idleThread_) {
    idleThread_ = true;
    std::thread([this] { runWhenIdle(); }).detach();
  }
  changed_.notify_all();
  return task;
}

void Engine::complete(const TaskRef &task) {
  task->action_ = nullptr;
  task->done_.store(true);
  for (const TaskRef &successor : task->successors_)
    if (--successor->unfinished_ == 0)
      ready_.emplace(priorityOf(*successor), successor);
  task->successors_.clear();
}

void Engine::work(std::unique_lock<std::mutex> &lock) {
  TaskRef task = ready_.begin()->second;
  ready_.erase(ready_.begin());
  if (task->runs_ == Runs::Device) {
    working_ = true;
    perform(lock, task);
    working_ = false;
  } else {
    hostReady_.push_back(task);
    if (!hostThread_)
      std::thread([this] { runHostFunctions(); }).detach();
    hostThread_ = true;
  }
  changed_.notify_all();
}

void Engine::perform(std::unique_lock<std::mutex> &lock, const TaskRef &task) {
  lock.unlock();
  if (task->action_ && task->error_->get() == CUDA_SUCCESS) {
    CUresult result = call(task->action_);
    if (result != CUDA_SUCCESS)
      task->error_->set(result);
  }
  Action action = std::move(task->action_);
  action = nullptr; // what it owns is released before anybody goes on
  lock.lock();
  complete(task);
}

void Engine::runHostFunctions() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !hostReady_.empty(); });
    TaskRef task = hostReady_.front();
    hostReady_.pop_front();
    hosting_ = true;
    perform(lock, task);
    hosting_ = false;
    changed_.notify_all();
  }
}

void Engine::finish(const TaskRef &task) {
  std::unique_lock<std::mutex> lock(mutex_);
  ++activity_;
  while (task && !task->done()) {
    if (!working_ && !ready_.empty())
      work(lock);
    else
      changed_.wait(lock);
  }
}

void Engine::hurry(const TaskRef &task) {
  std::unique_lock<std::mutex> lock(mutex_);
  ++activity_;
  urgent_ = true;
  changed_.notify_all();
  changed_.wait_for(lock, moment, [&] { return task->done(); });
}

void Engine::stop() {
  std::unique_lock<std::mutex> lock(mutex_);
  ready_.clear();
  hostReady_.clear();
  ++activity_;
  changed_.wait(lock, [this] { return !working_ && !hosting_; });
  ready_.clear();
  hostReady_.clear();
}

void Engine::runWhenIdle() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return !ready_.empty() && !working_; });
    uint64_t seen = activity_;
    changed_.wait_for(lock, idleTime, [this] { return urgent_; });
    while ((urgent_ || seen == activity_) && !ready_.empty() && !working_)
      work(lock);
    urgent_ = false;
  }
}

} // namespace emulator::cuda
