//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Bulk copies of memory and of tensors (`nvcc -std=c++17 -arch=sm_90a -ptx
// Bulk.cu`), in every order and completion.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestModes.h"

#include "runtime/emulator/machine/Grid.h"
#include "runtime/emulator/machine/TensorMap.h"

#include <algorithm>
#include <array>
#include <numeric>

using namespace emulator;

namespace {

class Bulk : public InEveryMode {
protected:
  Bulk() : InEveryMode("Bulk.ptx") {}
};
MOEC_IN_EVERY_MODE(Bulk);

TEST_P(Bulk, CopiesThroughTwoBuffers) {
  const int chunk = 256, chunks = 7;
  std::vector<float> in(chunk * chunks);
  std::iota(in.begin(), in.end(), 0.0f);
  uint64_t from = device.array(in);
  uint64_t to = device.array(std::vector<float>(in.size(), -1.0f));
  device.run("addOne", {1}, {128}, from, to, chunks);
  std::vector<float> out = device.fetch<float>(to, in.size());
  for (size_t i = 0; i < in.size(); ++i)
    ASSERT_EQ(out[i], in[i] + 1.0f) << i;
}

TEST_P(Bulk, ReducesIntoGlobalMemory) {
  const int chunk = 256, blocks = 5;
  std::vector<int> in(chunk * blocks);
  std::vector<float> halves(in.size());
  for (size_t i = 0; i < in.size(); ++i) {
    in[i] = static_cast<int>(i * i % 91) - 45;
    halves[i] = 0.5f * in[i];
  }
  uint64_t from = device.array(in), other = device.array(halves);
  uint64_t sums = device.array(std::vector<int>(chunk, 1000));
  uint64_t floats = device.array(std::vector<float>(chunk, 0.25f));
  device.run("sum", {blocks}, {64}, from, other, sums, floats);
  std::vector<int> got = device.fetch<int>(sums, chunk);
  std::vector<float> reals = device.fetch<float>(floats, chunk);
  for (int j = 0; j < chunk; ++j) {
    int expected = 0;
    for (int block = 0; block < blocks; ++block)
      expected += in[block * chunk + j];
    ASSERT_EQ(got[j], 1000 + expected) << j;
    ASSERT_EQ(reals[j], 0.25f + 0.5f * expected) << j;
  }
}

TEST_P(Bulk, SharesThroughACluster) {
  const int chunk = 256, clusters = 3;
  std::vector<float> in(chunk * clusters);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<float>(i % 17);
  uint64_t from = device.array(in);
  uint64_t to = device.array(std::vector<float>(clusters * 16, -1.0f));
  device.request.cluster = {4};
  device.request.hasCluster = true;
  uint64_t weights = device.array(std::vector<float>{1, 2, 3, 4});
  device.run("share", {clusters * 4}, {64}, from, weights, to);
  std::vector<float> out = device.fetch<float>(to, clusters * 16);
  for (int block = 0; block < clusters * 4; ++block)
    for (int j = 0; j < 4; ++j) {
      float sum = 0.0f;
      for (int i = j; i < chunk; i += 4)
        sum += in[block / 4 * chunk + i];
      const int sender = (block + 3) % 4;
      ASSERT_EQ(out[block * 4 + j], sum * (sender + 1)) << block << " " << j;
    }
}

/// A dense tensor of 16-bit elements, element i of which holds i + 1.
struct Tensor {
  unsigned rank = 2;
  std::array<uint32_t, 5> extents{1, 1, 1, 1, 1};
  std::array<uint16_t, 5> box{1, 1, 1, 1, 1};
  std::array<uint8_t, 5> steps{1, 1, 1, 1, 1};
  TensorMap::Swizzle swizzle = TensorMap::Swizzle::None;
  bool nanFill = false;

  size_t size() const {
    size_t count = 1;
    for (uint32_t extent : extents)
      count *= extent;
    return count;
  }
  TensorMap map(uint64_t address) const {
    TensorMap map;
    map.address = address;
    map.rank = static_cast<uint8_t>(rank);
    map.element = TensorMap::Element::F16;
    map.swizzle = swizzle;
    map.nanFill = nanFill;
    uint64_t stride = 2;
    for (unsigned d = 0; d < 5; ++d) {
      map.extents[d] = extents[d];
      map.box[d] = box[d];
      map.elementStrides[d] = steps[d];
      stride *= extents[d];
      if (d < 4)
        map.strides[d] = stride;
    }
    map.seal();
    return map;
  }
  /// What an element of a box holds, by its index in it.
  uint16_t expected(const int *at, std::array<unsigned, 5> index) const {
    size_t linear = 0;
    for (unsigned d = 5; d-- > 0;) {
      const long place = (d < rank ? at[d] : 0) + long(index[d]) * steps[d];
      if (place < 0 || place >= long(extents[d]))
        return nanFill ? 0x7FFF : 0;
      linear = linear * extents[d] + size_t(place);
    }
    return static_cast<uint16_t>(linear + 1);
  }
};

/// The place of a byte of a box: the manual's tables of swizzled layouts.
uint32_t placeOf(uint32_t linear, TensorMap::Swizzle swizzle) {
  const uint32_t row = linear / 128, chunk = linear / 16 % 8;
  switch (swizzle) {
  case TensorMap::Swizzle::Bytes128:
    return row * 128 + (chunk ^ row % 8) * 16 + linear % 16;
  case TensorMap::Swizzle::Bytes64:
    return row * 128 + (chunk ^ row % 4) * 16 + linear % 16;
  case TensorMap::Swizzle::Bytes32:
    return row * 128 + (chunk ^ row % 2) * 16 + linear % 16;
  default:
    return linear;
  }
}

void checkBox(TestDevice &device, const Tensor &tensor,
              const std::vector<int> &at) {
  std::vector<uint16_t> values(tensor.size());
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<uint16_t>(i + 1);
  const TensorMap map = tensor.map(device.array(values));
  const int bytes = static_cast<int>(map.boxBytes());
  uint64_t coordinates = device.array(at);
  uint64_t to = device.array(std::vector<uint16_t>(bytes / 2, 0xEEEE));
  device.request.dynamicSharedBytes = uint32_t(bytes);
  device.run("copyBox" + std::to_string(tensor.rank), {1}, {64}, map,
             coordinates, to, bytes);
  std::vector<uint16_t> got = device.fetch<uint16_t>(to, bytes / 2);
  for (uint32_t e = 0; e < got.size(); ++e) {
    std::array<unsigned, 5> index{};
    unsigned left = e;
    for (unsigned d = 0; d < 5; ++d) {
      index[d] = left % map.boxElements(d);
      left /= map.boxElements(d);
    }
    ASSERT_EQ(got[placeOf(2 * e, tensor.swizzle) / 2],
              tensor.expected(at.data(), index))
        << "element " << e << " of a box of rank " << tensor.rank;
  }
}

TEST_P(Bulk, LoadsBoxesOfEveryRank) {
  Tensor tensor;
  tensor.extents = {24, 5, 4, 3, 2};
  tensor.box = {8, 3, 2, 2, 2};
  // Each box reaches over a border of the tensor, but that of rank 1.
  const std::vector<int> at{20, -1, 3, 2, -1};
  Tensor line;
  line.rank = 1;
  line.extents = {200, 1, 1, 1, 1};
  line.box = {64, 1, 1, 1, 1};
  checkBox(device, line, {100, 0, 0, 0, 0});
  for (unsigned rank = 2; rank <= 5; ++rank) {
    Tensor part = tensor;
    part.rank = rank;
    for (unsigned d = rank; d < 5; ++d)
      part.extents[d] = part.box[d] = 1;
    checkBox(device, part, at);
  }
}

TEST_P(Bulk, SwizzlesBoxes) {
  using Swizzle = TensorMap::Swizzle;
  for (Swizzle swizzle :
       {Swizzle::Bytes32, Swizzle::Bytes64, Swizzle::Bytes128}) {
    Tensor tensor;
    tensor.swizzle = swizzle;
    tensor.extents = {160, 70, 1, 1, 1};
    tensor.box = {uint16_t(8u << unsigned(swizzle)), 64, 1, 1, 1};
    checkBox(device, tensor, {16, 3, 0, 0, 0});
  }
}

TEST_P(Bulk, FillsWithNaN) {
  Tensor tensor;
  tensor.nanFill = true;
  tensor.extents = {24, 6, 1, 1, 1};
  tensor.box = {16, 8, 1, 1, 1};
  checkBox(device, tensor, {-8, -2, 0, 0, 0});
}

TEST_P(Bulk, SkipsElementsByTheirStride) {
  Tensor tensor;
  tensor.extents = {24, 20, 1, 1, 1};
  tensor.box = {16, 9, 1, 1, 1};
  tensor.steps = {1, 2, 1, 1, 1};
  checkBox(device, tensor, {8, 13, 0, 0, 0});
}

TEST_P(Bulk, StoresAndReducesBoxes) {
  Tensor tensor;
  tensor.extents = {40, 12, 1, 1, 1};
  tensor.box = {64, 8, 1, 1, 1};
  tensor.swizzle = TensorMap::Swizzle::Bytes128;
  const std::vector<uint16_t> before(tensor.size(), 0x3C00); // 1.0
  uint64_t stored = device.array(before), added = device.array(before);
  // Element (x, y) of the box is (x + y) % 8 as f16.
  static const uint16_t halves[] = {0,      0x3C00, 0x4000, 0x4200,
                                    0x4400, 0x4500, 0x4600, 0x4700};
  std::vector<uint16_t> in(64 * 8);
  for (uint32_t y = 0; y < 8; ++y)
    for (uint32_t x = 0; x < 64; ++x)
      in[placeOf(y * 128 + x * 2, tensor.swizzle) / 2] = halves[(x + y) % 8];
  uint64_t from = device.array(in);
  const int c0 = -16, c1 = 7, bytes = 64 * 8 * 2;
  device.request.dynamicSharedBytes = bytes;
  device.run("storeBox", {1}, {64}, tensor.map(stored), tensor.map(added), c0,
             c1, from, bytes);
  std::vector<uint16_t> out = device.fetch<uint16_t>(stored, tensor.size());
  std::vector<uint16_t> sums = device.fetch<uint16_t>(added, tensor.size());
  static const uint16_t plusOne[] = {0x3C00, 0x4000, 0x4200, 0x4400,
                                     0x4500, 0x4600, 0x4700, 0x4800};
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 40; ++x) {
      const bool inside = x - c0 < 64 && y >= c1 && y - c1 < 8;
      const int value = (x - c0 + y - c1) % 8;
      ASSERT_EQ(out[y * 40 + x], inside ? halves[value] : 0x3C00) << x << y;
      ASSERT_EQ(sums[y * 40 + x], inside ? plusOne[value] : 0x3C00) << x << y;
    }
}

TEST_P(Bulk, ReportsWhatIsNoTensorMap) {
  TensorMap map; // never sealed
  uint64_t any = device.array(std::vector<int>(64));
  device.request.dynamicSharedBytes = 1024;
  LaunchResult result =
      device.launch("copyBox2", {1}, {32}, map, any, any, int(64));
  EXPECT_EQ(result.fault.kind, FaultKind::Undefined);
  EXPECT_NE(result.fault.render().find("no tensor map"), std::string::npos)
      << result.fault.render();
}

TEST_P(Bulk, ReportsACopyBeyondAnArray) {
  uint64_t from = device.array(std::vector<float>(300, 0.0f));
  uint64_t to = device.array(std::vector<float>(512, 0.0f));
  LaunchResult result = device.launch("addOne", {1}, {128}, from, to, int(2));
  EXPECT_EQ(result.fault.kind, FaultKind::IllegalAddress);
  EXPECT_EQ(result.fault.address, from + 1024);
  EXPECT_EQ(result.fault.instruction.rfind("cp.async.bulk.shared", 0), 0u)
      << result.fault.render();
}

/// Counts what a monitor hears of asynchronous operations.
struct Listener final : Monitor {
  unsigned issued = 0, begun = 0, ended = 0;
  uint64_t loaded = 0, stored = 0, completed = 0;
  std::vector<uint64_t> unknown; ///< performed without having been issued
  std::vector<uint64_t> ids;

  void async(Warp &, Mask, const AsyncEvent &event) override {
    using Action = AsyncEvent::Action;
    issued += event.action == Action::Issue;
    begun += event.action == Action::Perform;
    ended += event.action == Action::PerformEnd;
    if (event.action == Action::Issue)
      ids.push_back(event.id);
    if (event.action == Action::Perform &&
        std::find(ids.begin(), ids.end(), event.id) == ids.end())
      unknown.push_back(event.id);
  }
  bool engineAccess(Warp &warp, AccessKind kind, uint64_t,
                    uint32_t bytes) override {
    EXPECT_EQ(warp.site().text.rfind("cp.async.bulk.", 0), 0u);
    (kind == AccessKind::Load ? loaded : stored) += bytes;
    return true;
  }
  void barrier(Warp &, Mask, const BarrierEvent &event) override {
    if (event.action == BarrierEvent::Action::Complete)
      completed += event.count;
  }
};

TEST_P(Bulk, TellsAMonitorOfEachOperation) {
  const int chunk = 256, chunks = 7;
  const uint64_t bytes = chunks * chunk * sizeof(float);
  uint64_t from = device.array(std::vector<float>(chunk * chunks, 1.0f));
  uint64_t to = device.array(std::vector<float>(chunk * chunks, 0.0f));
  Listener listener;
  device.request.monitor = &listener;
  device.run("addOne", {1}, {128}, from, to, chunks);
  EXPECT_EQ(listener.issued, 2u * chunks);
  // A store is performed in two parts.
  EXPECT_EQ(listener.begun, 3u * chunks);
  EXPECT_EQ(listener.ended, listener.begun);
  EXPECT_TRUE(listener.unknown.empty());
  EXPECT_EQ(listener.loaded, 2 * bytes);
  EXPECT_EQ(listener.stored, 2 * bytes);
  EXPECT_EQ(listener.completed, bytes);
}

} // namespace
