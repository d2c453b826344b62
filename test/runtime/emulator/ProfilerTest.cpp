//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Counts of launches, against counts by hand.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/profile/Profiler.h"
#include "test/runtime/emulator/TestModes.h"
#include "test/runtime/emulator/TestTensor.h"

#include <nlohmann/json.hpp>

using namespace emulator;

namespace {

/// A kernel of a body that finds its thread in %t, %in and %out, and 8 KiB of
/// shared memory named cells.
std::string kernelOf(const std::string &body) {
  return R"(
.version 8.6
.target sm_90a
.address_size 64
.visible .entry kernel(.param .u64 in, .param .u64 out)
{
  .reg .pred %p<4>;
  .reg .b32 %r<16>, %t;
  .reg .b64 %rd<8>, %in, %out;
  .shared .align 16 .b8 cells[8192];
  ld.param.u64 %in, [in];
  ld.param.u64 %out, [out];
  mov.u32 %t, %tid.x;
)" + body +
         "  ret;\n}\n";
}

RequestedBytes requested(const LaunchCounts &counts, ProfiledSpace space) {
  return counts.requested[static_cast<unsigned>(space)];
}

/// Runs a body with arrays of 1024 words.
class Profile : public testing::Test {
protected:
  const LaunchCounts &run(const std::string &body, Dim3 grid, Dim3 block) {
    device.load(kernelOf(body));
    const std::vector<uint32_t> words(1024, 1);
    const uint64_t in = device.array(words), out = device.array(words);
    device.request.monitor = &profiler;
    device.run("kernel", grid, block, in, out);
    return profiler.counts();
  }

  TestDevice device;
  Profiler profiler;
};

// Each of 96 threads copies its word: three warps, each with 4 sectors.
TEST_F(Profile, CountsWarpsLanesAndKinds) {
  const LaunchCounts &counts = run(R"(
  mad.wide.u32 %rd1, %t, 4, %in;
  ld.global.u32 %r1, [%rd1];
  setp.lt.u32 %p1, %t, 40;
  mad.wide.u32 %rd2, %t, 4, %out;
  @%p1 st.global.u32 [%rd2], %r1;
)",
                                   {1}, {96});
  EXPECT_EQ(counts.warps, 3u);
  const std::map<std::string, uint64_t> kinds = {
      {"ld.param", 6},   {"move", 3},      {"integer", 6}, {"ld.global", 3},
      {"comparison", 3}, {"st.global", 2}, {"control", 3}};
  EXPECT_EQ(counts.kinds, kinds);
  EXPECT_EQ(counts.instructions, 26u);
  EXPECT_EQ(counts.lanes, 8u * 96 + 40);
  EXPECT_EQ(requested(counts, ProfiledSpace::Global).read, 384u);
  EXPECT_EQ(requested(counts, ProfiledSpace::Global).written, 160u);
  EXPECT_EQ(counts.uniqueRead, 384u);
  EXPECT_EQ(counts.uniqueWritten, 160u);
  EXPECT_EQ(counts.sectorsRead, 12u);
  EXPECT_EQ(counts.sectorsWritten, 5u);
  ASSERT_EQ(counts.allocations.size(), 2u);
  EXPECT_EQ(counts.allocations[0].bytes, 4096u);
  EXPECT_EQ(counts.allocations[0].read, 384u);
  EXPECT_EQ(counts.allocations[1].written, 160u);
}

// All lanes of two blocks read one word; then words 128 bytes apart.
TEST_F(Profile, TellsUniqueBytesFromRequestedOnes) {
  const LaunchCounts &counts = run(R"(
  ld.global.u32 %r1, [%in];
  mad.wide.u32 %rd1, %t, 128, %in;
  ld.global.u32 %r1, [%rd1];
  ld.global.u32 %r1, [%rd1];
)",
                                   {2}, {32});
  EXPECT_EQ(requested(counts, ProfiledSpace::Global).read, 2u * 3 * 128);
  EXPECT_EQ(counts.uniqueRead, 128u);
  EXPECT_EQ(counts.sectorsRead, 2u * (1 + 32 + 32));
}

TEST_F(Profile, CountsAtomicsAsReadAndWritten) {
  const LaunchCounts &counts = run(R"(
  setp.lt.u32 %p1, %t, 8;
  @%p1 atom.global.add.u32 %r1, [%in], 1;
  red.global.add.u32 [%out], 1;
)",
                                   {1}, {32});
  EXPECT_EQ(counts.atomicInstructions, 2u);
  EXPECT_EQ(counts.atomicLanes, 40u);
  EXPECT_EQ(requested(counts, ProfiledSpace::Global).atomic, 160u);
  EXPECT_EQ(requested(counts, ProfiledSpace::Global).read, 0u);
  EXPECT_EQ(counts.uniqueRead, 8u);
  EXPECT_EQ(counts.uniqueWritten, 8u);
}

// The generic address of shared memory; lanes 32 bytes apart are 8 to a bank.
TEST_F(Profile, CountsBanksOfSharedMemory) {
  const LaunchCounts &counts = run(R"(
  mov.u32 %r1, cells;
  mad.lo.u32 %r2, %t, 32, %r1;
  st.shared.u32 [%r2], %t;
  cvt.u64.u32 %rd1, %r2;
  cvta.shared.u64 %rd1, %rd1;
  ld.u32 %r3, [%rd1];
)",
                                   {1}, {64});
  EXPECT_EQ(requested(counts, ProfiledSpace::Shared).read, 256u);
  EXPECT_EQ(requested(counts, ProfiledSpace::Shared).written, 256u);
  EXPECT_EQ(counts.sharedAccesses, 4u);
  EXPECT_EQ(counts.wavefronts, 32u);
  EXPECT_EQ(counts.bankConflicts, 28u);
  EXPECT_EQ(counts.kinds.at("ld.generic"), 2u);
  EXPECT_EQ(counts.uniqueRead, 0u);
}

// Warps come to the barrier one after the other and wait; lanes of a branch
// come to a vote apart.
TEST_F(Profile, CountsWhatWaitsOnce) {
  const LaunchCounts &counts = run(R"(
  setp.lt.u32 %p1, %t, 16;
  @%p1 bra other;
  add.u32 %r1, %t, 1;
  bra.uni join;
other:
  add.u32 %r1, %t, 2;
join:
  vote.sync.all.pred %p2, %p1, -1;
  bar.sync 0;
)",
                                   {1}, {128});
  EXPECT_EQ(counts.kinds.at("collective"), 4u);
  EXPECT_EQ(counts.kinds.at("barrier"), 4u);
  EXPECT_EQ(counts.kinds.at("integer"), 5u);
}

TEST_F(Profile, LeavesOutWhatTheBinderAdds) {
  // The address of a variable is filled in by the binder at the start.
  const LaunchCounts &counts = run("  mov.u32 %r1, cells;\n", {1}, {32});
  EXPECT_EQ(counts.kinds.at("move"), 2u);
  EXPECT_EQ(counts.kinds.at("control"), 1u);
  for (const InstructionCounts &site : counts.sites)
    EXPECT_GT(site.site->line, 0u);
}

TEST_F(Profile, IsJson) {
  const LaunchCounts &counts =
      run("  @%p0 bra end;\nend:\n  st.global.u32 [%out], %t;\n", {2}, {32});
  const auto json = nlohmann::json::parse(toJson(counts, 7, true));
  EXPECT_EQ(json["launch"], 7);
  EXPECT_EQ(json["kernel"], "kernel");
  EXPECT_EQ(json["grid"], nlohmann::json({2, 1, 1}));
  EXPECT_EQ(json["global"]["written_bytes"], 4);
  EXPECT_EQ(json["global"]["requested_written_bytes"], 256);
  EXPECT_EQ(json["instructions"]["kinds"]["st.global"], 2);
  EXPECT_EQ(json["lines"].back()["instruction"], "ret");
  EXPECT_EQ(json["faulted"], false);
  EXPECT_FALSE(nlohmann::json::parse(toJson(counts, 7, false)).count("lines"));
}

TEST_F(Profile, QuotesNamesOfFiles) {
  LaunchCounts counts;
  counts.file = "a\"b\\c\n";
  EXPECT_EQ(nlohmann::json::parse(toJson(counts, 1, true))["file"],
            counts.file);
}

TEST(ProfileKinds, MatrixOperationsAreThoseOfTheShape) {
  Site site;
  site.text = "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32";
  EXPECT_EQ(matrixOperationsOf(site), 2u * 16 * 8 * 16);
  site.text = "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16";
  EXPECT_EQ(matrixOperationsOf(site), 2u * 64 * 128 * 16 / 4);
  site.text = "wmma.load.a.sync.aligned.row.m16n16k16.f16";
  EXPECT_EQ(matrixOperationsOf(site), 0u);
  EXPECT_EQ(kindOf(site), "");
}

//===----------------------------------------------------------------------===//
// Asynchronous operations: the same counts in every mode
//===----------------------------------------------------------------------===//

class ProfileOfCopies : public InEveryMode {
protected:
  ProfileOfCopies() : InEveryMode("Bulk.ptx") {}
  Profiler profiler;
};
MOEC_IN_EVERY_MODE(ProfileOfCopies);

TEST_P(ProfileOfCopies, CountBytesOfBulkCopies) {
  const int chunk = 256, chunks = 7;
  const uint64_t bytes = chunks * chunk * sizeof(float);
  uint64_t from = device.array(std::vector<float>(chunk * chunks, 1.0f));
  uint64_t to = device.array(std::vector<float>(chunk * chunks, 0.0f));
  device.request.monitor = &profiler;
  device.run("addOne", {1}, {128}, from, to, chunks);
  const LaunchCounts &counts = profiler.counts();
  EXPECT_EQ(counts.uniqueRead, bytes);
  EXPECT_EQ(counts.uniqueWritten, bytes);
  EXPECT_EQ(requested(counts, ProfiledSpace::Global).read, bytes);
  EXPECT_EQ(counts.sectorsRead, bytes / 32);
  // The engine and the threads each touch every element.
  EXPECT_EQ(requested(counts, ProfiledSpace::Shared).written, 2 * bytes);
  EXPECT_EQ(requested(counts, ProfiledSpace::Shared).read, 2 * bytes);
}

class ProfileOfProducts : public InEveryMode {
protected:
  ProfileOfProducts() : InEveryMode("Wgmma.ptx") {}
  Profiler profiler;
};
MOEC_IN_EVERY_MODE(ProfileOfProducts);

TEST_P(ProfileOfProducts, CountMatrixInstructions) {
  const TestMatrix a{Type::BF16, 64, 128, false, 3};
  const TestMatrix b{Type::BF16, 64, 128, false, 4};
  const TensorMap map =
      b.map(device.array(b.bytes()), 64, 64, TensorMap::Swizzle::Bytes128);
  uint64_t out = device.array(std::vector<float>(64 * 64, 0.0f));
  device.request.dynamicSharedBytes = 2 * 64 * 128;
  device.request.monitor = &profiler;
  device.run("fromRegisters", {1}, {128}, device.array(a.bytes()), map, out,
             a.k);
  const LaunchCounts &counts = profiler.counts();
  EXPECT_EQ(counts.matrixInstructions, 4u * 128 / 16);
  EXPECT_EQ(counts.matrixOperations, 2u * 64 * 64 * 128);
  EXPECT_EQ(counts.productBytes, 64u * 128 * 2);
  EXPECT_EQ(counts.uniqueRead, 2u * 64 * 128 * 2);
  EXPECT_EQ(counts.uniqueWritten, 64u * 64 * 4);
}

} // namespace
