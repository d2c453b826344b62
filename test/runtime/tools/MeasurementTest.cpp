//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Measurement.h"

#include "gtest/gtest.h"

using namespace moert::tools;

TEST(MeasurementTest, SpreadIsMedianLeastAndMost) {
  Spread odd = spreadOf({3, 1, 2});
  EXPECT_EQ(odd.median, 2);
  EXPECT_EQ(odd.least, 1);
  EXPECT_EQ(odd.most, 3);
  EXPECT_EQ(spreadOf({4, 1, 2, 3}).median, 2.5);
  EXPECT_EQ(spreadOf({}).median, 0);
}

TEST(MeasurementTest, SharesAreMediansOfRatiosToTheProbeRightBefore) {
  BenchTest test{"tg10", 1, 10, 2, false, 100, 1000, {}};
  test.repetitions = {
      {1, 10, 0, 200, 4000}, {2, 10, 0, 100, 1000}, {4, 11, 0, 100, 1000}};
  EXPECT_EQ(test.tokens(), 20);
  EXPECT_EQ(test.tokensPerSecond().median, 10);
  EXPECT_EQ(test.tokensPerSecond().most, 20);
  EXPECT_EQ(test.bytesPerSecond().median, 50);
  EXPECT_EQ(test.operationsPerSecond().least, 250);
  // 100 / 200, 50 / 100, 25 / 100
  EXPECT_EQ(test.shareOfReadProbe().median, 0.5);
  // 1000 / 4000, 500 / 1000, 250 / 1000
  EXPECT_EQ(test.shareOfDotPeak().median, 0.25);
}
