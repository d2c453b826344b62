//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/Target.h"
#include "codegen/nvidia/Occupancy.h"

#include "llvm/ADT/STLExtras.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace moec;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

TEST(Target, LevelsDifferInVectorsAndDotProduct) {
  Target v3 = llvm::cantFail(lookupTarget("x86-64-v3"));
  Target v4 = llvm::cantFail(lookupTarget("x86-64-v4"));
  Target zen4 = llvm::cantFail(lookupTarget("znver4"));
  EXPECT_EQ(v3.vectorBits, 256);
  EXPECT_EQ(v4.vectorBits, 512);
  EXPECT_EQ(zen4.vectorBits, 512);
  EXPECT_FALSE(v3.hasBF16Dot);
  EXPECT_FALSE(v4.hasBF16Dot);
  EXPECT_TRUE(zen4.hasBF16Dot);
}

TEST(Target, RequiresEveryFeatureThatItUses) {
  for (llvm::StringRef name : targetNames()) {
    llvm::Expected<Target> target = lookupTarget(name);
    ASSERT_TRUE(bool(target));
    if (target->machine == Machine::Nvidia)
      continue;
    EXPECT_THAT(target->requiredFeatures, Contains("avx2"));
    for (const std::string &feature : target->extraFeatures)
      EXPECT_THAT(target->requiredFeatures, Contains(feature));
    if (target->vectorBits == 512)
      EXPECT_THAT(target->requiredFeatures, Contains("avx512f"));
    else
      EXPECT_THAT(target->requiredFeatures, Not(Contains("avx512f")));
  }
}

/// The runtime takes the target that requires most.
TEST(Target, TilesAreChosenWhereOthersRun) {
  Target tiles = llvm::cantFail(lookupTarget("sapphirerapids"));
  EXPECT_TRUE(tiles.hasAmx);
  EXPECT_FALSE(tiles.hasBF16Dot);
  for (const char *name : {"x86-64-v3", "x86-64-v4", "znver4"}) {
    Target other = llvm::cantFail(lookupTarget(name));
    EXPECT_FALSE(other.hasAmx);
    EXPECT_GT(tiles.requiredFeatures.size(), other.requiredFeatures.size());
  }
}

TEST(Target, Zen4RequiresNothingOfOneVendor) {
  Target zen4 = llvm::cantFail(lookupTarget("znver4"));
  for (const char *feature : {"sse4a", "clzero", "mwaitx", "xop"})
    EXPECT_THAT(zen4.requiredFeatures, Not(Contains(feature)));
}

TEST(Target, GpusDifferInSharedMemoryAndCopies) {
  Target a100 = llvm::cantFail(lookupTarget("sm_80"));
  Target h100 = llvm::cantFail(lookupTarget("sm_90a"));
  Target consumer = llvm::cantFail(lookupTarget("sm_120a"));
  EXPECT_EQ(a100.machine, Machine::Nvidia);
  EXPECT_EQ(a100.gpu.sharedBytes, 163 << 10);
  EXPECT_EQ(h100.gpu.sharedBytes, 227 << 10);
  EXPECT_EQ(consumer.gpu.sharedBytes, 99 << 10);
  EXPECT_FALSE(a100.gpu.hasTensorCopies);
  EXPECT_TRUE(h100.gpu.hasWarpgroupProducts);
  EXPECT_TRUE(consumer.gpu.hasTensorCopies);
  EXPECT_FALSE(consumer.gpu.hasWarpgroupProducts);
  EXPECT_TRUE(isGpuTarget("sm_90a"));
  EXPECT_FALSE(isGpuTarget("znver4"));
}

TEST(Target, UnknownNameIsRefusedWithTheKnownOnes) {
  std::string error = llvm::toString(lookupTarget("znver9").takeError());
  EXPECT_THAT(error, HasSubstr("unknown target 'znver9'"));
  for (llvm::StringRef name : targetNames())
    EXPECT_THAT(error, HasSubstr(name.str()));
}

TEST(Occupancy, TheScarcestResourceDecides) {
  llvm::Expected<Target> target = lookupTarget("sm_90a");
  ASSERT_TRUE(bool(target));
  const GpuFeatures &gpu = target->gpu;
  // 64 warps of 32 threads: 16 blocks of 4 warps.
  EXPECT_EQ(residentBlocks(gpu, {128, 32, 0}), 16);
  // 65536 registers: 255, given in units of 256 to a warp, for 8 warps.
  EXPECT_EQ(residentBlocks(gpu, {128, 255, 0}), 2);
  // 228 KiB of shared memory, of which the system takes one for each block.
  EXPECT_EQ(residentBlocks(gpu, {128, 32, 75 << 10}), 3);
  EXPECT_EQ(residentBlocks(gpu, {128, 32, (75 << 10) + 1}), 2);
  EXPECT_EQ(residentBlocks(gpu, {32, 16, 0}), 32);
  // None fits.
  EXPECT_EQ(residentBlocks(gpu, {1024, 255, 0}), 0);
  EXPECT_EQ(residentBlocks(gpu, {32, 16, 228 << 10}), 0);
}
