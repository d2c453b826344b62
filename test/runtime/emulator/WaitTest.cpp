//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Memory that an asynchronous operation still reads or writes, and what it
// reads through its proxy.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/DefectTest.h"

using namespace emulator;

namespace {

/// Thread 0 initialises mbarrier 0 for `count` arrivals; all know of it.
#define INIT(count)                                                            \
  R"(
  mov.u32 %r20, tile;
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra initialised;
  mbarrier.init.shared.b64 [%r21], )" count                                    \
  R"(;
  fence.proxy.async;
initialised:
  bar.sync 0;
)"

#define WAIT(label, phase)                                                     \
  label R"(:
  mbarrier.try_wait.parity.shared.b64 %p7, [%r21], )" phase                    \
        R"(;
  @!%p7 bra )" label ";\n"

/// Each lane copies 16 bytes.
#define COPY                                                                   \
  R"(
  mov.u32 %r20, tile;
  shl.b32 %r1, %t, 4;
  add.u32 %r2, %r20, %r1;
  cvt.u64.u32 %rd1, %r1;
  add.u64 %rd2, %in, %rd1;
  cp.async.ca.shared.global [%r2], [%rd2], 16;
)"

const Defect copies[] = {
    {"ReadBeforeTheWait", 1, 32, 0, COPY R"(
  cp.async.commit_group;
  cp.async.wait_group 0; //-
  ld.shared.u32 %r3, [%r2];
)",
     "missing wait: (reads what the operation that warp 0 of block \\(0, 0, "
     "0\\) issued at line \\d+ \\(cp.async.ca.shared.global\\) writes, which "
     "is not known to be finished|writes what lane 0 of warp 0 of block \\(0, "
     "0, 0\\) read)"},
    {"GroupIsNotCommitted", 1, 32, 0, COPY R"(
  cp.async.commit_group; //-
  cp.async.wait_group 0;
  ld.shared.u32 %r3, [%r2];
)",
     "missing wait: (reads what the operation .*, whose group was not "
     "committed|writes what lane)"},
    {"WaitKeepsTheGroup", 1, 32, 0, COPY R"(
  cp.async.commit_group;
  cp.async.wait_group 0; //-
//+  cp.async.wait_group 1;
  ld.shared.u32 %r3, [%r2];
)",
     "missing wait: (reads what the operation|writes what lane)"},
    {"WaitKeepsANewerGroup", 1, 32, 0, COPY R"(
  cp.async.commit_group;
  add.u32 %r4, %r2, 1024;
  cp.async.ca.shared.global [%r4], [%rd2], 16;
  cp.async.commit_group;
  cp.async.wait_group 1;
  ld.shared.u32 %r3, [%r2];
//+  ld.shared.u32 %r3, [%r4];
  cp.async.wait_all;
)",
     "missing wait: (reads what the operation|writes what lane)"},
    {"WaitIsOfOneThreadAlone", 1, 32, 0, COPY R"(
  cp.async.wait_all;
  bar.warp.sync -1; //-
  xor.b32 %r4, %r2, 16;
  ld.shared.u32 %r3, [%r4];
)",
     "missing wait: (reads what the operation|writes what lane)"},
    {"BufferIsOverwrittenTooEarly", 1, 64, 0, COPY R"(
  cp.async.wait_all;
  bar.sync 0;
  xor.b32 %r4, %r2, 512;
  ld.shared.u32 %r3, [%r4];
  bar.sync 0; //-
  cp.async.ca.shared.global [%r2], [%rd2], 16;
  cp.async.wait_all;
)",
     "missing wait: (writes what lane \\d+ of warp [01]|reads what the "
     "operation)"},
    {"CopiesThatArriveAtAnMbarrier", 1, 64, 0, INIT("64") COPY R"(
  cp.async.mbarrier.arrive.noinc.shared.b64 [%r21];
)" WAIT("again", "0") R"(
  xor.b32 %r4, %r2, 512;
  ld.shared.u32 %r3, [%r4];
//+  add.u32 %r4, %r2, 2048;
//+  cp.async.ca.shared.global [%r4], [%rd2], 16;
//+  ld.shared.u32 %r3, [%r4];
)",
     "missing wait: (reads what the operation|writes what lane)"},
};

MOEC_DEFECT_TESTS(CopyWait, copies);

const Defect bulk[] = {
    {"LoadIsReadBeforeTheWait", 1, 32, 0, INIT("1") R"(
  @!%p0 bra issued;
  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r21], 256;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%in], 256, [%r21];
issued:
//+  bra ready;
)" WAIT("again", "0") R"(
ready:
  ld.shared.u32 %r3, [%r20];
)",
     "missing wait: (reads what the operation that warp 0 of block \\(0, 0, "
     "0\\) issued at line \\d+ \\(cp.async.bulk.shared::cluster.*writes|writes "
     "what lane)"},
    {"StageIsFilledBeforeItIsFree", 1, 64, 0, INIT("1") R"(
  @!%p0 bra issued;
  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r21], 256;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%in], 256, [%r21];
issued:
)" WAIT("again", "0") R"(
  ld.shared.u32 %r3, [%r20];
  bar.sync 0; //-
  @!%p0 bra filled;
  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r21], 256;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%in], 256, [%r21];
filled:
)" WAIT("later", "1"),
     "missing wait: (writes what lane|reads what the operation)"},
    {"StoreIsOverwritten", 1, 32, 0, R"(
  mov.u32 %r20, tile;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra done;
  st.shared.v4.u32 [%r20], {%t, %t, %t, %t};
  fence.proxy.async;
  cp.async.bulk.global.shared::cta.bulk_group [%out], [%r20], 16;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group.read 0; //-
  st.shared.u32 [%r20], 1;
  cp.async.bulk.wait_group 0;
done:
)",
     "missing wait: (writes what the operation .*cp.async.bulk.*reads|reads "
     "what lane 0)"},
    {"StoreOutlivesTheBlock", 1, 32, 0, R"(
  mov.u32 %r20, tile;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra done;
  st.shared.v4.u32 [%r20], {%t, %t, %t, %t};
  fence.proxy.async;
  cp.async.bulk.global.shared::cta.bulk_group [%out], [%r20], 16;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group.read 0; //-
done:
)",
     "missing wait: the block ends while the operation may still read its "
     "shared memory"},
    {"StoreIsReadFromGlobalMemory", 1, 32, 0, R"(
  mov.u32 %r20, tile;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra done;
  st.shared.v4.u32 [%r20], {%t, %t, %t, %t};
  fence.proxy.async;
  cp.async.bulk.global.shared::cta.bulk_group [%out], [%r20], 16;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group 0; //-
//+  cp.async.bulk.wait_group.read 0;
  ld.global.u32 %r3, [%out];
done:
)",
     "missing wait: (reads what the operation|writes what lane)"},
    {"StoreLacksAProxyFence", 1, 64, 0, R"(
  mov.u32 %r20, tile;
  setp.eq.u32 %p0, %t, 0;
  shl.b32 %r1, %t, 2;
  add.u32 %r2, %r20, %r1;
  st.shared.u32 [%r2], %t;
  fence.proxy.async.shared::cta; //-
  bar.sync 0;
  @!%p0 bra done;
  cp.async.bulk.global.shared::cta.bulk_group [%out], [%r20], 256;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group.read 0;
done:
)",
     "missing proxy fence: reads what lane 0 of warp 0 of block \\(0, 0, 0\\) "
     "wrote at line \\d+ \\(st.shared.u32\\), through the asynchronous proxy"},
    {"ProxyFenceOfTheIssuer", 1, 64, 0, R"(
  mov.u32 %r20, tile;
  setp.eq.u32 %p0, %t, 0;
  shl.b32 %r1, %t, 2;
  add.u32 %r2, %r20, %r1;
  st.shared.u32 [%r2], %t;
  bar.sync 0;
  @!%p0 bra done;
  fence.proxy.async; //-
//+  fence.proxy.async.global;
  cp.async.bulk.global.shared::cta.bulk_group [%out], [%r20], 256;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group.read 0;
done:
)",
     "missing proxy fence: reads what lane"},
    {"CopiedTileLacksAProxyFence", 1, 32, 0, COPY R"(
  cp.async.wait_all;
  fence.proxy.async; //-
  bar.sync 0;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra done;
  cp.async.bulk.global.shared::cta.bulk_group [%out], [%r20], 512;
  cp.async.bulk.commit_group;
  cp.async.bulk.wait_group.read 0;
done:
)",
     "missing proxy fence: reads what the operation .*cp.async.ca"},
    {"ReadTilesNeedNoProxyFence", 1, 64, 0, INIT("1") R"(
  shl.b32 %r1, %t, 2;
  add.u32 %r2, %r20, %r1;
  st.shared.u32 [%r2], %t;
  fence.proxy.async.shared::cta;
  ld.shared.u32 %r3, [%r2];
  bar.sync 0;
  @!%p0 bra issued;
  mbarrier.arrive.expect_tx.shared.b64 %rd5, [%r21], 256;
  cp.async.bulk.shared::cluster.global.mbarrier::complete_tx::bytes [%r20], [%in], 256, [%r21];
issued:
)" WAIT("again", "0") R"(
  ld.shared.u32 %r3, [%r2];
)",
     nullptr},
    {"MbarrierOfAnotherBlock", 2, 32, 2, R"(
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @!%p0 bra initialised;
  mbarrier.init.shared.b64 [%r21], 1;
  fence.mbarrier_init.release.cluster; //-
initialised:
  barrier.cluster.arrive.relaxed.aligned;
  barrier.cluster.wait.aligned;
  @!%p0 bra arrived;
  xor.b32 %r3, %b, 1;
  mapa.shared::cluster.u32 %r4, %r21, %r3;
  mbarrier.arrive.release.cluster.shared::cluster.b64 _, [%r4];
arrived:
)" WAIT("again", "0") R"(
  barrier.cluster.arrive.aligned;
  barrier.cluster.wait.aligned;
)",
     "mbarrier is used where its initialisation at line \\d+ "
     "\\(mbarrier.init.shared.b64\\) is not ordered before"},
    {"MbarrierOfAnotherWarp", 1, 64, 0, R"(
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @%p0 mbarrier.init.shared.b64 [%r21], 64;
  bar.sync 0; //-
  mbarrier.arrive.shared.b64 %rd5, [%r21];
)" WAIT("again", "0"),
     "is not ordered before|holds no mbarrier|deadlock"},
    // Lane 31 arrives in the next phase: its copy is of that one.
    {"AnArrivalSpeaksForItsLaneAlone", 1, 32, 0, R"(
  mov.u32 %r20, tile;
  mov.u32 %r21, bar;
  setp.eq.u32 %p0, %t, 0;
  @%p0 mbarrier.init.shared.b64 [%r21], 32; //-
//+  @%p0 mbarrier.init.shared.b64 [%r21], 31;
  bar.sync 0;
  shl.b32 %r1, %t, 4;
  add.u32 %r2, %r20, %r1;
  cvt.u64.u32 %rd1, %r1;
  add.u64 %rd2, %in, %rd1;
  cp.async.ca.shared.global [%r2], [%rd2], 16;
  cp.async.mbarrier.arrive.noinc.shared.b64 [%r21];
)" WAIT("again", "0") R"(
  ld.shared.u32 %r3, [%r20+496];
)",
     "missing wait: reads what the operation"},
};

MOEC_DEFECT_TESTS(BulkWait, bulk);

} // namespace
