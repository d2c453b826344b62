//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Softmax of rows and within attention (`nvcc -std=c++17 -arch=sm_80 -ptx
// Softmax.cu`) against the formula in double, in every order and completion.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/AttentionReference.h"
#include "test/runtime/emulator/TestModes.h"

#include <cmath>

using namespace emulator;

namespace {

class Softmax : public InEveryMode {
protected:
  Softmax() : InEveryMode("Softmax.ptx", "sm_80") {}

  void attend(const AttentionShape &shape) {
    const AttentionReference reference(shape);
    const uint64_t out =
        device.array(std::vector<float>(reference.expected.size(), -7.0f));
    device.run("attention", {unsigned(shape.queries + 63) / 64}, {128},
               device.array(reference.q), device.array(reference.k),
               device.array(reference.v), out, shape.queries, shape.keys,
               reference.scale);
    const std::vector<float> got =
        device.fetch<float>(out, reference.expected.size());
    for (size_t i = 0; i < got.size(); ++i)
      ASSERT_NEAR(got[i], reference.expected[i], reference.tolerance)
          << "query " << i / AttentionShape::depth << ", channel "
          << i % AttentionShape::depth;
  }
};
MOEC_IN_EVERY_MODE(Softmax);

TEST_P(Softmax, OfRows) {
  const int rows = 3, columns = 301;
  std::vector<float> in(rows * columns);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = static_cast<float>(static_cast<int>(i * 37 % 101) - 50) / 8;
  const uint64_t out = device.array(std::vector<float>(in.size()));
  device.run("softmaxRows", {unsigned(rows)}, {128}, device.array(in), out,
             columns);
  const std::vector<float> got = device.fetch<float>(out, in.size());
  for (int row = 0; row < rows; ++row) {
    const float *from = in.data() + row * columns;
    double sum = 0;
    const double most = 50.0 / 8;
    for (int i = 0; i < columns; ++i)
      sum += std::exp(from[i] - most);
    for (int i = 0; i < columns; ++i) {
      const double expected = std::exp(from[i] - most) / sum;
      // The exponent, up to 18, is rounded once and multiplied by a rounded
      // constant: 18 * 2^-23; the rest are single roundings.
      ASSERT_NEAR(got[row * columns + i], expected, expected * 0x1p-18)
          << row << ", " << i;
    }
  }
}

TEST_P(Softmax, WithinAttentionOverWholeTiles) { attend({64, 64}); }

TEST_P(Softmax, WithinAttentionOverOddShapes) {
  attend({77, 101});
  attend({1, 33});
}

} // namespace
