//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Scans (`nvcc -std=c++17 -arch=sm_80 -ptx Scan.cu`) against sums of the host:
// exact, in every order and completion, on a device that holds only some of the
// blocks at once.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestModes.h"

#include <numeric>

using namespace emulator;

namespace {

constexpr unsigned threads = 128;

std::vector<uint32_t> numbers(size_t count) {
  std::vector<uint32_t> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = static_cast<uint32_t>(i) * 2654435761u; // sums wrap
  return values;
}

class Scan : public InEveryMode {
protected:
  Scan() : InEveryMode("Scan.ptx", "sm_80") {}

  /// Launches scanAll over `in`; `out` gets its address.
  LaunchResult scanAll(const std::vector<uint32_t> &in, int silent,
                       uint64_t &out) {
    const auto count = static_cast<int>(in.size());
    const unsigned blocks = (count + threads - 1) / threads;
    const std::vector<uint32_t> zeros(blocks);
    out = device.array(std::vector<uint32_t>(in.size(), 7));
    return device.launch("scanAll", {blocks}, {threads}, device.array(in), out,
                         count, device.array(std::vector<uint32_t>{0}),
                         device.array(zeros), device.array(zeros),
                         device.array(zeros), silent);
  }
};
MOEC_IN_EVERY_MODE(Scan);

TEST_P(Scan, OfEachBlock) {
  const int blocks = 3, chunks = 2;
  const std::vector<uint32_t> in = numbers(blocks * chunks * threads);
  const uint64_t out = device.array(std::vector<uint32_t>(in.size()));
  device.run("scanBlocks", {unsigned(blocks)}, {threads}, device.array(in), out,
             chunks);
  std::vector<uint32_t> expected(in.size());
  for (auto at = size_t(0); at < in.size(); at += chunks * threads)
    std::partial_sum(in.begin() + at, in.begin() + at + chunks * threads,
                     expected.begin() + at);
  EXPECT_EQ(device.fetch<uint32_t>(out, in.size()), expected);
}

TEST_P(Scan, OfAllBlocksByLookingBack) {
  // More blocks than two steps of a look-back see, and than the device holds.
  device.request.profile.multiprocessors = 2;
  const std::vector<uint32_t> in = numbers(70 * threads + 37);
  uint64_t out = 0;
  const LaunchResult result = scanAll(in, -1, out);
  ASSERT_EQ(result.status, LaunchStatus::Done)
      << result.message << result.fault.render();
  std::vector<uint32_t> expected(in.size());
  std::partial_sum(in.begin(), in.end(), expected.begin());
  EXPECT_EQ(device.fetch<uint32_t>(out, in.size()), expected);
}

TEST_P(Scan, OfAllBlocksByManyHostThreads) {
  device.request.settings.hostThreads = 4;
  const std::vector<uint32_t> in = numbers(200 * threads);
  std::vector<uint32_t> expected(in.size());
  std::partial_sum(in.begin(), in.end(), expected.begin());
  for (int repetition = 0; repetition < 4; ++repetition) {
    uint64_t out = 0;
    const LaunchResult result = scanAll(in, -1, out);
    ASSERT_EQ(result.status, LaunchStatus::Done)
        << result.message << result.fault.render();
    EXPECT_EQ(device.fetch<uint32_t>(out, in.size()), expected);
  }
}

TEST_P(Scan, OfABlockThatTellsNothingTimesOut) {
  device.request.settings.idleRounds = 200;
  uint64_t out = 0;
  const LaunchResult result = scanAll(numbers(5 * threads), 2, out);
  EXPECT_EQ(result.fault.kind, FaultKind::Timeout);
  const std::string report = result.fault.render();
  EXPECT_NE(report.find("time-out: every resident warp polls memory, which no "
                        "warp changes\n  kernel scanAll\n"),
            std::string::npos)
      << report;
  // Those behind it stand at the flag, and their other warps at the barrier.
  EXPECT_NE(report.find("warp 0 of block"), std::string::npos) << report;
  EXPECT_NE(report.find("for barrier 0: 96 of 128 threads have arrived"),
            std::string::npos)
      << report;
}

} // namespace
