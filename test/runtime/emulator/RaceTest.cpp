//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Data races between threads.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/DefectTest.h"

using namespace emulator;

namespace {

const Defect races[] = {
    {"ReadAcrossWarps", 1, 64, 0, R"(
  shl.b32 %r1, %t, 2;
  mov.u32 %r2, tile;
  add.u32 %r3, %r2, %r1;
  st.shared.u32 [%r3], %t;
  bar.sync 0; //-
  xor.b32 %r4, %r1, 128;
  add.u32 %r5, %r2, %r4;
  ld.shared.u32 %r6, [%r5];
)",
     "data race: (reads|writes) what lane \\d+ of warp [01] of block \\(0, 0, "
     "0\\) (wrote|read) at line \\d+ \\((st|ld).shared.u32\\), and nothing "
     "orders the two"},
    {"OverwriteAcrossWarps", 1, 64, 0, R"(
  shl.b32 %r1, %t, 2;
  mov.u32 %r2, tile;
  add.u32 %r3, %r2, %r1;
  st.shared.u32 [%r3], %t;
  bar.sync 0;
  xor.b32 %r4, %r1, 128;
  add.u32 %r5, %r2, %r4;
  ld.shared.u32 %r6, [%r5];
  bar.sync 0; //-
  st.shared.u32 [%r3], %r6;
)",
     "data race: (writes|reads) what lane"},
    {"LanesOfOneWarp", 1, 32, 0, R"(
  shl.b32 %r1, %t, 2;
  mov.u32 %r2, tile;
  add.u32 %r3, %r2, %r1;
  st.shared.u32 [%r3], %t;
  bar.warp.sync -1; //-
  xor.b32 %r4, %r1, 4;
  add.u32 %r5, %r2, %r4;
  ld.shared.u32 %r6, [%r5];
)",
     "data race: reads what lane 1 of warp 0 of block \\(0, 0, 0\\) wrote"},
    {"LanesOfOneWarpInALoop", 1, 32, 0, R"(
  mov.u32 %r7, 0;
  mov.u32 %r2, tile;
again:
  add.u32 %r1, %t, %r7;
  shl.b32 %r1, %r1, 2;
  add.u32 %r3, %r2, %r1;
  st.shared.u32 [%r3], %t;
  bar.warp.sync -1; //-
  add.u32 %r7, %r7, 1;
  setp.lt.u32 %p1, %r7, 3;
  @%p1 bra again;
)",
     "data race: writes what lane \\d+ of warp 0"},
    {"ShufflesOrderLanes", 1, 32, 0, R"(
  shl.b32 %r1, %t, 2;
  mov.u32 %r2, tile;
  add.u32 %r3, %r2, %r1;
  st.shared.u32 [%r3], %t;
  shfl.sync.bfly.b32 %r7, %t, 1, 31, -1;
  xor.b32 %r4, %r1, 4;
  add.u32 %r5, %r2, %r4;
  ld.shared.u32 %r6, [%r5];
)",
     nullptr},
    {"BytesOfAWord", 1, 64, 0, R"(
  mov.u32 %r2, tile;
  add.u32 %r3, %r2, %t; //-
//+  and.b32 %r1, %t, 31;
//+  add.u32 %r3, %r2, %r1;
  cvt.u16.u32 %h1, %t;
  st.shared.u8 [%r3], %h1;
)",
     "data race: writes what lane"},
    {"BytesOfAWordThatWasWhole", 1, 64, 0, R"(
  mov.u32 %r2, tile;
  setp.eq.u32 %p1, %t, 0;
  @%p1 st.shared.u32 [%r2], %t;
  bar.sync 0; //-
  setp.eq.u32 %p1, %l, 0;
  add.u32 %r3, %r2, %w;
  cvt.u16.u32 %h1, %t;
  @%p1 st.shared.u8 [%r3], %h1;
)",
     "data race: writes what lane 0 of warp"},
    {"OneInstructionOfAWarpToOnePlace", 1, 32, 0, R"(
  mov.u32 %r2, tile;
  st.shared.u32 [%r2], %t;
)",
     nullptr},
    {"NamedBarrier", 1, 64, 0, R"(
  mov.u32 %r2, tile;
  shl.b32 %r1, %l, 2;
  add.u32 %r3, %r2, %r1;
  setp.eq.u32 %p1, %w, 0;
  @!%p1 bra consumer;
  st.shared.u32 [%r3], %t;
  bar.arrive 1, 64;
//+  st.shared.u32 [%r3], %t;
  bra done;
consumer:
  bar.sync 1, 64;
  ld.shared.u32 %r4, [%r3];
done:
)",
     "data race: (reads|writes) what lane"},
    {"PlainReadOfAnAtomic", 1, 64, 0, R"(
  mov.u32 %r2, tile;
  setp.eq.u32 %p1, %t, 0;
  @%p1 st.shared.u32 [%r2], 0;
  bar.sync 0;
  red.shared.add.u32 [%r2], 1;
  bar.sync 0; //-
  ld.shared.u32 %r3, [%r2];
)",
     "data race: (reads|updates) what lane"},
    {"TwoBlocksWriteGlobalMemory", 2, 32, 0, R"(
  shl.b32 %r1, %t, 2;
  shl.b32 %r2, %b, 7; //-
  add.u32 %r1, %r1, %r2; //-
  cvt.u64.u32 %rd1, %r1;
  add.u64 %rd2, %out, %rd1;
  st.global.u32 [%rd2], %b;
)",
     "data race: writes what lane 0 of warp 0 of block \\([01], 0, 0\\) wrote"},
    {"AtomicsOfTheBlocksScope", 2, 32, 0, R"(
  red.relaxed.gpu.global.add.u32 [%out], 1; //-
//+  red.relaxed.cta.global.add.u32 [%out], 1;
)",
     "data race: updates what lane"},
    {"SharedMemoryOfAnotherBlock", 2, 32, 2, R"(
  mov.u32 %r2, tile;
  xor.b32 %r3, %b, 1;
  mapa.shared::cluster.u32 %r4, %r2, %r3;
  shl.b32 %r1, %t, 2;
  add.u32 %r4, %r4, %r1;
  st.shared::cluster.u32 [%r4], %t;
  barrier.cluster.arrive.aligned; //-
//+  barrier.cluster.arrive.relaxed.aligned;
  barrier.cluster.wait.aligned;
  add.u32 %r5, %r2, %r1;
  ld.shared.u32 %r6, [%r5];
  barrier.cluster.arrive.aligned;
  barrier.cluster.wait.aligned;
)",
     "data race: reads what lane 0 of warp 0 of block \\([01], 0, 0\\) wrote"},
    {"ABlockEndsWhileAnotherReadsIt", 2, 32, 2, R"(
  mov.u32 %r2, tile;
  xor.b32 %r3, %b, 1;
  mapa.shared::cluster.u32 %r4, %r2, %r3;
  shl.b32 %r1, %t, 2;
  add.u32 %r4, %r4, %r1;
  add.u32 %r5, %r2, %r1;
  st.shared.u32 [%r5], %t;
  barrier.cluster.arrive.aligned;
  barrier.cluster.wait.aligned;
  ld.shared::cluster.u32 %r6, [%r4];
  barrier.cluster.arrive.aligned; //-
  barrier.cluster.wait.aligned; //-
)",
     "data race: uses the shared memory of a block that may have ended: nothing "
     "orders this before the end of its last thread\n.*\n.*ld.shared::cluster"},
    {"MbarrierArrivalTooEarly", 1, 64, 0, R"(
  mov.u32 %r2, tile;
  mov.u32 %r5, bar;
  shl.b32 %r1, %l, 2;
  add.u32 %r3, %r2, %r1;
  setp.eq.u32 %p1, %t, 0;
  @%p1 mbarrier.init.shared.b64 [%r5], 32;
  bar.sync 0;
  setp.eq.u32 %p1, %w, 0;
  @!%p1 bra consumer;
  st.shared.u32 [%r3], %t; //-
  mbarrier.arrive.shared.b64 %rd1, [%r5];
//+  st.shared.u32 [%r3], %t;
  bra done;
consumer:
  mbarrier.try_wait.parity.shared.b64 %p2, [%r5], 0;
  @!%p2 bra consumer;
  ld.shared.u32 %r4, [%r3];
done:
)",
     "data race: (reads|writes) what lane"},
    {"MbarrierOfTheWrongPhase", 1, 64, 0, R"(
  mov.u32 %r2, tile;
  mov.u32 %r5, bar;
  shl.b32 %r1, %l, 2;
  add.u32 %r3, %r2, %r1;
  setp.eq.u32 %p1, %t, 0;
  @%p1 mbarrier.init.shared.b64 [%r5], 32;
  bar.sync 0;
  setp.eq.u32 %p1, %w, 0;
  @!%p1 bra consumer;
  st.shared.u32 [%r3], %t;
  mbarrier.arrive.shared.b64 %rd1, [%r5];
  bra done;
consumer:
  mbarrier.try_wait.parity.shared.b64 %p2, [%r5], 0; //-
//+  mbarrier.try_wait.parity.shared.b64 %p2, [%r5], 1;
  @!%p2 bra consumer;
  ld.shared.u32 %r4, [%r3];
done:
)",
     "data race: (reads|writes) what lane|deadlock: no warp"},
};

MOEC_DEFECT_TESTS(Race, races);

/// Block 0 writes data and a flag; block 1 waits for the flag and reads. The
/// flag is tried until it is set.
#define FLAG(write, read)                                                      \
  R"(
  setp.ne.u32 %p1, %b, 0;
  @%p1 bra reader;
  st.global.u32 [%out+64], 7;
)" write R"(
  bra done;
reader:
)" read R"(
  setp.eq.u32 %p2, %r1, 0;
  @%p2 bra reader;
  ld.global.u32 %r2, [%out+64];
done:
)"

const Defect flags[] = {
    {"WriterLacksAFence", 2, 1, 0,
     FLAG(R"(
  membar.gl; //-
  st.volatile.global.u32 [%out], 1;)",
          R"(
  ld.volatile.global.u32 %r1, [%out];
  membar.gl;)"),
     "data race: (reads|writes) what lane 0 of warp 0 of block"},
    {"ReaderLacksAFence", 2, 1, 0,
     FLAG(R"(
  membar.gl;
  st.volatile.global.u32 [%out], 1;)",
          R"(
  ld.volatile.global.u32 %r1, [%out];
  membar.gl; //-)"),
     "data race: (reads|writes) what lane 0 of warp 0 of block"},
    {"FenceOfTheBlocksScope", 2, 1, 0,
     FLAG(R"(
  membar.gl; //-
//+  membar.cta;
  st.volatile.global.u32 [%out], 1;)",
          R"(
  ld.volatile.global.u32 %r1, [%out];
  membar.gl;)"),
     "data race: (reads|writes) what lane 0 of warp 0 of block"},
    {"RelaxedInsteadOfRelease", 2, 1, 0,
     FLAG(R"(
  st.release.gpu.global.u32 [%out], 1; //-
//+  st.relaxed.gpu.global.u32 [%out], 1;)",
          R"(
  ld.acquire.gpu.global.u32 %r1, [%out];)"),
     "data race: (reads|writes) what lane 0 of warp 0 of block"},
    {"RelaxedInsteadOfAcquire", 2, 1, 0,
     FLAG(R"(
  st.release.gpu.global.u32 [%out], 1;)",
          R"(
  ld.acquire.gpu.global.u32 %r1, [%out]; //-
//+  ld.relaxed.gpu.global.u32 %r1, [%out];)"),
     "data race: (reads|writes) what lane 0 of warp 0 of block"},
    {"PlainFlag", 2, 1, 0,
     FLAG(R"(
  membar.gl;
  st.volatile.global.u32 [%out], 1; //-
//+  st.global.u32 [%out], 1;)",
          R"(
  ld.volatile.global.u32 %r1, [%out];
  membar.gl;)"),
     "data race: (reads|writes) what lane 0 of warp 0 of block"},
    {"AtomicsContinueARelease", 2, 1, 0,
     FLAG(R"(
  atom.release.gpu.global.add.u32 %r3, [%out], 1;
  atom.relaxed.gpu.global.add.u32 %r3, [%out], 1;)",
          R"(
  atom.acquire.gpu.global.or.b32 %r1, [%out], 0;)"),
     nullptr},
    {"FenceOfAllBeforeTheBarrier", 2, 64, 0, R"(
  setp.ne.u32 %p1, %b, 0;
  @%p1 bra reader;
  shl.b32 %r1, %t, 2;
  cvt.u64.u32 %rd1, %r1;
  add.u64 %rd2, %out, %rd1;
  st.global.u32 [%rd2+64], %t;
  membar.gl; //-
  bar.sync 0;
  setp.eq.u32 %p1, %t, 0;
  @%p1 atom.global.add.u32 %r3, [%out], 1;
  bra done;
reader:
  setp.ne.u32 %p1, %t, 0;
  @%p1 bra wait;
spin:
  ld.volatile.global.u32 %r1, [%out];
  setp.eq.u32 %p2, %r1, 0;
  @%p2 bra spin;
  membar.gl;
wait:
  bar.sync 0;
  shl.b32 %r1, %t, 2;
  cvt.u64.u32 %rd1, %r1;
  add.u64 %rd2, %out, %rd1;
  ld.global.u32 %r2, [%rd2+64];
done:
)",
     "data race: reads what lane \\d+ of warp [01] of block \\(0, 0, 0\\)"},
};

MOEC_DEFECT_TESTS(FlagRace, flags);

} // namespace
