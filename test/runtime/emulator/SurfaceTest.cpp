//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Calls, jump tables, the stack and named barriers as nvcc writes them
// (`nvcc -O3 -lineinfo -arch=sm_80 -ptx Surface.cu`, in this folder).
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestDevice.h"

using namespace emulator;

namespace {

const Order orders[] = {Order::Forward, Order::Reverse, Order::Random,
                        Order::Starve};

int fibonacci(int n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }

TEST(Surface, CallsThroughTablesAndRecursion) {
  for (Order order : orders) {
    TestDevice device;
    device.load(readTestFile("Surface.ptx"));
    device.request.settings.order = order;
    const int n = 150;
    uint64_t out = device.array(std::vector<int>(n));
    device.run("calls", {3}, {64}, out, n);
    std::vector<int> found = device.fetch<int>(out, n);
    for (int i = 0; i < n; ++i) {
      int called = i % 3 == 0 ? 2 * i : i % 3 == 1 ? i + 3 : i * i;
      int area = i & 1 ? 7 * i : i - 5;
      EXPECT_EQ(found[i], called + area + fibonacci(i % 12) + (i & 1 ? 40 : 20))
          << i;
    }
  }
}

int jumped(int i, int v) {
  auto bits = static_cast<uint32_t>(v);
  uint32_t reversed = 0;
  for (int bit = 0; bit < 32; ++bit)
    reversed |= (bits >> bit & 1) << (31 - bit);
  switch (i % 9) {
  case 0:
    return v + 7;
  case 1:
    return v * 3;
  case 2:
    return v ^ 5;
  case 3:
    return v / 3 + i;
  case 4:
    return -v;
  case 5:
    return v % 7 + __builtin_popcount(bits);
  case 6:
    return static_cast<int>(reversed);
  case 7:
    return __builtin_ffs(v);
  default:
    return v ? __builtin_clz(bits) : 32;
  }
}

TEST(Surface, JumpsByTable) {
  TestDevice device;
  device.load(readTestFile("Surface.ptx"));
  std::vector<int> values;
  for (int i = 0; i < 200; ++i)
    values.push_back(i * 7919 - 500000);
  uint64_t at = device.array(values);
  device.run("jumps", {1}, {200}, at);
  std::vector<int> found = device.fetch<int>(at, values.size());
  for (int i = 0; i < 200; ++i)
    EXPECT_EQ(found[i], jumped(i, values[i])) << i;
}

TEST(Surface, KeepsWhatIsOnTheStack) {
  TestDevice device;
  device.load(readTestFile("Surface.ptx"));
  uint64_t out = device.array(std::vector<int>(96));
  device.run("stack", {1}, {96}, out);
  std::vector<int> found = device.fetch<int>(out, 96);
  for (int i = 0; i < 96; ++i)
    EXPECT_EQ(found[i], i * (i + 1) / 2) << i;
}

TEST(Surface, HandsOverByNamedBarriers) {
  for (Order order : orders) {
    TestDevice device;
    device.load(readTestFile("Surface.ptx"));
    device.request.settings.order = order;
    const int rounds = 9;
    uint64_t out = device.array(std::vector<int>(32 * rounds, -1));
    device.run("handOver", {1}, {64}, out, 3, 15, rounds);
    std::vector<int> found = device.fetch<int>(out, 32 * rounds);
    for (int i = 0; i < 32 * rounds; ++i)
      EXPECT_EQ(found[i], i / 32 * 100 + 31 - i % 32) << i;
  }
}

/// Each bit of the results says whether a generic address is in a space.
const char *const spaces = R"(.version 8.0
.target sm_80
.address_size 64
.const .b32 fixed[4];
.visible .entry k(.param .b64 out) {
  .reg .b64 to, a, b;
  .reg .b32 x, y;
  .reg .pred p;
  .shared .b32 cell[4];
  .local .b32 own[4];
  ld.param.b64 to, [out];
  mov.u64 a, cell;
  cvta.shared.u64 b, a;
  isspacep.shared p, b;
  selp.b32 x, 1, 0, p;
  isspacep.global p, b;
  @p or.b32 x, x, 2;
  mov.u64 a, own;
  cvta.local.u64 b, a;
  isspacep.local p, b;
  @p or.b32 x, x, 4;
  isspacep.shared p, b;
  @p or.b32 x, x, 8;
  isspacep.global p, to;
  @p or.b32 x, x, 16;
  isspacep.const p, to;
  @p or.b32 x, x, 32;
  mov.u64 a, fixed;
  cvta.const.u64 b, a;
  isspacep.const p, b;
  @p or.b32 x, x, 64;
  cvta.to.const.u64 b, b;
  setp.eq.u64 p, a, b;
  @p or.b32 x, x, 128;
  st.global.b32 [to], x;
  ret;
}
)";

TEST(Surface, TellsTheSpacesOfAddresses) {
  TestDevice device;
  device.load(spaces);
  uint64_t out = device.array(std::vector<uint32_t>(1));
  device.run("k", {1}, {32}, out);
  EXPECT_EQ(device.fetch<uint32_t>(out, 1)[0], 1u + 4 + 16 + 64 + 128);
}

} // namespace
