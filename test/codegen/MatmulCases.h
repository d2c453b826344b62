//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The products that tests of matrix kernels compute. All kernels of a weight
/// element and a target are compiled together, once.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_MATMULCASES_H
#define TEST_CODEGEN_MATMULCASES_H

#include "test/codegen/MatmulRunner.h"

#include <gtest/gtest.h>

namespace moec::test {

/// Rows of a launch, at most.
constexpr int64_t mostRows = 100;
/// Experts of grouped products.
constexpr int64_t expertCount = 5;

/// [N, K] of linear products. Odd sizes, sizes that are not multiples of a
/// panel, a step or a slab, one slab, several slabs.
inline const std::pair<int64_t, int64_t> linearShapes[] = {
    {1, 1},    {33, 46},  {101, 36},  {31, 101},
    {64, 256}, {70, 600}, {96, 1030}, {200, 300}};
inline const std::pair<int64_t, int64_t> routerShape = {10, 50};
inline const std::pair<int64_t, int64_t> groupedShape = {75, 300};

/// The kernels of all shapes; for tiles, without packing of what products
/// read. Biases are of the weights' element.
const KernelLibrary &matmulLibrary(Element weight, const std::string &target);

/// Memory for f32 (or anything smaller), NaN at first.
TestTensor floats(int64_t count);
inline const float *values(TestTensor &tensor) {
  return static_cast<const float *>(tensor.data());
}

testing::AssertionResult sameBits(const float *got, const float *wanted,
                                  int64_t count);

/// Tests with the element of weights as parameter.
class WeightElement : public testing::TestWithParam<Element> {};
inline std::string elementName(const testing::TestParamInfo<Element> &info) {
  return spell(info.param);
}

} // namespace moec::test

#endif // TEST_CODEGEN_MATMULCASES_H
