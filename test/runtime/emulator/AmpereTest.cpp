//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// GEMMs of cp.async, ldmatrix and mma.sync (`nvcc -std=c++17 -arch=sm_80 -ptx
// Ampere.cu`): exact, in every order and completion.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestModes.h"
#include "test/runtime/emulator/TestTensor.h"

using namespace emulator;

namespace {

class Ampere : public InEveryMode {
protected:
  Ampere() : InEveryMode("Ampere.ptx", "sm_80") {
    device.request.maxDynamicSharedBytes = 160 * 1024;
  }

  void check(const std::string &kernel) {
    constexpr int stageBytes = 2 * 128 * 40 * 2;
    const TestMatrix a{Type::BF16, 256, 160, false, 1};
    const TestMatrix b{Type::BF16, 128, 160, false, 2};
    const size_t count = size_t(a.extent) * b.extent;
    uint64_t out = device.array(std::vector<float>(count, -1.0f));
    device.request.dynamicSharedBytes = 3 * stageBytes;
    device.run(kernel, {1, 2}, {256}, device.array(a.bytes()),
               device.array(b.bytes()), out, b.extent, a.k);
    std::vector<float> got = device.fetch<float>(out, count);
    for (int m = 0; m < a.extent; ++m)
      for (int n = 0; n < b.extent; ++n)
        ASSERT_EQ(got[size_t(m) * b.extent + n], float(productAt(a, b, m, n)))
            << m << ", " << n;
  }
};
MOEC_IN_EVERY_MODE(Ampere);

TEST_P(Ampere, GemmThatWaitsForGroups) { check("groups"); }

TEST_P(Ampere, GemmThatWaitsAtBarriers) { check("barriers"); }

TEST_P(Ampere, CopiesFillWithZeros) {
  const int count = 93;
  std::vector<float> in(128);
  for (int i = 0; i < 128; ++i)
    in[i] = i + 1.0f;
  uint64_t out = device.array(std::vector<float>(3 * 128));
  device.run("padded", {1}, {128}, device.array(in), out, count);
  std::vector<float> got = device.fetch<float>(out, 3 * 128);
  for (int i = 0; i < 128; ++i) {
    ASSERT_EQ(got[i], i < count ? in[i] : 0.0f) << i;
    ASSERT_EQ(got[128 + i], i < count ? in[i] : 0.0f) << i;
    ASSERT_EQ(got[256 + i], in[i]) << i;
  }
}

} // namespace
