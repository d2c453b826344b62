//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The state of an mbarrier through its phases.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Mbarrier.h"

#include <gtest/gtest.h>

using namespace emulator;

TEST(Mbarrier, APhaseEndsWithItsLastArrival) {
  Mbarrier barrier = Mbarrier::init(3);
  EXPECT_EQ(barrier.arrive(2), nullptr);
  EXPECT_EQ(barrier.parity(), 0u);
  EXPECT_TRUE(barrier.wouldComplete(1));
  EXPECT_EQ(barrier.arrive(1), nullptr);
  EXPECT_EQ(barrier.parity(), 1u);
  EXPECT_EQ(barrier.pending(), 3u);
}

TEST(Mbarrier, APhaseWaitsForItsTransactions) {
  Mbarrier barrier = Mbarrier::init(1);
  EXPECT_EQ(barrier.expect(4096), nullptr);
  EXPECT_EQ(barrier.arrive(1), nullptr);
  EXPECT_EQ(barrier.parity(), 0u);
  EXPECT_EQ(barrier.complete(4000), nullptr);
  EXPECT_EQ(barrier.parity(), 0u);
  EXPECT_EQ(barrier.complete(96), nullptr);
  EXPECT_EQ(barrier.parity(), 1u);
}

TEST(Mbarrier, BytesMayCompleteBeforeTheyAreExpected) {
  Mbarrier barrier = Mbarrier::init(1);
  EXPECT_EQ(barrier.complete(128), nullptr);
  EXPECT_EQ(barrier.transactions(), -128);
  EXPECT_EQ(Mbarrier::read(barrier.word()).transactions(), -128);
  EXPECT_EQ(barrier.expect(128), nullptr);
  EXPECT_EQ(barrier.parity(), 0u);
  EXPECT_EQ(barrier.arrive(1), nullptr);
  EXPECT_EQ(barrier.parity(), 1u);
}

TEST(Mbarrier, ADroppedArrivalIsNotExpectedAgain) {
  Mbarrier barrier = Mbarrier::init(2);
  EXPECT_EQ(barrier.drop(1), nullptr);
  EXPECT_EQ(barrier.arrive(1), nullptr);
  EXPECT_EQ(barrier.pending(), 1u);
}

TEST(Mbarrier, RefusesWhatItDoesNotExpect) {
  Mbarrier barrier = Mbarrier::init(2);
  EXPECT_NE(barrier.arrive(3), nullptr);
  EXPECT_NE(barrier.arrive(0), nullptr);
  EXPECT_NE(barrier.drop(3), nullptr);
  EXPECT_NE(barrier.expect(1 << 20), nullptr);
  EXPECT_EQ(barrier.pending(), 2u);
  EXPECT_EQ(barrier.expected(), 2u);
}

TEST(Mbarrier, OtherWordsAreNone) {
  EXPECT_FALSE(Mbarrier::read(0).valid());
  EXPECT_FALSE(Mbarrier::read(0xCDCDCDCDCDCDCDCD).valid());
  EXPECT_FALSE(Mbarrier::read(~uint64_t(0)).valid());
  EXPECT_FALSE(Mbarrier::init(0).valid());
  EXPECT_FALSE(Mbarrier::init(1 << 20).valid());
}

TEST(Mbarrier, SurvivesItsWord) {
  Mbarrier barrier = Mbarrier::init(Mbarrier::maxCount);
  barrier.arrive(5);
  barrier.expect(Mbarrier::maxCount);
  const Mbarrier copy = Mbarrier::read(barrier.word());
  EXPECT_TRUE(copy.valid());
  EXPECT_EQ(copy.expected(), uint32_t(Mbarrier::maxCount));
  EXPECT_EQ(copy.pending(), uint32_t(Mbarrier::maxCount - 5));
  EXPECT_EQ(copy.transactions(), Mbarrier::maxCount);
}
