//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Shared memory and registers that a product of a warpgroup still uses.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/DefectTest.h"

using namespace emulator;

namespace {

/// Threads 0 to 127 fill A (2 KiB) and B (behind it); %rd10 and %rd11 describe
/// them, without swizzle.
#define OPERANDS(fence)                                                        \
  R"(
  mov.u32 %r20, tile;
  shl.b32 %r1, %t, 5;
  add.u32 %r2, %r20, %r1;
  mov.u32 %r3, 0;
  st.shared.v4.u32 [%r2], {%r3, %r3, %r3, %r3};
  st.shared.v4.u32 [%r2+16], {%r3, %r3, %r3, %r3};
)" fence R"(
  bar.sync 0;
  shr.u32 %r4, %r20, 4;
  and.b32 %r4, %r4, 0x3FFF;
  or.b32 %r5, %r4, 0x80000;
  mov.b64 %rd10, {%r5, 16};
  add.u32 %r4, %r4, 128;
  or.b32 %r5, %r4, 0x80000;
  mov.b64 %rd11, {%r5, 16};
  mov.f32 %f1, 0f00000000;
  mov.f32 %f2, 0f00000000;
  mov.f32 %f3, 0f00000000;
  mov.f32 %f4, 0f00000000;
)"
#define READY OPERANDS("  fence.proxy.async;")
#define MULTIPLY                                                               \
  "  wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f1, %f2, %f3, %f4}, " \
  "%rd10, %rd11, 1, 1, 1, 0, 0;\n"

const Defect products[] = {
    {"OperandIsOverwritten", 1, 128, 0,
     READY "wgmma.fence.sync.aligned;" MULTIPLY
           R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0; //-
  bar.sync 0;
  st.shared.u32 [%r2], %t;
  wgmma.wait_group.sync.aligned 0;
)",
     "missing wait: (writes what the operation that warp \\d of block \\(0, 0, "
     "0\\) issued at line \\d+ \\(wgmma.mma_async.*reads|reads what lane)"},
    {"AccumulatorIsReadBeforeTheWait", 1, 128, 0,
     READY "wgmma.fence.sync.aligned;" MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0; //-
  add.f32 %f5, %f1, %f2;
  wgmma.wait_group.sync.aligned 0;
)",
     "missing wait: uses a register of the product of line \\d+ "
     "\\(wgmma.mma_async.*, which is not known to be finished"},
    {"GroupIsNotCommitted", 1, 128, 0,
     READY "wgmma.fence.sync.aligned;" MULTIPLY R"(
  wgmma.commit_group.sync.aligned; //-
  wgmma.wait_group.sync.aligned 0;
  add.f32 %f5, %f1, %f2;
)",
     "missing wait: uses a register of the product .*, whose group was not "
     "committed"},
    {"WaitKeepsTheGroup", 1, 128, 0,
     READY "wgmma.fence.sync.aligned;" MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0; //-
//+  wgmma.wait_group.sync.aligned 1;
  add.f32 %f5, %f1, %f2;
)",
     "missing wait: uses a register of the product"},
    {"FirstProductLacksAFence", 1, 128, 0, READY R"(
  wgmma.fence.sync.aligned; //-
)" MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;
)",
     "missing wgmma.fence"},
    {"LaterProductLacksAFence", 1, 128, 0,
     READY "wgmma.fence.sync.aligned;" MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;
  add.f32 %f1, %f1, %f1;
  wgmma.fence.sync.aligned; //-
)" MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;
)",
     "missing wgmma.fence"},
    {"UntouchedSumsNeedNoFence", 1, 128, 0,
     READY
     "wgmma.fence.sync.aligned;\nmov.f32 %f1, 0f00000000;" MULTIPLY MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;
)" MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;
  add.f32 %f5, %f1, %f2;
)",
     nullptr},
    {"OperandsLackAProxyFence", 1, 128, 0,
     OPERANDS("  fence.proxy.async; //-") "wgmma.fence.sync.aligned;" MULTIPLY
                                          R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;
)",
     "missing proxy fence: reads what lane \\d+ of warp \\d of block \\(0, 0, "
     "0\\) wrote at line \\d+ \\(st.shared.v4.u32\\)"},
    {"FragmentIsChanged", 1, 128, 0, READY R"(
  mov.b32 %r10, 0;
  mov.b32 %r11, 0;
  mov.b32 %r12, 0;
  mov.b32 %r13, 0;
  wgmma.fence.sync.aligned;
  wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16 {%f1, %f2, %f3, %f4}, {%r10, %r11, %r12, %r13}, %rd11, 1, 1, 1, 0;
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0; //-
  mov.b32 %r10, 7;
  wgmma.wait_group.sync.aligned 0;
)",
     "missing wait: uses a register of the product"},
    // Warp 0 alone tells warp 4 that the operands are free.
    {"OneWarpWaitsForAll", 1, 160, 0, R"(
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @%p0 mbarrier.init.shared.b64 [%r21], 1;
)" READY R"(
  setp.lt.u32 %p1, %t, 128;
  @%p1 bra group;
again:
  mbarrier.try_wait.parity.shared.b64 %p7, [%r21], 0;
  @!%p7 bra again;
  st.shared.u32 [%r20], %t;
  bra done;
group:
  wgmma.fence.sync.aligned;
)" MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
//+  @%p0 mbarrier.arrive.shared.b64 %rd5, [%r21];
  wgmma.wait_group.sync.aligned 0;
  @%p0 mbarrier.arrive.shared.b64 %rd5, [%r21]; //-
done:
)",
     "missing wait: (writes what the operation|reads what lane)"},
    // Each warp's rows of A need be known to that warp alone.
    {"RowsOfAWarpNeedItsOwnOrder", 1, 128, 0, READY R"(
  shl.b32 %r1, %l, 4;
  shl.b32 %r6, %w, 9;
  add.u32 %r1, %r1, %r6;
  add.u32 %r2, %r20, %r1;
  st.shared.v4.u32 [%r2], {%r3, %r3, %r3, %r3};
  fence.proxy.async;
  bar.warp.sync -1;
  wgmma.fence.sync.aligned;
)" MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;
)",
     nullptr},
    // B is read for all four.
    {"ColumnsNeedTheOrderOfAll", 1, 128, 0, READY R"(
  add.u32 %r2, %r20, 2048;
  setp.eq.u32 %p1, %t, 32;
  @%p1 st.shared.v4.u32 [%r2], {%r3, %r3, %r3, %r3};
  fence.proxy.async;
  bar.sync 0; //-
  wgmma.fence.sync.aligned;
)" MULTIPLY R"(
  wgmma.commit_group.sync.aligned;
  wgmma.wait_group.sync.aligned 0;
)",
     "missing wait: reads what lane 0 of warp 1"},
};

MOEC_DEFECT_TESTS(ProductWait, products);

} // namespace
