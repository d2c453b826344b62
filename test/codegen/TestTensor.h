//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Arrays of the element types that kernels know, read and written as double.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_TESTTENSOR_H
#define TEST_CODEGEN_TESTTENSOR_H

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

namespace moec::test {

enum class Element { F32, BF16, F16, I32 };

/// "bf16", as IR spells it.
std::string spell(Element element);
/// Half a unit in the last place, relative: the error of one rounding.
double roundingError(Element element);

/// Elements in row-major order, aligned as buffers are.
class TestTensor {
public:
  TestTensor(Element element, int64_t size);

  int64_t size() const { return count; }
  size_t bytes() const;
  void *data() { return storage.data(); }
  Element element() const { return type; }

  double get(int64_t i) const;
  /// Rounds to nearest, ties to even.
  void set(int64_t i, double v);

  /// Uniform numbers in [-scale, scale], the same for the same seed.
  TestTensor &randomize(unsigned seed, double scale = 1.0);
  TestTensor &fill(double v);

private:
  struct alignas(64) Line {
    unsigned char bytes[64];
  };
  Element type;
  int64_t count;
  std::vector<Line> storage;
};

} // namespace moec::test

#endif // TEST_CODEGEN_TESTTENSOR_H
