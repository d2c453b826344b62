//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The kernel of gemm_nvgpu.mlir.in as LLVM writes it; run by nvgpu.py.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestModes.h"
#include "test/runtime/emulator/TestTensor.h"

#include <cstdlib>

using namespace emulator;

namespace {

class Nvgpu : public testing::TestWithParam<Mode> {};
MOEC_IN_EVERY_MODE(Nvgpu);

TEST_P(Nvgpu, Gemm) {
  const char *file = std::getenv("MOEC_NVGPU_PTX");
  ASSERT_TRUE(file) << "run this through nvgpu.py";
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  TestDevice device;
  device.load(text.str());
  std::unique_ptr<Monitor> check = everyCheck();
  setMode(device, *check, GetParam());

  const TestMatrix a{Type::F16, 128, 128, false, 1};
  const TestMatrix b{Type::F16, 128, 128, true, 2};
  using Swizzle = TensorMap::Swizzle;
  const auto upload = [&](const TensorMap &map) {
    return device.array(std::vector<TensorMap>{map});
  };
  const uint64_t mapA =
      upload(a.map(device.array(a.bytes()), 64, 128, Swizzle::Bytes128));
  const uint64_t mapB =
      upload(b.map(device.array(b.bytes()), 64, 64, Swizzle::Bytes128));
  const uint64_t out = device.array(std::vector<float>(128 * 128, -1.0f));
  device.request.dynamicSharedBytes = 4 * 16384;
  device.request.maxDynamicSharedBytes = 4 * 16384;
  // A memref is two pointers, an offset, its sizes and strides.
  const uint64_t zero = 0, m = 128, n = 128, one = 1;
  device.run("gemm", {1}, {128}, mapA, mapB, out, out, zero, m, n, n, one);
  const std::vector<float> got = device.fetch<float>(out, m * n);
  for (int row = 0; row < a.extent; ++row)
    for (int column = 0; column < b.extent; ++column)
      ASSERT_EQ(got[size_t(row) * n + column],
                float(productAt(a, b, row, column)))
          << row << ", " << column;
}

} // namespace
