//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// GEMMs of TMA, mbarriers and wgmma (`nvcc -std=c++17 -arch=sm_90a -ptx
// Wgmma.cu`) against sums of integers: exact, in every order and completion.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestModes.h"
#include "test/runtime/emulator/TestTensor.h"

using namespace emulator;

namespace {

class Wgmma : public InEveryMode {
protected:
  Wgmma() : InEveryMode("Wgmma.ptx") {}

  template <class Sum>
  void check(const std::string &kernel, TestMatrix a, TestMatrix b,
             unsigned swizzle);
  void halves(const std::string &kernel, Type type, bool alongM, bool alongN,
              unsigned swizzle) {
    check<float>(kernel, {type, 128, 0, alongM, 1}, {type, 64, 0, alongN, 2},
                 swizzle);
  }
};
MOEC_IN_EVERY_MODE(Wgmma);

TensorMap::Swizzle swizzleOf(unsigned span) {
  return span == 0    ? TensorMap::Swizzle::None
         : span == 32 ? TensorMap::Swizzle::Bytes32
         : span == 64 ? TensorMap::Swizzle::Bytes64
                      : TensorMap::Swizzle::Bytes128;
}

template <class Sum>
void Wgmma::check(const std::string &kernel, TestMatrix a, TestMatrix b,
                  unsigned swizzle) {
  constexpr int tile = 64, turns = 3;
  a.k = b.k = turns * 128 / static_cast<int>(a.elementBytes());
  const auto mapOf = [&](const TestMatrix &matrix) {
    const unsigned inner = (swizzle ? swizzle : 16) / matrix.elementBytes();
    const unsigned outer =
        matrix.alongX ? 128 / matrix.elementBytes() : unsigned(tile);
    return matrix.map(device.array(matrix.bytes()), inner, outer,
                      swizzleOf(swizzle));
  };
  const size_t count = size_t(a.extent) * b.extent;
  uint64_t out = device.array(std::vector<Sum>(count, Sum(12345)));
  // A kernel aligns nothing by itself: dynamic memory begins at 1024.
  device.request.dynamicSharedBytes = 2 * 2 * tile * 128;
  device.run(kernel, {unsigned(b.extent / tile), unsigned(a.extent / tile)},
             {160}, mapOf(a), mapOf(b), out, b.extent, a.k, int(swizzle));
  std::vector<Sum> got = device.fetch<Sum>(out, count);
  for (int m = 0; m < a.extent; ++m)
    for (int n = 0; n < b.extent; ++n)
      ASSERT_EQ(got[size_t(m) * b.extent + n], Sum(productAt(a, b, m, n)))
          << kernel << " swizzle " << swizzle << " at " << m << ", " << n;
}

TEST_P(Wgmma, EverySwizzleAndMajor) {
  for (unsigned swizzle : {0u, 32u, 64u, 128u}) {
    halves("halfKK", Type::F16, false, false, swizzle);
    halves("halfKN", Type::F16, false, true, swizzle);
    halves("halfMK", Type::F16, true, false, swizzle);
    halves("halfMN", Type::F16, true, true, swizzle);
  }
}

TEST_P(Wgmma, BfloatsWithNegatedOperands) {
  halves("bfloatKN", Type::BF16, false, true, 128);
}

TEST_P(Wgmma, OtherFloats) {
  check<float>("tf32", {Type::TF32, 64, 0, false, 1},
               {Type::TF32, 128, 0, false, 2}, 128);
  check<float>("e4m3", {Type::E4M3, 128, 0, false, 1},
               {Type::E4M3, 64, 0, false, 2}, 128);
  check<float>("mixed", {Type::E5M2, 64, 0, false, 1},
               {Type::E4M3, 64, 0, false, 2}, 64);
}

TEST_P(Wgmma, Integers) {
  check<int>("s8", {Type::S8, 128, 0, false, 1}, {Type::S8, 64, 0, false, 2},
             128);
  check<int>("u8", {Type::U8, 64, 0, false, 1}, {Type::S8, 64, 0, false, 2},
             32);
}

TEST_P(Wgmma, FromRegisters) {
  const TestMatrix a{Type::BF16, 64, 128, false, 3};
  const TestMatrix b{Type::BF16, 64, 128, false, 4};
  const TensorMap map =
      b.map(device.array(b.bytes()), 64, 64, TensorMap::Swizzle::Bytes128);
  uint64_t out = device.array(std::vector<float>(64 * 64, 0.0f));
  device.request.dynamicSharedBytes = 2 * 64 * 128;
  device.run("fromRegisters", {1}, {128}, device.array(a.bytes()), map, out,
             a.k);
  std::vector<float> got = device.fetch<float>(out, 64 * 64);
  for (int m = 0; m < 64; ++m)
    for (int n = 0; n < 64; ++n)
      ASSERT_EQ(got[m * 64 + n], float(productAt(a, b, m, n))) << m << " " << n;
}

TEST(WgmmaFault, AGroupNeedsFourWarps) {
  TestDevice device;
  device.load(readTestFile("Wgmma.ptx"));
  const TestMatrix b{Type::BF16, 64, 64, false, 4};
  const TensorMap map =
      b.map(device.array(b.bytes()), 64, 64, TensorMap::Swizzle::Bytes128);
  uint64_t a = device.array(b.bytes());
  uint64_t out = device.array(std::vector<float>(64 * 64, 0.0f));
  device.request.dynamicSharedBytes = 64 * 128;
  device.request.maxDynamicSharedBytes = 64 * 128;
  LaunchResult result =
      device.launch("fromRegisters", {1}, {96}, a, map, out, int(64));
  EXPECT_EQ(result.fault.kind, FaultKind::Undefined);
  EXPECT_NE(result.fault.message.find("no four warps"), std::string::npos)
      << result.fault.render();
}

} // namespace
