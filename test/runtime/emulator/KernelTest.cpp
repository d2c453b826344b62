//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Kernels that nvcc compiled (`nvcc -arch=sm_80 -ptx Basic.cu`), run whole.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestDevice.h"

#include <numeric>

using namespace emulator;

namespace {

const Order orders[] = {Order::Forward, Order::Reverse, Order::Random,
                        Order::Starve};

TEST(Kernel, AddsVectors) {
  TestDevice device;
  device.load(readTestFile("Basic.ptx"));
  const int n = 1000;
  std::vector<float> a(n), b(n), c(n, -1.0f);
  for (int i = 0; i < n; ++i) {
    a[i] = i * 0.5f;
    b[i] = 1000.0f - i;
  }
  uint64_t pa = device.array(a), pb = device.array(b), pc = device.array(c);
  device.run("add", {4}, {256}, pa, pb, pc, n);
  c = device.fetch<float>(pc, n);
  for (int i = 0; i < n; ++i)
    ASSERT_EQ(c[i], a[i] + b[i]) << i;
}

TEST(Kernel, ReducesInEveryOrder) {
  for (Order order : orders) {
    TestDevice device;
    device.load(readTestFile("Basic.ptx"));
    device.request.settings.order = order;
    const int n = 10000;
    std::vector<float> in(n);
    std::iota(in.begin(), in.end(), 0.0f);
    uint64_t from = device.array(in);
    uint64_t to = device.array(std::vector<float>{0.0f});
    // Every partial sum is an integer below 2^24 times a power of two that
    // single precision holds, in any order.
    for (float &value : in)
      value = static_cast<float>(static_cast<int>(value) % 7);
    ASSERT_TRUE(device.memory.write(from, in.data(), n * sizeof(float)));
    device.run("reduce", {5}, {256}, from, to, n);
    float expected = std::accumulate(in.begin(), in.end(), 0.0f);
    EXPECT_EQ(device.fetch<float>(to, 1)[0], expected);
  }
}

TEST(Kernel, ReportsAStoreBeyondAnArray) {
  TestDevice device;
  device.load(readTestFile("Basic.ptx"));
  uint64_t a = device.array(std::vector<float>(64, 1.0f));
  LaunchResult result = device.launch("add", {1}, {128}, a, a, a, 128);
  EXPECT_EQ(result.status, LaunchStatus::Faulted);
  EXPECT_EQ(result.fault.kind, FaultKind::IllegalAddress);
  EXPECT_EQ(result.fault.address, a + 256);
  EXPECT_EQ(result.fault.instruction, "ld.global.f32");
  EXPECT_NE(result.fault.render().find("beyond the end"), std::string::npos)
      << result.fault.render();
}

TEST(Kernel, RefusesByNameWhatIsLeftOut) {
  const std::pair<const char *, const char *> cases[] = {
      {"tcgen05.wait::ld.sync.aligned;", "`tcgen05` is not supported"},
      {"mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%f0, %f1, %f2, "
       "%f3}, {%r0, %r1}, {%r0, %r1}, {%f0, %f1, %f2, %f3}, %r0, 0;",
       "`mma.sp` is not supported"},
      {"cp.async.bulk.tensor.3d.shared::cluster.global.im2col.mbarrier::"
       "complete_tx::bytes [%r0], [%rd0, {%r0, %r0, %r0}], [%r1], {%h0};",
       "im2col tensors are not supported"},
  };
  for (auto [instruction, message] : cases) {
    const std::string text =
        ".version 8.6\n.target sm_90a\n.address_size 64\n"
        ".visible .entry kernel() {\n"
        ".reg .b32 %r<2>;\n.reg .b64 %rd<1>;\n.reg .f32 %f<4>;\n"
        ".reg .b16 %h<1>;\n" +
        std::string(instruction) + "\nret;\n}\n";
    TestDevice device;
    const LoadResult result =
        Program::load(text, "test.ptx", device.request.profile, device.memory);
    EXPECT_EQ(result.status, LoadStatus::InvalidPtx);
    EXPECT_NE(result.message.find(message), std::string::npos)
        << result.message;
  }
}

} // namespace
