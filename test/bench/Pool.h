//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#ifndef TEST_BENCH_POOL_H
#define TEST_BENCH_POOL_H

#include "runtime/Program.h"

#include <atomic>
#include <functional>
#include <thread>
#include <vector>

namespace moec::bench {

/// Threads that take tasks from a counter.
class Pool {
public:
  explicit Pool(unsigned threads) {
    for (unsigned i = 1; i < threads; ++i)
      others.emplace_back([this, i] { serve(i); });
  }
  ~Pool() {
    stop = true;
    ++generation;
    for (std::thread &thread : others)
      thread.join();
  }
  using Work = std::function<void(unsigned thread, int64_t from, int64_t to)>;
  /// Runs `work` on ranges of `tasks` tasks, as the runtime would cut them.
  void run(int64_t tasks, int64_t grain, const Work &work) {
    job = &work;
    total = tasks;
    this->grain = grain;
    next = 0;
    busy = others.size();
    ++generation;
    take(0);
    while (busy)
      pause();
  }
  unsigned size() const { return others.size() + 1; }

private:
  void take(unsigned thread) {
    int64_t from = next;
    while (from < total) {
      int64_t to =
          from + moert::tasksToTake(total - from, total, grain, int(size()));
      if (!next.compare_exchange_weak(from, to))
        continue;
      (*job)(thread, from, to);
      from = next;
    }
  }
  void serve(unsigned thread) {
    for (unsigned seen = 0;;) {
      while (generation == seen)
        pause();
      ++seen;
      if (stop)
        return;
      take(thread);
      --busy;
    }
  }
  static void pause() { __builtin_ia32_pause(); }

  std::vector<std::thread> others;
  const Work *job = nullptr;
  int64_t total = 0, grain = 1;
  std::atomic<int64_t> next{0};
  std::atomic<unsigned> generation{0}, busy{0};
  std::atomic<bool> stop{false};
};

} // namespace moec::bench

#endif // TEST_BENCH_POOL_H
