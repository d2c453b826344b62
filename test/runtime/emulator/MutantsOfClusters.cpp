//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Mutants of bulk copies, and of clusters.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Mutants.h"

namespace emulator {

constexpr auto synchronization = Defective::Synchronization;
constexpr auto memory = Defective::Memory;
constexpr auto arithmetic = Defective::Arithmetic;

#define CLUSTER                                                                \
  " barrier.cluster.arrive.release.aligned;\nbarrier.cluster.wait.acquire."    \
  "aligned;\n"
#define RELAXED                                                                \
  " barrier.cluster.arrive.relaxed.aligned;\nbarrier.cluster.wait.acquire."    \
  "aligned;\n"
#define WAIT(barrier, parity)                                                  \
  "mbarrier.try_wait.parity.shared::cta.b64 done, [" barrier "], " parity      \
  ";\n@!done bra AGAIN;\n"

static std::vector<Mutant> mutantsOfBulk() {
  return {
      {"no proxy fence before the store",
       synchronization,
       Proxies,
       {{" fence.proxy.async;\n", ""}}},
      {"the proxy fence behind the barrier, of another thread",
       synchronization,
       Proxies,
       {{" fence.proxy.async;\n bar.sync 0;\n @%p1 bra $L__BB0_11;\n",
         " bar.sync 0;\n @%p1 fence.proxy.async;\n @%p1 bra $L__BB0_11;\n"}}},
      {"no barrier before the store",
       synchronization,
       Waits,
       {{" bar.sync 0;\n", "", 2, 2}}},
      {"no wait before a buffer is loaded again",
       synchronization,
       Waits,
       {{" cp.async.bulk.wait_group.read 1;\n", ""}}},
      {"the wait before a buffer is loaded again keeps two",
       synchronization,
       Waits,
       {{"cp.async.bulk.wait_group.read 1;",
         "cp.async.bulk.wait_group.read 2;"}}},
      {"no commit of the stores",
       synchronization,
       Waits,
       {{" cp.async.bulk.commit_group;\n", ""}}},
      {"no wait before the block ends",
       synchronization,
       Waits,
       {{" cp.async.bulk.wait_group 0;\n", ""}}},
      {"no wait for a load",
       synchronization,
       Waits | Faults,
       {{WAIT("%r24", "%r25"), ""}}},
      {"a load that fills no whole buffer",
       synchronization,
       Deadlocks,
       {{"[%r16], [%rd3], %r17, [%r18]", "[%r16], [%rd3], 1008, [%r18]"}}},
      {"a load of more than is expected",
       synchronization,
       Deadlocks,
       {{"mov.u32 %r17, 1024;", "mov.u32 %r17, 1008;"},
        {"[%r16], [%rd3], %r17, [%r18]", "[%r16], [%rd3], 1024, [%r18]"}}},
      {"a store of more than a buffer",
       memory,
       Waits,
       {{"mov.u32 %r35, 1024;", "mov.u32 %r35, 1040;"}}},
      {"values beyond a buffer are changed",
       memory,
       Barriers,
       {{"setp.lt.s32 %p5, %r40, 256;", "setp.lt.s32 %p5, %r40, 260;"}}},
      {"a chunk beyond the array",
       memory,
       Faults,
       {{"setp.lt.s32 %p7, %r39, %r8;", "setp.le.s32 %p7, %r39, %r8;"}}},
  };
}

static std::vector<Mutant> mutantsOfShare() {
  return {
      {"a block is left out of the multicast",
       synchronization,
       Deadlocks,
       {{"mov.u16 %rs1, 15;", "mov.u16 %rs1, 7;"}}},
      {"no proxy fence before the copy to another block",
       synchronization,
       Proxies,
       {{" fence.proxy.async;\n", ""}}},
      {"no barrier of the block before the copy",
       synchronization,
       Waits,
       {{" bar.sync 0;\n", ""}}},
      {"no wait for the loads",
       synchronization,
       Waits,
       {{WAIT("%r38", "%r39"), ""}}},
      {"no wait for the copy from another block",
       synchronization,
       Waits,
       {{WAIT("%r61", "%r62"), ""}}},
      {"no barrier of the cluster behind the initialisation",
       synchronization,
       Proxies | Faults,
       {{CLUSTER, "", 2, 1}}},
      {"the copy goes to the block itself",
       arithmetic,
       Results,
       {{"add.s32 %r56, %r19, 1;", "add.s32 %r56, %r19, 0;"}}},
      {"only its own quarter is expected",
       synchronization,
       Waits,
       {{"mov.u32 %r30, 1024;", "mov.u32 %r30, 256;"}}},
  };
}

static std::vector<Mutant> mutantsOfRotate() {
  return {
      {"no barrier of the cluster before the reads",
       synchronization,
       Races,
       {{CLUSTER, "", 2, 1}}},
      {"a relaxed arrival before the reads",
       synchronization,
       Races,
       {{CLUSTER, RELAXED, 2, 1}}},
      {"a barrier of the block instead of the cluster's",
       synchronization,
       Races,
       {{CLUSTER, " bar.sync 0;\n", 2, 1}}},
      {"a block may end while others read it",
       synchronization,
       Races,
       {{CLUSTER, "", 2, 2}}},
      {"a rank beyond the cluster",
       memory,
       Faults,
       {{"and.b32 %r4, %r13, 3;", "mov.u32 %r4, %r13;"}}},
  };
}

static std::vector<Mutant> mutantsOfRing() {
  return {
      {"no wait for room in the next block",
       synchronization,
       Waits,
       {{WAIT("%r36", "%r37"), ""}}},
      {"no wait for the words",
       synchronization,
       Faults,
       {{WAIT("%r31", "%r64"), ""}}},
      {"room is awaited with the other parity",
       synchronization,
       Waits | Deadlocks,
       {{"and.b32 %r37, %r39, 1;", "and.b32 %r37, %r38, 1;"}}},
      {"the counter's bytes are not expected",
       synchronization,
       Deadlocks,
       {{"mov.u32 %r32, 20;", "mov.u32 %r32, 16;"}}},
      {"the block after is told, not the one before",
       synchronization,
       Waits,
       {{"add.s32 %r30, %r16, -1;", "add.s32 %r30, %r16, 1;"}}},
      {"told before the words are read",
       synchronization,
       Waits,
       {{" ld.shared.v4.u32 {%r72, %r73, %r74, %r75}, [%r43];\n", ""},
        {" add.s32 %r87, %r87, 1;\n",
         " ld.shared.v4.u32 {%r72, %r73, %r74, %r75}, [%r43];\n"
         " add.s32 %r87, %r87, 1;\n"}}},
      {"no barrier of the cluster behind the initialisation",
       synchronization,
       Proxies | Faults,
       {{CLUSTER, "", 2, 1}}},
      {"a relaxed arrival without the fence of the initialisation",
       synchronization,
       Proxies,
       {{CLUSTER, RELAXED, 2, 1},
        {" fence.mbarrier_init.release.cluster;\n", ""}}},
      {"a block may end while others signal to it",
       synchronization,
       Races,
       {{CLUSTER, "", 2, 2}}},
      {"the counter is read as twice its size",
       memory,
       Bounds,
       {{"ld.shared.u32 %r85, [_ZZ4ringE7counter];",
         "ld.shared.v2.u32 {%r85, %r84}, [_ZZ4ringE7counter];"}}},
      {"one word goes twice",
       arithmetic,
       Results,
       {{"{%r86, %r51, %r52, %r53}", "{%r86, %r51, %r51, %r53}"}}},
  };
}

static std::vector<Mutant> mutantsOfHistogram() {
  return {
      {"atomics of the block's scope",
       synchronization,
       Races,
       {{"red.relaxed.cluster.shared", "red.relaxed.cta.shared"}}},
      {"no barrier of the cluster behind the zeros",
       synchronization,
       Races,
       {{CLUSTER, "", 2, 1}}},
      {"no barrier of the cluster before the counts are read",
       synchronization,
       Races,
       {{CLUSTER, "", 2, 2}}},
      {"a bin beyond the block's",
       memory,
       Faults,
       {{"and.b32 %r19, %r18, 252;", "and.b32 %r19, %r18, 508;"}}},
      {"one value more than there is",
       memory,
       Faults,
       {{"setp.lt.s32 %p2, %r26, %r7;", "setp.le.s32 %p2, %r26, %r7;"}}},
  };
}

std::vector<MutantTable> mutantsOfClusters() {
  return {{&addOneKernel, mutantsOfBulk()},
          {&shareKernel, mutantsOfShare()},
          {&rotateKernel, mutantsOfRotate()},
          {&ringKernel, mutantsOfRing()},
          {&histogramKernel, mutantsOfHistogram()}};
}

} // namespace emulator
