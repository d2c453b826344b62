//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/Program.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

using moert::tasksToTake;

/// The ranges that a launch is cut into.
static std::vector<int64_t> ranges(int64_t tasks, int64_t grain, int threads) {
  std::vector<int64_t> all;
  for (int64_t left = tasks; left > 0; left -= all.back())
    all.push_back(tasksToTake(left, tasks, grain, threads));
  return all;
}

TEST(Program, OneThreadTakesAllTasks) {
  EXPECT_EQ(ranges(1000, 8, 1), std::vector<int64_t>{1000});
}

TEST(Program, RangesAreGrainsAndShrink) {
  std::vector<int64_t> all = ranges(3584, 16, 2);
  EXPECT_EQ(all.front(), 112);
  for (size_t i = 0; i < all.size(); ++i) {
    EXPECT_EQ(all[i] % 16, 0);
    if (i > 0)
      EXPECT_LE(all[i], all[i - 1]);
  }
}

/// 128 panels in grains of 16 would leave 48 of 56 threads idle.
TEST(Program, EveryThreadGetsTasksIfThereAreEnough) {
  for (int threads : {2, 3, 8, 56, 128, 200})
    EXPECT_GE(int(ranges(128, 16, threads).size()), std::min(threads, 128));
}

TEST(Program, NoTasksAreNoRanges) { EXPECT_TRUE(ranges(0, 8, 4).empty()); }
