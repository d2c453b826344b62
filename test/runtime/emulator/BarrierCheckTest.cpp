//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Undefined uses of mbarriers and setmaxnreg, and the names of checks.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/DefectTest.h"

using namespace emulator;

namespace {

const Defect barriers[] = {
    {"InitialisedTwice", 1, 32, 0, R"(
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra done;
  mbarrier.init.shared.b64 [%r21], 1;
  mbarrier.arrive.shared.b64 %rd5, [%r21];
  mbarrier.inval.shared.b64 [%r21]; //-
  mbarrier.init.shared.b64 [%r21], 2;
done:
)",
     "check: initialises the mbarrier that was initialised at line \\d+ "
     "\\(mbarrier.init.shared.b64\\), used since, and not invalidated"},
    {"WrittenOver", 1, 32, 0, R"(
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra done;
  mbarrier.init.shared.b64 [%r21], 1;
  mbarrier.inval.shared.b64 [%r21]; //-
  st.shared.u32 [%r21+4], %t;
done:
)",
     "check: writes over the mbarrier that was initialised at line \\d+"},
    {"WrittenOverByACopy", 1, 32, 0, R"(
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra done;
  mbarrier.init.shared.b64 [%r21], 1;
  add.u32 %r22, %r21, 16; //-
//+  add.u32 %r22, %r21, 0;
  cp.async.ca.shared.global [%r22], [%in], 4;
  cp.async.wait_all;
done:
)",
     "check: writes over the mbarrier that was initialised at line \\d+"},
    {"RegistersOfAWarpgroupDiffer", 1, 256, 0, R"(
  setp.lt.u32 %p1, %w, 4;
  setp.lt.u32 %p2, %w, 2;
  @!%p1 bra consumer;
//+  @%p2 bra other;
  setmaxnreg.dec.sync.aligned.u32 40;
  bra done;
other:
  setmaxnreg.dec.sync.aligned.u32 48;
  bra done;
consumer:
  setmaxnreg.inc.sync.aligned.u32 232;
done:
)",
     "check: the warps 0 and 2 of one warpgroup ended with different "
     "setmaxnreg"},
    {"MoreRegistersThanThereAre", 1, 384, 0, R"(
  setp.lt.u32 %p1, %w, 4;
  @%p1 bra producer;
  setmaxnreg.inc.sync.aligned.u32 232; //-
//+  setmaxnreg.inc.sync.aligned.u32 240;
  bra done;
producer:
  setmaxnreg.dec.sync.aligned.u32 40;
done:
)",
     "check: the warps of the block ask for 66560 registers by setmaxnreg, and "
     "it has 64512"},
    {"FewerByAnIncrease", 1, 128, 0, R"(
  setmaxnreg.dec.sync.aligned.u32 64;
  setmaxnreg.inc.sync.aligned.u32 128; //-
//+  setmaxnreg.inc.sync.aligned.u32 40;
)",
     "check: setmaxnreg.inc to 40 registers, but the warp has 64"},
    {"BarrierInEachBranch", 1, 32, 0, R"(
  setp.lt.u32 %p1, %l, 7;
  bar.sync 0; //-
//+  @%p1 bra low;
//+  bar.sync 0;
//+  bra done;
//+low:
//+  bar.sync 0;
done:
)",
     "lanes of a warp diverge: these stand here, while lanes of mask "
     "0x[0-9a-f]{8} stand at line \\d+ \\(bar.sync\\), and both wait for the "
     "others"},
    {"BarrierBesideAShuffle", 1, 64, 0, R"(
  setp.lt.u32 %p1, %l, 7;
//+  @%p1 bra low;
  shfl.sync.bfly.b32 %r1, %l, 1, 31, -1;
  bar.sync 0; //-
//+  bra done;
//+low:
//+  bar.sync 0;
done:
)",
     "lanes of a warp diverge: (.|\n)*(bar.sync|shfl.sync.bfly.b32)"},
    {"LanesNameTwoBarriers", 1, 64, 0, R"(
  and.b32 %r1, %l, 1;
  barrier.sync %r1, 32; //-
//+  bar.sync %r1, 32;
)",
     "lanes of a warp name barriers 0 and 1 in one aligned instruction"},
    {"LanesExitBeforeABarrier", 1, 72, 0, R"(
  setp.eq.u32 %p1, %w, 1; //-
//+  setp.eq.u32 %p1, %t, 40;
  @%p1 exit;
  bar.sync 0;
)",
     "check: divergent barrier: 1 lanes of the warp have exited, lane 8 the "
     "first"},
    {"LanesExitBeforeTheBarrierOfTheCluster", 2, 32, 2, R"(
  setp.lt.u32 %p1, %l, 3;
//+  @%p1 exit;
  barrier.cluster.arrive.aligned;
  barrier.cluster.wait.aligned;
)",
     "check: divergent barrier: 3 lanes of the warp have exited, lane 0"},
    {"PhaseIsTwoBehind", 1, 64, 0, R"(
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @%p0 mbarrier.init.shared.b64 [%r21], 1;
  @%p0 mbarrier.init.shared.b64 [%r21+8], 32;
  bar.sync 0;
  setp.ne.u32 %p1, %w, 0;
  @%p1 bra consumer;
  @!%p0 bra done;
  mbarrier.arrive.shared.b64 %rd5, [%r21];
free: //-
  mbarrier.try_wait.parity.shared.b64 %p7, [%r21+8], 0; //-
  @!%p7 bra free; //-
  mbarrier.arrive.shared.b64 %rd5, [%r21];
  bra done;
consumer:
  mbarrier.try_wait.parity.shared.b64 %p7, [%r21], 0;
  @!%p7 bra consumer;
  mbarrier.arrive.shared.b64 %rd5, [%r21+8];
second:
  mbarrier.try_wait.parity.shared.b64 %p7, [%r21], 1;
  @!%p7 bra second;
done:
)",
     "check: waits for a phase that is over: the mbarrier is 2 phases further"},
};

MOEC_DEFECT_TESTS(BarrierCheck, barriers);

TEST(Checks, AreChosenByName) {
  CheckSelection selection;
  EXPECT_TRUE(parseChecks("races,barriers", selection));
  EXPECT_TRUE(selection.races && selection.barriers);
  EXPECT_FALSE(selection.waits || selection.proxies);
  for (const char *wrong : {"", "race", "races,", ",races", "all,races"})
    EXPECT_FALSE(parseChecks(wrong, selection)) << wrong;
  EXPECT_TRUE(selection.races) << "a wrong list changes nothing";
  EXPECT_TRUE(parseChecks("none", selection));
  EXPECT_EQ(makeChecks(selection), nullptr);
  EXPECT_TRUE(parseChecks("all", selection));
  EXPECT_FALSE(selection.banks) << "finds no defects";
  EXPECT_TRUE(parseChecks(checkNames(), selection));
  EXPECT_TRUE(selection.bounds && selection.uninitialised && selection.banks);
  EXPECT_TRUE(selection.races && selection.waits && selection.proxies &&
              selection.barriers);
}

/// What is not asked for is not reported.
TEST(Checks, ReportOnlyWhatIsAskedFor) {
  const Defect racing = {"Racing", 1, 64, 0, R"(
  mov.u32 %r2, tile;
  st.shared.u32 [%r2], %t;
)", nullptr};
  for (const char *names : {"races", "waits,proxies,barriers"}) {
    CheckSelection selection;
    ASSERT_TRUE(parseChecks(names, selection));
    const std::unique_ptr<Monitor> check = makeChecks(selection);
    TestDevice device;
    device.load(kernelOf(racing, false));
    device.request.monitor = check.get();
    const uint64_t out = device.array(std::vector<uint32_t>(4096));
    const LaunchResult result = device.launch("kernel", {1}, {64}, out, out);
    EXPECT_EQ(result.fault.kind == FaultKind::Check, selection.races) << names;
  }
}

} // namespace
