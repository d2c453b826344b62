//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/CpuFeatures.h"

#include <gtest/gtest.h>

using moert::cpuHasFeature;

TEST(CpuFeatures, AgreeWithTheCompilersOwnCheck) {
  __builtin_cpu_init();
  EXPECT_EQ(cpuHasFeature("sse4.2"), __builtin_cpu_supports("sse4.2") != 0);
  EXPECT_EQ(cpuHasFeature("avx2"), __builtin_cpu_supports("avx2") != 0);
  EXPECT_EQ(cpuHasFeature("bmi2"), __builtin_cpu_supports("bmi2") != 0);
  EXPECT_EQ(cpuHasFeature("fma"), __builtin_cpu_supports("fma") != 0);
  EXPECT_EQ(cpuHasFeature("avx512f"), __builtin_cpu_supports("avx512f") != 0);
  EXPECT_EQ(cpuHasFeature("avx512bf16"),
            __builtin_cpu_supports("avx512bf16") != 0);
  EXPECT_EQ(cpuHasFeature("avx512vnni"),
            __builtin_cpu_supports("avx512vnni") != 0);
  // Linux grants both or none.
  EXPECT_EQ(cpuHasFeature("amx-tile"), cpuHasFeature("amx-bf16"));
  EXPECT_LE(cpuHasFeature("amx-bf16"), __builtin_cpu_supports("amx-bf16") != 0);
}

TEST(CpuFeatures, AnUnknownNameIsMissing) {
  EXPECT_FALSE(cpuHasFeature("warp-drive"));
  EXPECT_FALSE(cpuHasFeature(""));
  EXPECT_FALSE(cpuHasFeature("avx2x"));
}
