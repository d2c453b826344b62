//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/Assembler.h"

#include <gtest/gtest.h>

using namespace moec;

TEST(Assembler, ReadsWhatKernelsUse) {
  // As ptxas 13.0 prints it.
  auto kernels = parseResources(R"(
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'add' for 'sm_80'
ptxas info    : Function properties for add
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 59 registers, used 0 barriers, 424 bytes cmem[0]
ptxas info    : Compiling entry function 'tile' for 'sm_80'
ptxas info    : Function properties for tile
    16 bytes stack frame, 24 bytes spill stores, 28 bytes spill loads
ptxas info    : Used 168 registers, used 1 barriers, 8704 bytes smem, 424 bytes cmem[0]
)");
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_EQ(kernels["add"].registers, 59);
  EXPECT_EQ(kernels["add"].sharedBytes, 0);
  EXPECT_EQ(kernels["add"].spillStores, 0);
  EXPECT_EQ(kernels["tile"].registers, 168);
  EXPECT_EQ(kernels["tile"].sharedBytes, 8704);
  EXPECT_EQ(kernels["tile"].stackBytes, 16);
  EXPECT_EQ(kernels["tile"].spillStores, 24);
  EXPECT_EQ(kernels["tile"].spillLoads, 28);
}

TEST(Assembler, NothingSaidIsNothingUsed) {
  EXPECT_TRUE(parseResources("").empty());
  EXPECT_TRUE(parseResources("ptxas info    : Used 8 registers").empty());
}
