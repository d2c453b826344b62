//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Mutants of reductions, scans and products without tensor cores.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Mutants.h"

namespace emulator {

constexpr auto synchronization = Defective::Synchronization;
constexpr auto memory = Defective::Memory;
constexpr auto arithmetic = Defective::Arithmetic;

static std::vector<Mutant> mutantsOfSums() {
  return {
      {"no barrier between warps",
       synchronization,
       Races,
       {{" bar.sync 0;\n", ""}}},
      {"a barrier of one warp",
       synchronization,
       Races,
       {{" bar.sync 0;\n", " bar.warp.sync -1;\n"}}},
      {"all threads write the sum",
       synchronization,
       Races,
       {{" @%p8 bra $L__BB1_6;\n", ""}}},
      {"no test of the length",
       memory,
       Faults,
       {{" @%p1 bra $L__BB1_2;\n", ""}}},
      {"twice as many partial sums as there is room",
       memory,
       Faults,
       {{"shr.u32 %r24, %r2, 3;", "shr.u32 %r24, %r2, 2;"}}},
      {"a partial sum beyond the last",
       memory,
       Faults,
       {{"partial+28];", "partial+32];"}}},
      {"a distance of the shuffles wrong",
       arithmetic,
       Results,
       {{"mov.u32 %r13, 8;", "mov.u32 %r13, 4;"}}},
  };
}

static std::vector<Mutant> mutantsOfBlockScans() {
  return {
      {"no barrier between turns",
       synchronization,
       Races,
       {{" bar.sync 0;\n", "", 2, 2}}},
      {"no barrier behind the warps' sums",
       synchronization,
       Races,
       {{" bar.sync 0;\n", "", 2, 1}}},
      {"a step of the scan without its test",
       arithmetic,
       Results,
       {{"selp.b32 %r30, 0, %r29, %p7;", "mov.u32 %r30, %r29;"}}},
      {"one chunk more than there is",
       memory,
       Faults,
       {{"setp.lt.s32 %p16, %r60, %r10;", "setp.le.s32 %p16, %r60, %r10;"}}},
  };
}

static const char *const rarelySeen =
    "in random orders; else each block ends before the next looks back, "
    "finds its prefix, and does not read the sum";

static std::vector<Mutant> mutantsOfFlags() {
  return {
      {"no fence before the flag of the sum",
       synchronization,
       Races | Nothing,
       {{" st.global.u32 [%rd16], %r8;\n membar.gl;\n",
         " st.global.u32 [%rd16], %r8;\n"}},
       rarelySeen},
      {"no fence before the flag of the prefix",
       synchronization,
       Races,
       {{" st.global.u32 [%rd30], %r75;\n membar.gl;\n",
         " st.global.u32 [%rd30], %r75;\n"}}},
      {"no fence behind the flag's read",
       synchronization,
       Races,
       {{"$L__BB1_14:\n membar.gl;\n", "$L__BB1_14:\n"}}},
      {"fences of the block's scope",
       synchronization,
       Races,
       {{"membar.gl;", "membar.cta;", 3, 0}}},
      {"the flag is written plainly",
       synchronization,
       Races,
       {{"st.volatile.global.u32 [%rd32]", "st.global.u32 [%rd32]"}}},
      {"the flag is read plainly",
       synchronization,
       Races,
       {{"ld.volatile.global.u32 %r88", "ld.global.u32 %r88"}}},
      {"the flag before the sum",
       synchronization,
       Races | Nothing,
       {{" st.global.u32 [%rd16], %r8;\n", ""},
        {" st.volatile.global.u32 [%rd19], %r62;\n",
         " st.volatile.global.u32 [%rd19], %r62;\n"
         " st.global.u32 [%rd16], %r8;\n"}},
       rarelySeen},
      {"no flag is set for a sum",
       synchronization,
       Timeouts,
       {{" st.volatile.global.u32 [%rd19], %r62;\n", ""},
        {" st.volatile.global.u32 [%rd32], %r76;\n", ""}}},
      {"one block sets no flag",
       synchronization,
       Timeouts,
       {{"setp.ne.s32 %p18, %r2, %r24;", "setp.ne.s32 %p18, %r2, 5;"}}},
  };
}

static std::vector<Mutant> mutantsWithinBlocks() {
  return {
      {"no barrier behind the ticket",
       synchronization,
       Races | Faults,
       {{" bar.sync 0;\n", "", 3, 1}}},
      {"no barrier behind the warps' sums",
       synchronization,
       Races,
       {{" bar.sync 0;\n", "", 3, 2}}},
      {"no barrier behind the look-back",
       synchronization,
       Races,
       {{" bar.sync 0;\n", "", 3, 3}}},
      {"all threads tell the sum",
       synchronization,
       Races,
       {{"and.pred %p1, %p19, %p18;", "mov.pred %p1, %p18;"}}},
      {"the ticket is no atomic",
       synchronization,
       Races,
       {{"atom.global.add.u32 %r25, [%rd10], 1;",
         "ld.global.u32 %r25, [%rd10];\n add.u32 %r26, %r25, 1;\n"
         " st.global.u32 [%rd10], %r26;"}}},
      {"no test of the length where it is written",
       memory,
       Faults,
       {{" @%p3 bra $L__BB1_26;\n", ""}}},
      {"chunks before the first are read",
       memory,
       Faults,
       {{" @%p25 bra $L__BB1_18;\n", ""}}},
      {"the nearest prefix is left out",
       arithmetic,
       Results,
       {{"setp.gt.s32 %p31, %r1, %r71;", "setp.ge.s32 %p31, %r1, %r71;"}}},
      {"a block's own sum is not in its prefix",
       arithmetic,
       Results,
       {{"add.s32 %r75, %r74, %r8;", "mov.u32 %r75, %r74;"}}},
  };
}

static std::vector<Mutant> mutantsOfLookBack() {
  std::vector<Mutant> all = mutantsOfFlags();
  for (Mutant &mutant : mutantsWithinBlocks())
    all.push_back(std::move(mutant));
  return all;
}

static std::vector<Mutant> mutantsOfTiled() {
  return {
      {"no barrier behind the loads",
       synchronization,
       Races,
       {{" bar.sync 0;\n", "", 2, 1}}},
      {"no barrier before the next loads",
       synchronization,
       Races,
       {{" bar.sync 0;\n", "", 2, 2}}},
      {"no test of A's rows",
       memory,
       Faults,
       {{" @%p27 bra $L__BB0_22;\n", ""}}},
      {"no test of the output's border",
       memory,
       Races | Faults,
       {{" @%p60 bra $L__BB0_49;\n", ""}}},
      {"tiles of four steps more",
       memory,
       Faults,
       {{"setp.ne.s32 %p56, %r273, 16;", "setp.ne.s32 %p56, %r273, 20;"}}},
      {"a column of the tile twice",
       arithmetic,
       Results,
       {{"[%r266+8];", "[%r266+4];"}}},
  };
}

std::vector<MutantTable> mutantsOfReductions() {
  return {{&sumBlocksKernel, mutantsOfSums()},
          {&scanBlocksKernel, mutantsOfBlockScans()},
          {&scanAllKernel, mutantsOfLookBack()},
          {&tiledKernel, mutantsOfTiled()}};
}

} // namespace emulator
