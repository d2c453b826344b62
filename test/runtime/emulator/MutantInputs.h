//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Inputs of the kernels that mutants are made of, and tests of what they give.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_MUTANTINPUTS_H
#define TEST_RUNTIME_EMULATOR_MUTANTINPUTS_H

#include "test/runtime/emulator/TestTensor.h"

#include <vector>

namespace emulator {

/// Whether the elements, a.extent x b.extent, are those of A * B.
inline bool isProduct(const std::vector<float> &got, const TestMatrix &a,
                      const TestMatrix &b) {
  for (int m = 0; m < a.extent; ++m)
    for (int n = 0; n < b.extent; ++n)
      if (got[size_t(m) * b.extent + n] != float(productAt(a, b, m, n)))
        return false;
  return true;
}

/// Whole numbers, whose sums f32 holds exactly.
inline std::vector<float> wholeNumbers(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i)
    values[i] = float(i * 37 % 101);
  return values;
}

} // namespace emulator

#endif // TEST_RUNTIME_EMULATOR_MUTANTINPUTS_H
