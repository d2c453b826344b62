//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A product of single precision (`nvcc -std=c++17 -arch=sm_80 -ptx Tiled.cu`)
// against sums of integers: exact, in every order, for shapes with borders.
//
//===----------------------------------------------------------------------===//

#include "test/runtime/emulator/TestModes.h"

using namespace emulator;

namespace {

class Tiled : public InEveryMode {
protected:
  Tiled() : InEveryMode("Tiled.ptx", "sm_80") {}

  static int value(int row, int column, int salt) {
    return (row * 7 + column * 5 + row * column + salt) % 9 - 4;
  }
  static std::vector<float> matrix(int rows, int columns, int salt) {
    std::vector<float> all;
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < columns; ++column)
        all.push_back(static_cast<float>(value(row, column, salt)));
    return all;
  }
  void check(int m, int n, int k) {
    const uint64_t out = device.array(std::vector<float>(size_t(m) * n, 99.0f));
    const Dim3 grid = {unsigned(n + 63) / 64, unsigned(m + 63) / 64};
    device.run("tiled", grid, {256}, device.array(matrix(m, k, 1)),
               device.array(matrix(k, n, 2)), out, m, n, k);
    const std::vector<float> got = device.fetch<float>(out, size_t(m) * n);
    for (int row = 0; row < m; ++row)
      for (int column = 0; column < n; ++column) {
        int sum = 0;
        for (int at = 0; at < k; ++at)
          sum += value(row, at, 1) * value(at, column, 2);
        ASSERT_EQ(got[size_t(row) * n + column], static_cast<float>(sum))
            << row << ", " << column;
      }
  }
};
MOEC_IN_EVERY_MODE(Tiled);

TEST_P(Tiled, MultipliesWholeTiles) { check(64, 128, 32); }

TEST_P(Tiled, MultipliesBorders) {
  check(65, 70, 19);
  check(1, 3, 1);
}

} // namespace
