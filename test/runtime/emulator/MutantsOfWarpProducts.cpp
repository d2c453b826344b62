//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Mutants of products of warps, fed by cp.async.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Mutants.h"

namespace emulator {

constexpr auto synchronization = Defective::Synchronization;
constexpr auto memory = Defective::Memory;
constexpr auto arithmetic = Defective::Arithmetic;

static const char *const loadOfTurn =
    " mad.lo.s32 %r640, %r638, 20480, %r639;\n";

static std::vector<Mutant> mutantsOfGroups() {
  return {
      {"the wait keeps one group more",
       synchronization,
       Waits,
       {{"cp.async.wait_group 1;", "cp.async.wait_group 2;"}}},
      {"no wait for the copies",
       synchronization,
       Waits,
       {{"cp.async.wait_group 1;", ""}}},
      {"no commit before the loop",
       synchronization,
       Waits,
       {{"cp.async.commit_group;", "", 2, 1}}},
      {"no commit in the loop",
       synchronization,
       Waits,
       {{"cp.async.commit_group;", "", 2, 2}}},
      {"no barrier behind the wait",
       synchronization,
       Waits,
       {{" bar.sync 0;\n", ""}}},
      {"the barrier stands behind the next copies",
       synchronization,
       Waits,
       {{" bar.sync 0;\n", ""},
        {" cp.async.commit_group;\n mov.u32 %r639",
         " cp.async.commit_group;\n bar.sync 0;\n mov.u32 %r639"}}},
      {"a barrier of a quarter of the threads",
       synchronization,
       Waits,
       {{" bar.sync 0;\n", " bar.sync 0, 64;\n"}}},
      {"copies go to the stage that is read",
       synchronization,
       Waits,
       {{"mul.wide.u32 %rd90, %r246,", "mul.wide.u32 %rd90, %r681,"},
        {"sub.s32 %r40, %r246, %r249;", "sub.s32 %r40, %r681, %r249;"}}},
      {"one turn more than there is",
       memory,
       Faults,
       {{"shr.s32 %r5, %r56, 5;\n",
         "shr.s32 %r5, %r56, 5;\n add.s32 %r5, %r5, 1;\n"}}},
      {"stages twice as far apart as there is room",
       memory,
       Faults,
       {{"20480", "40960", 9, 0}}},
      {"a row's pitch without its padding",
       memory,
       Uninitialised,
       {{"mul.lo.s32 %r239, %r235, 40;", "mul.lo.s32 %r239, %r235, 48;"}}},
      {"the address of matrices shifted by half a row of one",
       memory,
       Faults,
       {{loadOfTurn, " mad.lo.s32 %r640, %r638, 20480, %r639;\n"
                     " add.s32 %r640, %r640, 8;\n"}}},
      {"output rows twice as far apart",
       memory,
       Races | Faults,
       {{"shl.b32 %r666, %r671, 4;", "shl.b32 %r666, %r671, 5;"}}},
      {"fragments of A swapped",
       arithmetic,
       Results,
       {{"{%r384, %r385, %r386, %r387}, [",
         "{%r384, %r386, %r385, %r387}, ["}}},
      {"fragments of B swapped",
       arithmetic,
       Results,
       {{"{%r404, %r405, %r406, %r407}, [",
         "{%r405, %r404, %r406, %r407}, ["}}},
      {"the second step reads the first's columns",
       arithmetic,
       Results,
       {{"or.b32 %r245, %r237, 16;", "or.b32 %r245, %r237, 0;"}}},
      {"B's tile begins 16 bytes late",
       memory,
       Uninitialised,
       {{"add.s32 %r645, %r640, 10240;", "add.s32 %r645, %r640, 10256;"}}},
  };
}

static std::vector<Mutant> mutantsOfBarriers() {
  return {
      {"an mbarrier of one arrival too few",
       synchronization,
       Waits,
       {{"mov.u32 %r61, 256;", "mov.u32 %r61, 255;"}}},
      {"an mbarrier of one arrival too many",
       synchronization,
       Timeouts,
       {{"mov.u32 %r61, 256;", "mov.u32 %r61, 257;"}}},
      {"the copies' arrival is counted as one more",
       synchronization,
       Timeouts,
       {{"arrive.noinc.shared", "arrive.shared", 2, 0}}},
      {"no barrier behind the initialisation",
       synchronization,
       Proxies | Faults,
       {{" bar.sync 0;\n", "", 2, 1}}},
      {"no barrier before the next copies",
       synchronization,
       Waits,
       {{" bar.sync 0;\n", "", 2, 2}}},
      {"the wait is for the other parity",
       synchronization,
       Waits | Timeouts,
       {{"p, [%r42], %r693;", "p, [%r42], 1;"}}},
      {"no wait at the mbarrier",
       synchronization,
       Waits,
       {{"mbarrier.test_wait.parity.shared::cta.b64 p, [%r42], %r693;\n",
         "setp.eq.u32 p, 0, 0;\n"}}},
      {"no arrival of the copies in the loop",
       synchronization,
       Timeouts,
       {{"cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%r400];", ""}}},
      {"the threads arrive, not their copies",
       synchronization,
       Waits,
       {{"cp.async.mbarrier.arrive.noinc.shared::cta.b64 [%r400];",
         "mbarrier.arrive.shared::cta.b64 %rd92, [%r400];"}}},
      {"copies of the loop go over the mbarriers",
       memory,
       Waits,
       {{"mov.u32 %r267, buffers;",
         "mov.u32 %r267, _ZZ4gemmILb1EEvPKtS1_PfiiE4full;"}}},
  };
}

std::vector<MutantTable> mutantsOfWarpProducts() {
  return {{&groupsKernel, mutantsOfGroups()},
          {&barriersKernel, mutantsOfBarriers()}};
}

} // namespace emulator
