//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/ThreadPool.h"

#include <chrono>
#include <gtest/gtest.h>
#include <immintrin.h>

using namespace moert;
using Join = ThreadPool::Join;

namespace {

struct Calls {
  std::atomic<int> ofThread[8] = {};
  std::atomic<int> all{0};

  static void count(void *self, int thread) {
    ++static_cast<Calls *>(self)->ofThread[thread];
    ++static_cast<Calls *>(self)->all;
  }
};

} // namespace

TEST(ThreadPool, OneThreadIsTheCaller) {
  ThreadPool pool;
  ASSERT_TRUE(pool.start(1).ok());
  EXPECT_EQ(pool.size(), 1);
  Calls calls;
  pool.run(Calls::count, &calls, Join::Everyone);
  EXPECT_EQ(calls.ofThread[0], 1);
}

TEST(ThreadPool, EveryoneTakesPartInEveryRun) {
  ThreadPool pool;
  ASSERT_TRUE(pool.start(4).ok());
  Calls calls;
  for (int run = 1; run <= 500; ++run) {
    pool.run(Calls::count, &calls, Join::Everyone);
    for (int thread = 0; thread < 4; ++thread)
      ASSERT_EQ(calls.ofThread[thread], run);
  }
}

TEST(ThreadPool, WakesThreadsThatHaveGoneToSleep) {
  ThreadPool pool;
  ASSERT_TRUE(pool.start(3).ok());
  Calls calls;
  for (int run = 1; run <= 5; ++run) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pool.run(Calls::count, &calls, Join::Everyone);
    ASSERT_EQ(calls.all, 3 * run);
  }
}

TEST(ThreadPool, InTimeRunsTheCallerAndNobodyAfterTheEnd) {
  ThreadPool pool;
  ASSERT_TRUE(pool.start(4).ok());
  for (int run = 0; run < 5000; ++run) {
    // On the stack: a late call would write to what is no longer there.
    Calls calls;
    pool.run(Calls::count, &calls, Join::InTime);
    int all = calls.all;
    ASSERT_EQ(calls.ofThread[0], 1);
    ASSERT_GE(all, 1);
    ASSERT_LE(all, 4);
  }
}

TEST(ThreadPool, KindsOfRunsMix) {
  ThreadPool pool;
  ASSERT_TRUE(pool.start(3).ok());
  for (int run = 0; run < 2000; ++run) {
    Calls calls;
    pool.run(Calls::count, &calls, run % 3 ? Join::InTime : Join::Everyone);
    if (run % 3 == 0)
      ASSERT_EQ(calls.all, 3);
  }
}

TEST(ThreadPool, StartsAndStopsWithoutARun) {
  for (int i = 0; i < 20; ++i) {
    ThreadPool pool;
    ASSERT_TRUE(pool.start(1 + i % 4).ok());
  }
}

TEST(ThreadPool, DenormalsAreZeroOnEveryThreadAndTheCallersModeIsRestored) {
  ThreadPool pool;
  ASSERT_TRUE(pool.start(3).ok());
  unsigned before = _mm_getcsr() & ~_MM_EXCEPT_MASK;
  unsigned modes[3] = {};
  pool.run(
      [](void *context, int thread) {
        static_cast<unsigned *>(context)[thread] = _mm_getcsr();
      },
      modes, Join::Everyone);
  for (unsigned mode : modes)
    EXPECT_EQ(mode & ~_MM_EXCEPT_MASK,
              _MM_MASK_MASK | _MM_FLUSH_ZERO_ON | _MM_DENORMALS_ZERO_ON);
  EXPECT_EQ(_mm_getcsr() & ~_MM_EXCEPT_MASK, before);
}

TEST(ThreadPool, CountsTheCpusOfTheAffinityMask) {
  EXPECT_GE(ThreadPool::availableCpus(), 1);
  EXPECT_LE(ThreadPool::availableCpus(),
            static_cast<int>(std::thread::hardware_concurrency()));
}
