//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Clusters, matrix moves and changed tensor maps (`nvcc -std=c++17
// -arch=sm_90a -ptx Cluster.cu`), in every order and completion.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestModes.h"

#include "runtime/emulator/machine/TensorMap.h"

using namespace emulator;

namespace {

constexpr int blocks = 4, threads = 64;

class Clusters : public InEveryMode {
protected:
  Clusters() : InEveryMode("Cluster.ptx") {}
  void useCluster() {
    device.request.cluster = {blocks};
    device.request.hasCluster = true;
  }
};
MOEC_IN_EVERY_MODE(Clusters);

TEST_P(Clusters, CountInTheSharedMemoryOfOthers) {
  useCluster();
  const int count = 3000, bins = blocks * threads;
  std::vector<uint32_t> in(count), expected(bins);
  for (int i = 0; i < count; ++i) {
    in[i] = i * 2654435761u >> 7;
    ++expected[in[i] % bins];
  }
  uint64_t to = device.array(std::vector<uint32_t>(bins, 0));
  device.run("histogram", {2 * blocks}, {threads}, device.array(in), to, count);
  EXPECT_EQ(device.fetch<uint32_t>(to, bins), expected);
}

TEST_P(Clusters, ReadTheSharedMemoryOfOthers) {
  useCluster();
  const int grid = 2 * blocks;
  std::vector<float> in(grid * threads);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<float>(i);
  uint64_t to = device.array(std::vector<float>(in.size(), -1.0f));
  device.run("rotate", {unsigned(grid)}, {threads}, device.array(in), to);
  std::vector<float> got = device.fetch<float>(to, in.size());
  for (int block = 0; block < grid; ++block)
    for (int i = 0; i < threads; ++i) {
      const auto of = [&](int step) {
        const int rank = (block + step) % blocks;
        return in[(block / blocks * blocks + rank) * threads + i];
      };
      ASSERT_EQ(got[block * threads + i], of(1) + 2.0f * of(2)) << block;
    }
}

TEST_P(Clusters, SendWordsAroundARing) {
  useCluster();
  const int turns = 9;
  uint64_t to = device.array(std::vector<uint32_t>(2 * blocks, 0));
  device.run("ring", {blocks}, {threads}, to, turns);
  std::vector<uint32_t> got = device.fetch<uint32_t>(to, 2 * blocks);
  for (uint32_t block = 0; block < blocks; ++block) {
    const uint32_t before = (block + blocks - 1) % blocks;
    uint32_t sum = 0, counter = 0;
    for (uint32_t i = 0; i < turns; ++i) {
      sum += 4 * (before * 1000 + i) + 6;
      counter += i;
    }
    EXPECT_EQ(got[2 * block], sum) << block;
    EXPECT_EQ(got[2 * block + 1], counter) << block;
  }
}

TEST_P(Clusters, MovesOfMatricesTranspose) {
  // Matrix q holds 1000 q + 8 row + column.
  std::vector<uint16_t> in(4 * 64);
  for (int q = 0; q < 4; ++q)
    for (int e = 0; e < 64; ++e)
      in[q * 64 + e] = static_cast<uint16_t>(1000 * q + e);
  uint64_t to = device.array(std::vector<uint16_t>(in.size()));
  device.run("moves", {1}, {32}, device.array(in), to);
  std::vector<uint16_t> got = device.fetch<uint16_t>(to, in.size());
  for (int q = 0; q < 4; ++q)
    for (int row = 0; row < 8; ++row)
      for (int column = 0; column < 8; ++column) {
        // Matrix 2 is transposed twice.
        const int from = q == 2 ? row * 8 + column : column * 8 + row;
        ASSERT_EQ(got[q * 64 + row * 8 + column], 1000 * q + from)
            << q << " " << row << " " << column;
      }
}

/// A map of 16 x 6 floats, for a kernel to change.
TensorMap mapToChange(TestDevice &device, unsigned rows) {
  TensorMap map;
  map.address = device.array(std::vector<float>(64));
  map.rank = 2;
  map.element = TensorMap::Element::F32;
  for (unsigned d = 0; d < 5; ++d)
    map.extents[d] = map.box[d] = map.elementStrides[d] = 1;
  map.extents[0] = 16;
  map.extents[1] = rows;
  map.strides[0] = 64;
  map.box[0] = 8;
  map.box[1] = 4;
  map.seal();
  return map;
}

TEST_P(Clusters, LoadByATensorMapThatAKernelChanged) {
  const int columns = 12, rows = 6;
  std::vector<float> tensor(rows * columns);
  for (size_t i = 0; i < tensor.size(); ++i)
    tensor[i] = i + 1.0f;
  const TensorMap map = mapToChange(device, rows);
  uint64_t changed = device.array(std::vector<uint64_t>(16));
  uint64_t out = device.array(std::vector<float>(32, -1.0f));
  device.run("edit", {1}, {32}, map, changed, device.array(tensor), columns,
             out);
  std::vector<float> got = device.fetch<float>(out, 32);
  for (int i = 0; i < 32; ++i) {
    const int row = 1 + i / 8, column = 4 + i % 8;
    ASSERT_EQ(got[i], tensor[row * columns + column]) << i;
  }
}

TEST(ClusterDefect, ATensorMapIsUsedWithoutAnAcquire) {
  std::string text = readTestFile("Cluster.ptx");
  const size_t fence = text.find("fence.proxy.tensormap::generic.acquire");
  ASSERT_NE(fence, std::string::npos);
  text.erase(fence, text.find(';', fence) - fence + 1);
  TestDevice device;
  const std::unique_ptr<Monitor> check = everyCheck();
  device.request.monitor = check.get();
  device.load(text);
  const TensorMap map = mapToChange(device, 6);
  uint64_t changed = device.array(std::vector<uint64_t>(16));
  uint64_t floats = device.array(std::vector<float>(72, 1.0f));
  const LaunchResult result =
      device.launch("edit", {1}, {32}, map, changed, floats, 12, floats);
  EXPECT_EQ(result.fault.kind, FaultKind::Check);
  EXPECT_NE(result.fault.render().find(
                "missing proxy fence: uses the tensor map that lane 0 of warp "
                "0 of block (0, 0, 0) wrote"),
            std::string::npos)
      << result.fault.render();
  EXPECT_NE(result.fault.message.find("fence.proxy.tensormap that acquires it"),
            std::string::npos)
      << result.fault.message;
}

} // namespace
