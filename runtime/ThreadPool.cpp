//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/ThreadPool.h"

#include <chrono>
#include <immintrin.h>
#include <sched.h>
#include <system_error>

using namespace moert;

// How long an idle thread spins: longer than it takes to sample a token, so
// that threads stay awake while text is generated; short against a time slice.
static constexpr std::chrono::microseconds spinTime(200);
// Pauses of some 20 to 50 ns each, before others may have the CPU.
static constexpr int spinRounds = 1000;

static constexpr int numberShift = 32;
static constexpr uint64_t openBit = uint64_t(1) << 31;
static constexpr uint64_t enteredMask = openBit - 1;

//===----------------------------------------------------------------------===//
// Waiting
//===----------------------------------------------------------------------===//

void Backoff::pause() {
  if (++rounds < spinRounds)
    _mm_pause();
  else
    sched_yield();
}

FlushDenormals::FlushDenormals() : saved(_mm_getcsr()) {
  // Everything else as the ABI starts a thread: round to nearest, no traps.
  constexpr uint32_t allMasked = 0x1f80;
  _mm_setcsr(allMasked | _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON);
}

FlushDenormals::~FlushDenormals() { _mm_setcsr(saved); }

//===----------------------------------------------------------------------===//
// Workers
//===----------------------------------------------------------------------===//

uint64_t ThreadPool::awaitRun(uint64_t number) {
  auto isNew = [&](uint64_t s) {
    return (s >> numberShift) != number || stopping.load();
  };
  auto end = std::chrono::steady_clock::now() + spinTime;
  do {
    for (int i = 0; i < 64; ++i) {
      uint64_t s = state.load(std::memory_order_acquire);
      if (isNew(s))
        return s;
      _mm_pause();
    }
  } while (std::chrono::steady_clock::now() < end);

  std::unique_lock<std::mutex> lock(mutex);
  // Either announce() sees this sleeper, or it sees the new state.
  sleepers.fetch_add(1);
  uint64_t s;
  wake.wait(lock, [&] { return isNew(s = state.load()); });
  sleepers.fetch_sub(1);
  return s;
}

bool ThreadPool::enter(uint64_t announced) {
  uint64_t number = announced >> numberShift;
  uint64_t s = state.load();
  while ((s >> numberShift) == number && (s & openBit))
    if (state.compare_exchange_weak(s, s + 1))
      return true;
  return false;
}

void ThreadPool::work(int thread) {
  FlushDenormals flush;
  uint64_t number = 0;
  while (true) {
    uint64_t announced = awaitRun(number);
    if (stopping.load())
      return;
    number = announced >> numberShift;
    if (!enter(announced))
      continue;
    // Having entered, the run cannot end, so these are its own.
    function.load()(context.load(), thread);
    left.fetch_add(1);
  }
}

void ThreadPool::announce(uint64_t s) {
  state.store(s);
  if (sleepers.load() == 0)
    return;
  // A sleeper is between its check and its wait only while it has the mutex.
  { std::lock_guard<std::mutex> lock(mutex); }
  wake.notify_all();
}

//===----------------------------------------------------------------------===//
// The caller
//===----------------------------------------------------------------------===//

ThreadPool::~ThreadPool() {
  stopping.store(true);
  { std::lock_guard<std::mutex> lock(mutex); }
  wake.notify_all();
  for (std::thread &t : workers)
    t.join();
}

Status ThreadPool::start(int threads) {
  try {
    workers.reserve(static_cast<size_t>(threads) - 1);
    for (int i = 1; i < threads; ++i)
      workers.emplace_back(&ThreadPool::work, this, i);
  } catch (const std::system_error &e) {
    return {MOERT_NO_MEMORY, "cannot start " + std::to_string(threads) +
                                 " threads: " + e.what()};
  }
  return {};
}

void ThreadPool::run(Function f, void *c, Join join) {
  FlushDenormals flush;
  if (workers.empty())
    return f(c, 0);
  function.store(f);
  context.store(c);
  left.store(0);
  // Numbers wrap around after 2^32 runs, which no thread sleeps through.
  uint64_t number = (state.load() >> numberShift) + 1;
  announce(number << numberShift | openBit);
  f(c, 0);

  Backoff backoff;
  if (join == Join::Everyone)
    while ((state.load() & enteredMask) != workers.size())
      backoff.pause();
  uint64_t entered = state.fetch_and(~openBit) & enteredMask;
  while (left.load() != entered)
    backoff.pause();
}

int ThreadPool::availableCpus() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0)
    return CPU_COUNT(&set);
  unsigned n = std::thread::hardware_concurrency();
  return n > 0 ? static_cast<int>(n) : 1;
}
