//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Mutants of the main loop of tensor copies and warpgroup products: of what
/// hands its stages over, of its copies, products and layouts.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/GpuMutants.h"

#include <gtest/gtest.h>

using namespace moec::test;

namespace {

using shown::bits, shown::deadlock, shown::fault, shown::fence, shown::order,
    shown::phase, shown::productFence, shown::undefined, shown::wait;

/// All of the inline assembly that waits for a phase.
#define PHASE_WAIT                                                             \
  " // begin inline asm\n \\{\n[^}]*try_wait[^}]*\\}\n // end inline asm\n"
#define WAIT_PARITY "(mbarrier.try_wait.parity[^\n]*P1, \\[%r\\d+\\],) %r\\d+,"

/// Readers wait first in the text, then those who fill.
const std::vector<GpuMutant> phases = {
    {"ReadersDoNotWait", {wait}, {PHASE_WAIT, "", 1}},
    {"FillersDoNotWait", {wait, undefined}, {PHASE_WAIT, "", 2}},
    {"ReadersWaitForThePhaseBefore",
     {wait, deadlock},
     {WAIT_PARITY, "$1 1,", 1}},
    {"TheParityOfReadersNeverChanges", {wait}, {WAIT_PARITY, "$1 0,", 1}},
    {"FillersWaitForThePhaseToCome", {deadlock}, {WAIT_PARITY, "$1 0,", 2}},
    {"TheParityOfFillersNeverChanges",
     {wait, undefined},
     {WAIT_PARITY, "$1 1,", 2}},
    {"FewerBytesAreExpected",
     {deadlock},
     {"(mbarrier.arrive.expect_tx[^;]*), %r\\d+;", "$1, 4096;"}},
    {"NoBytesAreExpected",
     {wait, deadlock},
     {"mbarrier.arrive.expect_tx([^;]*), %r\\d+;", "mbarrier.arrive$1;"}},
    {"ReadersDoNotArrive", {deadlock}, {"mbarrier.arrive.shared[^;]*;", ""}},
    {"EveryLaneArrives",
     {wait, phase, undefined},
     {"(elect.sync [^\n]*\n not.pred[^\n]*\n) @%p\\d+ bra[^\n]*\n", "$1"}},
    {"FullWithoutOneFiller",
     {wait, undefined},
     {"mov.b32 (%r\\d+), 5;", "mov.b32 $1, 4;"}},
    {"EmptyAfterHalfOfTheReaders",
     {wait, phase},
     {"shl.b32 (%r\\d+), (%r\\d+), 2;", "shl.b32 $1, $2, 1;"}},
    {"NoBarrierBehindTheInitialisation",
     {order, undefined},
     {"bar.sync 0;", "", 2}},
    // Orders in which all have waited anyway show nothing.
    {"NoBarrierBeforeTheEnd",
     {shown::nothing, undefined},
     {"bar.sync 0;", "", 3}},
};

const std::vector<GpuMutant> copies = {
    {"NoProxyFenceBehindCopies",
     {fence},
     {"(cp.async.wait_group \\d+;\n) fence.proxy.async.shared::cta;", "$1", 0}},
    {"NoWait", {wait}, {"cp.async.wait_group \\d+;", "", 0}},
    {"TheWaitKeepsMoreGroups",
     {wait},
     {"cp.async.wait_group [1-9];", "cp.async.wait_group 9;"}},
    {"NoCommit", {wait}, {"cp.async.commit_group;", ""}},
    // The election alone would do.
    {"NeitherBarrierNorElectionOfTheWarp",
     {wait},
     {"bar.warp.sync -1;\n elect.sync (%r\\d+)\\|(%p\\d+), -1;",
      "mov.u32 $1, %laneid;\n setp.eq.b32 $2, $1, 0;", 0}},
    {"TheSwizzleOfStoresIsLeftOut",
     {bits},
     {"xor.b64 (%rd\\d+), %rd\\d+, (%rd\\d+);", "mov.b64 $1, $2;"}},
    {"TheCoordinatesOfABoxAreSwapped",
     {bits},
     {"(\\[%rd\\d+, \\{)(%r\\d+), (%r\\d+)(\\}\\])", "$1$3, $2$4"}},
    {"RowsAreNotCutOffAtTheLast",
     {fault},
     {"min.s64 (%rd\\d+), %rd\\d+, (%rd\\d+);", "mov.b64 $1, $2;"}},
    {"CopiesAreNotCutOffAtTheLastRow",
     {fault},
     {"min.s64 (%rd\\d+), (%rd\\d+), %rd\\d+;", "mov.b64 $1, $2;", -1}},
};

const std::vector<GpuMutant> products = {
    {"NoFence", {productFence}, {"wgmma.fence.sync.aligned;", ""}},
    {"NoCommit", {wait}, {"wgmma.commit_group.sync.aligned;", ""}},
    {"NoWait", {wait}, {"wgmma.wait_group.sync.aligned 1;", ""}},
    {"TheWaitKeepsOneGroupMore",
     {wait},
     {"(wgmma.wait_group.sync.aligned) 1;", "$1 2;"}},
    {"NoWaitAtTheEnd", {wait}, {"wgmma.wait_group.sync.aligned 0;", ""}},
    // The operands' descriptors; 2 is the next 16 of K.
    {"AStepOfKIsSkipped",
     {bits},
     {"(add.s64 %rd\\d+, %rd\\d+,) 4611686293305360386;",
      "$1 4611686293305360388;"}},
    {"AnotherSwizzleIsRead",
     {bits},
     {"(or.b64 %rd\\d+, %rd\\d+,) 4611686293305360384;",
      "$1 9223372311732748288;"}},
};

const std::vector<GpuMutantTable> &tables() {
  // More stages of K than the ring has.
  const auto make = [] {
    return std::make_unique<ProductSubject>(512, 70, 576, "sm_90a");
  };
  static const std::vector<GpuMutantTable> all = {{"Phases", make, phases},
                                                  {"Copies", make, copies},
                                                  {"Products", make, products}};
  return all;
}

class GpuWarpgroupMutants : public testing::TestWithParam<GpuMutantCase> {};

TEST_P(GpuWarpgroupMutants, AreShown) { expectShown(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Kernels, GpuWarpgroupMutants,
                         testing::ValuesIn(casesOf(tables())),
                         [](const auto &info) { return info.param.name(); });

TEST(GpuWarpgroupTwin, RunsWithoutAReport) {
  expectNothingShown(tables().front());
}

} // namespace
