//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Inputs of the kernel `attention` of Softmax.cu, and what it must give.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_ATTENTIONREFERENCE_H
#define TEST_RUNTIME_EMULATOR_ATTENTIONREFERENCE_H

#include "runtime/emulator/machine/MatrixElement.h"

#include <cmath>
#include <vector>

namespace emulator {

struct AttentionShape {
  static constexpr int depth = 64;
  int queries, keys; ///< the last query sees all keys
};

/// Scores are exact in f32; weights are 2^(scale * score) over their sum.
struct AttentionReference {
  explicit AttentionReference(const AttentionShape &shape) {
    q = matrix(shape.queries, 1);
    k = matrix(shape.keys, 2);
    v = matrix(shape.keys, 3);
    for (int row = 0; row < shape.queries; ++row)
      addRow(shape, row);
  }

  const float scale = 0.125f;
  std::vector<uint16_t> q, k, v; ///< f16, rows of `depth`
  std::vector<double> expected;  ///< queries x depth
  /// Weights are rounded to f16, 2^-11, before they meet values of at most 1.
  /// Their sum, exponentials and products are of f32, some 2^-17 together.
  const double tolerance = 0x1p-11 + 0x1p-17;

private:
  /// A multiple of 1/4 from -1 to 1, without a pattern along rows or columns.
  static float value(int row, int column, int salt) {
    uint32_t bits = uint32_t(row * 64 + column) * 2654435761u + uint32_t(salt);
    bits = (bits ^ bits >> 15) * 2246822519u;
    return float(int((bits ^ bits >> 13) % 9) - 4) / 4;
  }
  static std::vector<uint16_t> matrix(int rows, int salt) {
    std::vector<uint16_t> halves;
    for (int row = 0; row < rows; ++row)
      for (int column = 0; column < AttentionShape::depth; ++column)
        halves.push_back(floatToHalf(value(row, column, salt)));
    return halves;
  }
  void addRow(const AttentionShape &shape, int row) {
    constexpr int depth = AttentionShape::depth;
    const int seen = row + shape.keys - shape.queries + 1;
    std::vector<double> sums(depth);
    double total = 0;
    for (int key = 0; key < seen; ++key) {
      double score = 0;
      for (int c = 0; c < depth; ++c)
        score += double(value(row, c, 1)) * value(key, c, 2);
      const double weight = std::exp2(score * double(scale));
      total += weight;
      for (int c = 0; c < depth; ++c)
        sums[c] += weight * value(key, c, 3);
    }
    for (double sum : sums)
      expected.push_back(sum / total);
  }
};

} // namespace emulator

#endif // TEST_RUNTIME_EMULATOR_ATTENTIONREFERENCE_H
