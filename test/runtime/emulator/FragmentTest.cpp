//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// wmma (`nvcc -std=c++17 -arch=sm_80 -ptx Fragments.cu`): exact products of
// small integers in every type, shape and layout.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestDevice.h"
#include "test/runtime/emulator/TestTensor.h"

using namespace emulator;

namespace {

class Fragments : public testing::Test {
protected:
  Fragments() : device("sm_80") { device.load(readTestFile("Fragments.ptx")); }

  /// D begins as its index modulo 7 less 3; `read` and `write` convert it.
  template <class Sum, class Read, class Write>
  void check(const std::string &kernel, TestMatrix a, TestMatrix b, Read read,
             Write write) {
    run<Sum>(kernel, a, b, device.array(a.bytes()), device.array(b.bytes()),
             read, write);
  }
  template <class Sum, class Read, class Write>
  void run(const std::string &kernel, TestMatrix a, TestMatrix b,
           uint64_t addressA, uint64_t addressB, Read read, Write write) {
    const size_t count = size_t(a.extent) * b.extent;
    std::vector<Sum> d(count);
    for (size_t i = 0; i < count; ++i)
      d[i] = write(int(i % 7) - 3);
    uint64_t out = device.array(d);
    device.run(kernel, {1}, {32}, addressA, addressB, out);
    std::vector<Sum> got = device.fetch<Sum>(out, count);
    for (int m = 0; m < a.extent; ++m)
      for (int n = 0; n < b.extent; ++n) {
        const int at = m * b.extent + n;
        ASSERT_EQ(read(got[at]), productAt(a, b, m, n) + at % 7 - 3)
            << kernel << " " << m << ", " << n;
      }
  }

  TestDevice device;
};

const auto same = [](auto value) { return value; };

TEST_F(Fragments, Floats) {
  const auto toFloat = [](int value) { return float(value); };
  check<float>("half16", {Type::F16, 16, 16, false, 1},
               {Type::F16, 16, 16, false, 2}, same, toFloat);
  check<float>("bfloat8", {Type::BF16, 8, 16, false, 1},
               {Type::BF16, 32, 16, true, 2}, same, toFloat);
  check<float>("tf32", {Type::TF32, 16, 8, true, 1},
               {Type::TF32, 16, 8, false, 2}, same, toFloat);
}

TEST_F(Fragments, HalvesAsSums) {
  check<uint16_t>(
      "half32", {Type::F16, 32, 16, true, 1}, {Type::F16, 8, 16, true, 2},
      [](uint16_t bits) { return halfToFloat(bits); },
      [](int value) { return floatToHalf(float(value)); });
}

TEST_F(Fragments, Integers) {
  check<int>("s8", {Type::S8, 16, 16, false, 1}, {Type::S8, 16, 16, false, 2},
             same, same);
  check<int>("u8", {Type::U8, 32, 16, true, 1}, {Type::U8, 8, 16, true, 2},
             same, same);
}

TEST_F(Fragments, Doubles) {
  const TestMatrix a{Type::F16, 8, 4, false, 1}, b{Type::F16, 8, 4, false, 2};
  const auto upload = [&](const TestMatrix &matrix) {
    std::vector<double> values;
    for (int x = 0; x < matrix.extent; ++x)
      for (int k = 0; k < matrix.k; ++k)
        values.push_back(matrix.value(x, k));
    return device.array(values);
  };
  run<double>("doubles", a, b, upload(a), upload(b), same,
              [](int value) { return double(value); });
}

} // namespace
