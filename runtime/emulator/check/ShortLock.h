//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A lock for what takes less time than a thread needs to fall asleep.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CHECK_SHORTLOCK_H
#define RUNTIME_EMULATOR_CHECK_SHORTLOCK_H

#include <atomic>
#include <thread>

namespace emulator {

/// Of less than a microsecond's work: who comes second spins. For
/// std::lock_guard and std::unique_lock.
class ShortLock {
public:
  void lock() {
    for (unsigned spins = 0; taken_.test_and_set(std::memory_order_acquire);)
      if (++spins % spinsBeforeYield == 0)
        std::this_thread::yield();
  }
  void unlock() { taken_.clear(std::memory_order_release); }

private:
  static constexpr unsigned spinsBeforeYield = 256;
  std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_CHECK_SHORTLOCK_H
