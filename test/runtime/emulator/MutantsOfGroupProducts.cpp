//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Mutants of products of warpgroups, fed by TMA.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/Mutants.h"

namespace emulator {

constexpr auto synchronization = Defective::Synchronization;
constexpr auto memory = Defective::Memory;
constexpr auto arithmetic = Defective::Arithmetic;

#define WAIT(barrier, parity)                                                  \
  "mbarrier.try_wait.parity.shared::cta.b64 done, [" barrier "], " parity      \
  ";\n@!done bra AGAIN;\n"

static std::vector<Mutant> mutantsOfThePipeline() {
  return {
      {"no wait for a stage to be full",
       synchronization,
       Waits | Faults,
       {{WAIT("%r63", "%r64"), ""}}},
      {"no wait for a stage to be empty",
       synchronization,
       Waits | Faults,
       {{WAIT("%r108", "%r109"), ""}}},
      {"full is awaited with the other parity",
       synchronization,
       Waits | Faults | Deadlocks,
       {{"and.b32 %r64, %r67, 1;",
         "not.b32 %r64, %r67;\n and.b32 %r64, %r64, 1;"}}},
      {"full is awaited with parity 0 always",
       synchronization,
       Waits | Deadlocks,
       {{"and.b32 %r64, %r67, 1;", "and.b32 %r64, %r67, 0;"}}},
      {"empty is awaited with the other parity",
       synchronization,
       Waits | Faults,
       {{"and.b32 %r109, %r111, 1;", "and.b32 %r109, %r110, 1;"}}},
      {"16 bytes more expected than come",
       synchronization,
       Deadlocks,
       {{"mov.u32 %r116, 16384;", "mov.u32 %r116, 16400;"}}},
      {"16 bytes fewer expected than come",
       synchronization,
       Deadlocks,
       {{"mov.u32 %r116, 16384;", "mov.u32 %r116, 16368;"}}},
      {"only A's bytes expected",
       synchronization,
       Waits,
       {{"mov.u32 %r116, 16384;", "mov.u32 %r116, 8192;"}}},
      {"an arrival without bytes",
       synchronization,
       Waits,
       {{"mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r115], %r116;",
         "mbarrier.arrive.shared::cta.b64 _, [%r115];"}}},
  };
}

static std::vector<Mutant> mutantsOfTheArrivals() {
  return {
      {"no arrival at full",
       synchronization,
       Deadlocks,
       {{"mbarrier.arrive.expect_tx.shared::cta.b64 _, [%r115], %r116;",
         "mbarrier.expect_tx.relaxed.cta.shared::cta.b64 [%r115], %r116;"}}},
      {"no arrival at empty",
       synchronization,
       Deadlocks,
       {{"mbarrier.arrive.shared::cta.b64 _, [%r91];", ""}}},
      {"all threads arrive at empty",
       synchronization,
       Waits,
       {{" @%p2 bra $L__BB0_9;\n", ""}}},
      {"all lanes load",
       synchronization,
       Faults,
       {{"setp.ne.s32 %p13, %r6, 0;", "setp.ne.s32 %p13, %r6, %r6;"}}},
      {"full is initialised for two arrivals",
       synchronization,
       Deadlocks,
       {{"mov.u32 %r57, 1;", "mov.u32 %r57, 2;"}}},
      {"no barrier behind the initialisation",
       synchronization,
       Proxies | Faults,
       {{" bar.sync 0;\n", ""}}},
      {"no fence behind the initialisation",
       synchronization,
       Nothing,
       {{" fence.mbarrier_init.release.cluster;\n", ""}},
       "no defect by the causality order: `bar.sync` orders the initialisation "
       "before all uses, and there is one block; the fence is for others of a "
       "cluster that a relaxed arrival tells"},
      {"empty before the products are waited for",
       synchronization,
       Waits,
       {{" wgmma.wait_group.sync.aligned 0;\n", ""},
        {"$L__BB0_9:\n", "$L__BB0_9:\n wgmma.wait_group.sync.aligned 0;\n"}}},
      {"A and B complete at different stages",
       synchronization,
       Deadlocks,
       {{"[%rd16, {%r132, %r8}], [%r115];",
         "[%rd16, {%r132, %r8}], [%r120];"}}},
  };
}

static std::vector<Mutant> mutantsOfTheProducts() {
  return {
      {"no wgmma.fence",
       synchronization,
       Waits,
       {{" wgmma.fence.sync.aligned;\n", ""}}},
      {"no commit of the products",
       synchronization,
       Waits,
       {{" wgmma.commit_group.sync.aligned;\n", ""}}},
      {"the wait keeps a group of products",
       synchronization,
       Waits,
       {{"wgmma.wait_group.sync.aligned 0;",
         "wgmma.wait_group.sync.aligned 1;"}}},
      {"no wait for the products",
       synchronization,
       Waits,
       {{" wgmma.wait_group.sync.aligned 0;\n", ""}}},
      {"stages twice as far apart as there is room",
       memory,
       Faults,
       {{"shl.b32 %r27, %r25, 14;", "shl.b32 %r27, %r25, 15;"}}},
      {"B is loaded half a tile late",
       memory,
       Waits,
       {{"add.s32 %r34, %r28, 8192;", "add.s32 %r34, %r28, 12288;"}}},
      {"B is loaded over A",
       memory,
       Waits,
       {{"add.s32 %r34, %r28, 8192;", "add.s32 %r34, %r28, 0;"}}},
      {"the tile lies 64 bytes beside what TMA takes",
       memory,
       Faults,
       {{"add.s32 %r122, %r28, %r156;",
         "add.s32 %r122, %r28, %r156;\n add.s32 %r122, %r122, 64;"}}},
      {"output rows twice as far apart",
       memory,
       Races | Faults,
       {{"mul.lo.s32 %r102, %r98, %r147;",
         "mul.lo.s32 %r102, %r98, %r147;\n add.s32 %r102, %r102, %r102;"}}},
      {"another swizzle in the descriptors",
       arithmetic,
       Results,
       {{"selp.b32 %r61, 1073741824,", "selp.b32 %r61, -2147483648,"}}},
      {"the swizzle shifted by 16 bytes",
       arithmetic,
       Results,
       {{"add.s32 %r84, %r81, %r83;",
         "add.s32 %r84, %r81, %r83;\n add.s32 %r84, %r84, 16;"}}},
      {"coordinates of A swapped",
       arithmetic,
       Results,
       {{"{%r124, %r7}", "{%r7, %r124}"}}},
      {"A and B swapped",
       arithmetic,
       Results,
       {{"%rd6, %rd7, p", "%rd7, %rd6, p"}}},
      {"sums begin anew with every step",
       arithmetic,
       Results,
       {{"selp.u32 %r78, 1, 0, %p9;", "mov.u32 %r78, 0;"}}},
      {"the step along k is too short",
       arithmetic,
       Results,
       {{"add.s32 %r153, %r153, 32;", "add.s32 %r153, %r153, 16;"}}},
      {"sums swapped in the output",
       arithmetic,
       Results,
       {{"[%rd12], %f288;", "[%rd12], %f287;"}}},
  };
}

/// What the swizzle of `span` bytes has of its own.
static std::vector<Mutant> mutantsOfTheSwizzle(const char *mode,
                                               const char *wrong) {
  return {
      {"another swizzle in the descriptors",
       arithmetic,
       Results,
       {{mode, wrong}}},
      {"the stride between rows of matrices halved",
       arithmetic,
       Results,
       {{"shr.s32 %r62, %r1, 1;", "shr.s32 %r62, %r1, 2;"}}},
      {"boxes overlap",
       memory,
       Waits,
       {{"shl.b32 %r3, %r1, 6;", "shl.b32 %r3, %r1, 5;"}}},
      {"the wait keeps a group of products",
       synchronization,
       Waits,
       {{"wgmma.wait_group.sync.aligned 0;",
         "wgmma.wait_group.sync.aligned 1;"}}},
  };
}

static std::vector<Mutant> mutantsOfFragments() {
  const char *const wait = "wgmma.wait_group.sync.aligned 1;";
  return {
      {"the wait before the fragments keeps both groups",
       synchronization,
       Waits,
       {{wait, "wgmma.wait_group.sync.aligned 2;", 2, 1}}},
      {"no wait before the second fragments",
       synchronization,
       Waits,
       {{wait, "", 2, 2}}},
      {"no fence behind the fragments",
       synchronization,
       Waits,
       {{" wgmma.fence.sync.aligned;\n", "", 2, 2}}},
      {"no commit of the second group",
       synchronization,
       Waits,
       {{" wgmma.commit_group.sync.aligned;\n", "", 2, 2}}},
      {"no wait before the sums are written",
       synchronization,
       Waits,
       {{"wgmma.wait_group.sync.aligned 0;", ""}}},
      {"no barrier before the wait for the loads",
       synchronization,
       Proxies | Faults,
       {{" bar.sync 0;\n", ""}}},
      {"fragments swapped",
       arithmetic,
       Results,
       {{"ld.global.u32 %r48, [%rd16];", "ld.global.u32 %r48, [%rd15+16];"}}},
  };
}

std::vector<MutantTable> mutantsOfGroupProducts() {
  std::vector<Mutant> all = mutantsOfThePipeline();
  for (auto more : {mutantsOfTheArrivals, mutantsOfTheProducts})
    for (Mutant &mutant : more())
      all.push_back(std::move(mutant));
  return {
      {&wgmma128Kernel, std::move(all)},
      {&wgmma64Kernel, mutantsOfTheSwizzle("selp.b32 %r60, -2147483648,",
                                           "selp.b32 %r60, -1073741824,")},
      {&wgmma32Kernel,
       mutantsOfTheSwizzle("selp.b32 %r59, -1073741824,", "selp.b32 %r59, 0,")},
      {&wgmmaPlainKernel,
       {{"leading and stride offsets swapped",
         arithmetic,
         Results,
         {{"selp.b32 %r10, 4194304, 65536, %p1;", "mov.u32 %r10, 65536;"}}}}},
      {&fromRegistersKernel, mutantsOfFragments()}};
}

} // namespace emulator
