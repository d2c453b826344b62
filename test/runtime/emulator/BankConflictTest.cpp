//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Bank conflicts by hand: strides, broadcasts, wide accesses, parts of a warp.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/check/BankConflicts.h"
#include "test/runtime/emulator/TestDevice.h"

using namespace emulator;

namespace {

struct Case {
  const char *name;
  unsigned stride; ///< bytes from lane to lane
  uint32_t bytes;
  Mask lanes;
  unsigned taken, least;
};

const Case cases[] = {
    {"each its bank", 4, 4, allLanes, 1, 1},
    {"one word for all", 0, 4, allLanes, 1, 1},
    {"every second bank", 8, 4, allLanes, 2, 1},
    {"one bank", 128, 4, allLanes, 32, 1},
    {"one bank, padded", 132, 4, allLanes, 1, 1},
    {"bytes of one word", 1, 1, allLanes, 1, 1},
    {"halves of a warp", 8, 8, allLanes, 2, 2},
    {"quarters of a warp", 16, 16, allLanes, 4, 4},
    {"rows of 128 bytes", 128, 16, allLanes, 32, 4},
    {"a quarter alone", 16, 16, 0xFF, 1, 1},
    {"one lane", 128, 4, 1u << 31, 1, 1},
};

TEST(BankConflicts, WavefrontsAreThoseOfTheBusiestBank) {
  for (const Case &each : cases) {
    uint64_t address[warpLanes];
    for (unsigned lane = 0; lane < warpLanes; ++lane)
      address[lane] = sharedWindow + sharedReserved + lane * each.stride;
    const Wavefronts found = wavefrontsOf(address, each.lanes, each.bytes);
    EXPECT_EQ(found.taken, each.taken) << each.name;
    EXPECT_EQ(found.least, each.least) << each.name;
  }
}

TEST(BankConflicts, AreCountedForEachInstruction) {
  TestDevice device;
  device.load(".version 8.6\n.target sm_90a\n.address_size 64\n"
              ".visible .entry kernel() {\n.reg .b32 %r<4>;\n"
              ".shared .align 16 .b8 cells[8192];\n"
              "mov.u32 %r1, cells;\nmov.u32 %r2, %tid.x;\n"
              "mad.lo.u32 %r3, %r2, 4, %r1;\n"
              "st.shared.u32 [%r3], %r2;\n"
              "mad.lo.u32 %r3, %r2, 32, %r1;\n"
              "st.shared.u32 [%r3], %r2;\nret;\n}\n");
  BankConflicts banks;
  device.request.monitor = &banks;
  device.run("kernel", {3}, {64});
  const std::vector<BankCount> counts = banks.counts();
  ASSERT_EQ(counts.size(), 2u);
  EXPECT_EQ(counts[0].accesses, 6u);
  EXPECT_EQ(counts[0].conflicts(), 0u);
  EXPECT_EQ(counts[1].wavefronts, 6u * 8);
  EXPECT_EQ(counts[1].conflicts(), 6u * 7);
  EXPECT_EQ(banks.summary(),
            "bank conflicts: line 12 (st.shared.u32): 6 accesses took 48 "
            "wavefronts, 42 more than without conflicts\n");
}

} // namespace
