//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Mutants of products fed by cp.async, of experts with their barrier of the
/// grid, and of attention. Those of warpgroups are in GpuWarpgroupMutantTest.
///
//===----------------------------------------------------------------------===//

#include "test/codegen/AttentionCase.h"
#include "test/codegen/ExpertsChain.h"
#include "test/codegen/GpuMutants.h"
#include "test/codegen/GroupChain.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

using namespace moec::test;

//===----------------------------------------------------------------------===//
// Kernels
//===----------------------------------------------------------------------===//

namespace {

using shown::bits, shown::fault, shown::race, shown::timeOut, shown::wait;

/// The second product of experts; behind a barrier of the grid, the sums over
/// each token's choices.
class Down : public GpuSubject {
public:
  explicit Down(const std::string &target) : chain(512) {
    const int64_t tokens = 40;
    Layer layer({"", Element::BF16, 512, 136, 328}, tokens);
    chain.input("h", rowsOf(layer.inner, layer.activation()),
                random(layer.activation(), layer.slots() * layer.inner, 1));
    chain.input("plan", layer.plan(), layer.makePlan());
    chain.input("p", rowsOf(2, Element::F32),
                random(Element::F32, layer.slots(), 2));
    chain.input("r", rowsOf(layer.hidden, Element::F32),
                random(Element::F32, tokens * layer.hidden, 3));
    layer.addDown(chain);
    const GpuChain::Names operands = {"h", "w2", "plan", "p", "r"};
    open(chain.group(operands, {"y"}), chain.arguments(operands, {"y"}), tokens,
         target);
  }

private:
  GpuChain chain;
};

/// Attention of the positions from .. to of a sequence, over pages of keys and
/// values.
class Attention : public GpuSubject {
public:
  Attention(const std::string &target, int32_t from, int32_t to,
            int64_t maxTokens = 0)
      : cache(Element::BF16, 1, 64, 1, to / MOERT_PAGE_TOKENS + 1),
        places(placesOf(from, to)), batch(places, cache),
        queries(Element::F32, places.size() * 128),
        result(Element::F32, places.size() * 128) {
    shape.maxTokens = maxTokens;
    fillSequence(cache, 0, to);
    setQueries(queries, places, shape.width());
    result.fill(NAN);
    open(shape.module(cache),
         {reads(queries), reads(cache.pages()), reads(batch.batch),
          writes(result)},
         places.size(), target);
  }

private:
  static std::vector<Place> placesOf(int32_t from, int32_t to) {
    std::vector<Place> places;
    for (int32_t s = from; s < to; ++s)
      places.push_back({0, s});
    return places;
  }

  AttentionCase shape = {1, 2, 64, Element::BF16};
  TestCache cache;
  std::vector<Place> places;
  TestBatch batch;
  TestTensor queries, result;
};

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

/// Loops that cp.async feeds.
const std::vector<GpuMutant> pipelineMutants = {
    {"TheWaitKeepsOneGroupMore", {wait}, {"(cp.async.wait_group) 2;", "$1 3;"}},
    {"NoWait", {wait}, {"cp.async.wait_group 2;", ""}},
    {"NoCommitBeforeTheLoop", {wait}, {"cp.async.commit_group;", ""}},
    {"NoCommitInTheLoop", {wait}, {"cp.async.commit_group;", "", 4}},
    {"NoBarrierBehindTheWait",
     {wait},
     {"(cp.async.wait_group 2;\n) bar.sync 0;", "$1"}},
    {"TheSwizzleOfStoresIsLeftOut",
     {bits},
     {"xor.b64 (%rd\\d+), %rd\\d+, (%rd\\d+);", "mov.b64 $1, $2;"}},
    {"FragmentsAreSwapped",
     {bits},
     {"\\{(%r\\d+), (%r\\d+)\\},\n( \\{[^}]*\\};)", "{$2, $1},\n$3"}},
    {"APartialSumIsAddedTwice",
     {bits},
     {"(add.rn.ftz.f32 %r\\d+), %r\\d+, (%r\\d+);", "$1, $2, $2;"}},
    {"RowsAreNotCutOffAtTheLast",
     {fault},
     {"min.s64 (%rd\\d+), %rd\\d+, (%rd\\d+);", "mov.b64 $1, $2;"}},
};

/// Phases with a barrier of the grid between them.
const std::vector<GpuMutant> phaseMutants = {
    {"NoFenceBeforeTelling", {race}, {"fence.acq_rel.gpu;", "", 1}},
    {"NoFenceBehindWaiting", {race}, {"fence.acq_rel.gpu;", "", 2}},
    {"FencesOfTheBlock",
     {race},
     {"fence.acq_rel.gpu;", "fence.acq_rel.cta;", 0}},
    // These two show only where a block of the second phase overtakes one of
    // the first, as some random orders let it.
    {"NoWaitForOtherBlocks",
     {race, shown::nothing},
     {"(ld.relaxed.gpu[^\n]*\n(?: [^\n]*\n)*?) @%p\\d+ bra[^\n]*\n", "$1"}},
    {"ABlockCountsTwice",
     {race, shown::nothing},
     {"4294967296", "8589934592", -1}},
    {"NoBarrierBeforeTelling",
     {race},
     {" bar.sync 0;\n( @%p\\d+ bra[^\n]*\n fence)", "$1"}},
    {"NoBarrierBehindWaiting",
     {race},
     {"(fence.acq_rel.gpu;\n\\$L__BB\\d+_\\d+:\n) bar.sync 0;\n", "$1"}},
    {"NothingIsTold", {timeOut}, {"atom[^\n]*4294967296;", "", -1}},
    {"TheCountIsReadPlainly", {race}, {"ld.relaxed.gpu.global", "ld.global"}},
    {"TheTicketIsNoAtomic",
     {race},
     {"atom.global.add.u64 (%rd\\d+), (\\[%rd\\d+\\]), 1;",
      "ld.global.u64 $1, $2;\n add.s64 $1, $1, 1;\n st.global.u64 $2, $1;\n "
      "add.s64 $1, $1, -1;"}},
    {"NoBarrierBehindTheTicket",
     {race},
     {"(st.shared.b64 [^\n]*\n\\$L__BB\\d+_\\d+:\n) bar.sync 0;", "$1"}},
};

/// Attention on tensor cores, of which a step's pages come while those before
/// are multiplied.
const std::vector<GpuMutant> tensorAttentionMutants = {
    {"NoWait", {wait}, {"cp.async.wait_group \\d+;", "", 0}},
    {"TheWaitKeepsAGroup", {wait}, {"(cp.async.wait_group) 0;", "$1 1;"}},
    {"NoCommit", {wait}, {"cp.async.commit_group;", "", 0}},
    {"NoBarrierOfTheBlock", {race}, {"bar.sync 0;", "", 0}},
    {"NoBarrierBehindTheWait",
     {race},
     {"(cp.async.wait_group 0;\n) bar.sync 0;", "$1"}},
    {"AShuffleOfAnotherDistance",
     {bits},
     {"(shfl.sync.bfly.b32 %r\\d+, %r\\d+), 1,", "$1, 2,", -1}},
    {"KeysAreNotTransposed",
     {bits},
     {"(ldmatrix.sync.aligned.m8n8.x4).trans", "$1"}},
};

const std::vector<GpuMutant> attentionMutants = {
    {"NoWait", {wait}, {"cp.async.wait_group \\d+;", "", 0}},
    {"NoCommit", {wait}, {"cp.async.commit_group;", "", 0}},
    {"NoBarrierOfTheBlock", {race, wait}, {"bar.sync 0;", "", 0}},
    {"NoBarrierOfTheWarp", {race, wait}, {"bar.warp.sync -1;", "", 0}},
    {"AShuffleOfAnotherDistance",
     {bits},
     {"(shfl.sync.bfly.b32 %r\\d+, %r\\d+), 1,", "$1, 2,"}},
};

const std::vector<GpuMutantTable> &tables() {
  static const std::vector<GpuMutantTable> all = {
      {"Wide",
       [] { return std::make_unique<ProductSubject>(512, 70, 320, "sm_80"); },
       pipelineMutants},
      {"Skinny",
       [] { return std::make_unique<ProductSubject>(64, 50, 320, "sm_80"); },
       pipelineMutants},
      {"SkinnyOfHopper",
       [] { return std::make_unique<ProductSubject>(64, 50, 320, "sm_90a"); },
       pipelineMutants},
      {"Down", [] { return std::make_unique<Down>("sm_80"); }, phaseMutants},
      {"Attention",
       [] { return std::make_unique<Attention>("sm_80, batch", 0, 70); },
       attentionMutants},
      {"TensorAttention",
       [] { return std::make_unique<Attention>("sm_90a", 0, 140); },
       tensorAttentionMutants},
      {"DealtAttention",
       [] { return std::make_unique<Attention>("sm_80", 298, 300, 8); },
       phaseMutants},
  };
  return all;
}

//===----------------------------------------------------------------------===//
// Tests
//===----------------------------------------------------------------------===//

class GpuMutants : public testing::TestWithParam<GpuMutantCase> {};

TEST_P(GpuMutants, AreShown) { expectShown(GetParam()); }

INSTANTIATE_TEST_SUITE_P(Kernels, GpuMutants,
                         testing::ValuesIn(casesOf(tables())),
                         [](const auto &info) { return info.param.name(); });

TEST(GpuTwins, RunWithoutAReport) {
  for (const GpuMutantTable &table : tables())
    expectNothingShown(table);
}

TEST(GpuMutantEdits, FindWhatTheySay) {
  EXPECT_EQ(applyEdit("a1 a2 a3", {"a(\\d)", "b$1", -1}), "a1 a2 b3");
  EXPECT_EQ(applyEdit("a1 a2 a3", {"a(\\d)", "b$1", 0}), "b1 b2 b3");
  EXPECT_THROW(applyEdit("a1", {"a", "b", 2}), std::runtime_error);
  EXPECT_THROW(applyEdit("a1", {"c", "b"}), std::runtime_error);
}

} // namespace
