//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Launches that do not end: what is said of where each warp stands.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/DefectTest.h"

using namespace emulator;

namespace {

const Defect standstills[] = {
    {"BarrierOfTooManyThreads", 1, 64, 0, R"(
  setp.eq.u32 %p1, %w, 0;
  @%p1 bar.sync 3, 64;
  @!%p1 bar.sync 3, 64; //-
//+  @!%p1 bar.sync 2, 64;
)",
     "deadlock: no warp of the block, or of its cluster, can go on\n"
     "  kernel kernel\n"
     "(  warp [01] of block \\(0, 0, 0\\), lanes 0-31: line \\d+, bar.sync, "
     "for "
     "barrier [23]: 32 of 64 threads have arrived\n){2}"},
    {"MbarrierLacksAnArrival", 1, 32, 0, R"(
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @%p0 mbarrier.init.shared.b64 [%r21], 32; //-
//+  @%p0 mbarrier.init.shared.b64 [%r21], 33;
  bar.warp.sync -1;
  mbarrier.arrive.shared.b64 %rd5, [%r21];
again:
  mbarrier.try_wait.parity.shared.b64 %p7, [%r21], 0;
  @!%p7 bra again;
)",
     "deadlock: .*\n  kernel kernel\n  warp 0 of block \\(0, 0, 0\\), lanes "
     "0-31: line \\d+, mbarrier.try_wait.parity.shared.b64, for the phase of "
     "parity 0 of the mbarrier at 0x[0-9a-f]+: in its phase 32 of 33 arrivals "
     "came"},
    {"MoreBytesAreExpectedThanCome", 1, 32, 0, R"(
  mov.u32 %r20, tile;
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra wait;
  mbarrier.init.shared.b64 [%r21], 1;
  fence.proxy.async;
  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r21], 256; //-
//+  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r21], 272;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%in], 256, [%r21];
wait:
  bar.warp.sync -1;
again:
  mbarrier.try_wait.parity.shared.b64 %p7, [%r21], 0;
  @!%p7 bra again;
)",
     "for the phase of parity 0 of the mbarrier at 0x[0-9a-f]+: in its phase 1 "
     "of 1 arrivals came, 16 bytes are to come"},
    {"BarrierOfTheCluster", 2, 32, 2, R"(
  setp.eq.u32 %p1, %b, 0;
  barrier.cluster.arrive.aligned; //-
//+  @%p1 bra skip;
//+  barrier.cluster.arrive.aligned;
//+  barrier.cluster.wait.aligned;
//+skip:
//+  bar.sync 1, 64;
  barrier.cluster.wait.aligned; //-
)",
     "deadlock|a barrier of 64 threads in a block of 32"},
    {"FlagIsNeverSet", 2, 32, 0, R"(
  setp.eq.u32 %p1, %b, 0;
  @%p1 st.volatile.global.u32 [%out], 1; //-
spin:
  ld.volatile.global.u32 %r1, [%out];
  setp.eq.u32 %p2, %r1, 0;
  @%p2 bra spin;
)",
     "time-out: every resident warp polls memory, which no warp changes\n"
     "  kernel kernel\n"
     "(  warp 0 of block \\([01], 0, 0\\), lanes 0-31: line \\d+, .*\n)+"},
    {"FlagIsReadPlainly", 1, 32, 0, R"(
  mov.u32 %r1, 1; //-
//+  mov.u32 %r1, 0;
spin:
  ld.global.u32 %r2, [%out];
  or.b32 %r2, %r2, %r1;
  setp.eq.u32 %p2, %r2, 0;
  @%p2 bra spin;
)",
     "time-out: every .*\n  kernel kernel\n  warp 0 of block \\(0, 0, 0\\), "
     "lanes 0-31: line \\d+, .*, in a loop that changes nothing"},
    {"LoopWithoutEnd", 1, 64, 0, R"(
  setp.eq.u32 %p1, %w, 2;
//+  setp.eq.u32 %p1, %w, 1;
forever:
  @%p1 bra forever;
  bar.sync 0;
)",
     "time-out: every(.|\n)*for barrier 0: 32 of 64 threads have arrived"},
};

MOEC_DEFECT_TESTS(Standstill, standstills);

TEST(StandstillLimit, EndsALaunchOfTooManyInstructions) {
  const Defect counting = {"Counting", 1, 32, 0, R"(
  mov.u32 %r1, 0;
count:
  add.u32 %r1, %r1, 1;
  setp.lt.u32 %p1, %r1, 1000000;
  @%p1 bra count;
)", nullptr};
  TestDevice device;
  device.load(kernelOf(counting, false));
  const uint64_t out = device.array(std::vector<uint32_t>(4096));
  device.request.settings.instructionLimit = 5000000;
  device.run("kernel", {1}, {32}, out, out);
  device.request.settings.instructionLimit = 100000;
  const LaunchResult result = device.launch("kernel", {4}, {32}, out, out);
  EXPECT_EQ(result.fault.kind, FaultKind::Timeout);
  EXPECT_NE(result.fault.render().find(
                "time-out: the launch takes more instructions than its limit"),
            std::string::npos)
      << result.fault.render();
}

TEST(StandstillLimit, CountsBlocksThatHaveNotStarted) {
  const Defect waiting = {"Waiting", 1, 1024, 0, R"(
  bar.sync 0;
spin:
  ld.volatile.global.u32 %r1, [%out];
  setp.eq.u32 %p2, %r1, 0;
  @%p2 bra spin;
)", nullptr};
  TestDevice device;
  device.load(kernelOf(waiting, false));
  device.request.profile.multiprocessors = 1;
  device.request.settings.idleRounds = 50;
  device.request.settings.hostThreads = 1;
  const uint64_t out = device.array(std::vector<uint32_t>(4096));
  const LaunchResult result = device.launch("kernel", {5}, {1024}, out, out);
  EXPECT_EQ(result.fault.kind, FaultKind::Timeout);
  EXPECT_NE(result.fault.render().find(
                "3 blocks have not started: the device is full"),
            std::string::npos)
      << result.fault.render();
}

} // namespace
