//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The threads of a session.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_THREADPOOL_H
#define RUNTIME_THREADPOOL_H

#include "runtime/Status.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace moert {

/// Runs one function at a time on persistent threads, of which the caller of
/// run() is number 0. Between two runs the others spin for a short while, then
/// sleep. They are not bound to CPUs: on a machine shared with others a bound
/// thread waits for its CPU while another idles. run() itself is for one thread
/// at a time.
class ThreadPool {
public:
  using Function = void (*)(void *context, int thread);

  /// Who has to take part in a run.
  enum class Join {
    Everyone,
    /// Who comes after the caller has finished its own part is not waited for;
    /// so a thread that the system does not schedule holds nobody up. For
    /// functions that share out their work among those who take part.
    InTime,
  };

  ThreadPool() = default;
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  /// Starts `threads` - 1 threads. Call once.
  Status start(int threads);

  /// Calls function(context, thread) once on each thread that takes part, and
  /// waits until all calls have returned. Denormals are zero during the calls.
  void run(Function function, void *context, Join join);

  int size() const { return static_cast<int>(workers.size()) + 1; }

  /// CPUs that the calling thread may run on.
  static int availableCpus();

private:
  void work(int thread);
  /// Waits for a run after `number`; returns the state that announced it.
  uint64_t awaitRun(uint64_t number);
  /// Joins the run that `announced` tells of; false if it has closed.
  bool enter(uint64_t announced);
  void announce(uint64_t state);

  /// Number of the run (upper half), whether it is open, how many entered it.
  alignas(64) std::atomic<uint64_t> state{0};
  std::atomic<Function> function{nullptr};
  std::atomic<void *> context{nullptr};
  /// Threads that have left the current run.
  alignas(64) std::atomic<uint32_t> left{0};

  std::atomic<bool> stopping{false};
  std::atomic<int> sleepers{0};
  std::mutex mutex;
  std::condition_variable wake;
  std::vector<std::thread> workers;
};

/// Waits for something that other running threads will do soon: first spins,
/// then lets others have the CPU.
class Backoff {
public:
  void pause();

private:
  int rounds = 0;
};

/// While it lives, the calling thread treats denormal floats as zero, in and
/// out. Instructions like VDPBF16PS always do; so every target agrees.
class FlushDenormals {
public:
  FlushDenormals();
  ~FlushDenormals();
  FlushDenormals(const FlushDenormals &) = delete;
  FlushDenormals &operator=(const FlushDenormals &) = delete;

private:
  uint32_t saved;
};

} // namespace moert

#endif // RUNTIME_THREADPOOL_H
