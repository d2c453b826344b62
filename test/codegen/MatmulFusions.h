//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The text of fused matrix kernels, and their code for every target.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_MATMULFUSIONS_H
#define TEST_CODEGEN_MATMULFUSIONS_H

#include "test/codegen/KernelHarness.h"
#include "test/codegen/MatmulRunner.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace moec::test {

/// y = residual + linear(x, w): arguments x, w, residual, y.
std::string linearAddText(const MatmulText &shape);
/// h = swiglu(x w1, x w3): arguments x, w1, w3, h; with experts, whose rows
/// are gathered, x, plan<experts, 2>, w1, w3, h.
std::string gateUpText(const MatmulText &shape, int64_t experts);
/// y = residual + combine(grouped(h, w)): arguments h, w, plan<experts, 2>,
/// weights, residual, y.
std::string downText(const MatmulText &shape, int64_t experts);
/// y = swiglu(g, u) of single columns, so that rows may be anything.
std::string swigluText(Element result);
/// A region that no kernel computes.
std::string addOfTwoProductsText();

/// A kernel for each target that runs here, of any order.
struct FusedKernel {
  std::map<std::string, std::unique_ptr<LoadedKernel>> targets;

  explicit FusedKernel(const std::string &text);
};

testing::AssertionResult sameBytes(TestTensor &got, TestTensor &wanted);

} // namespace moec::test

#endif // TEST_CODEGEN_MATMULFUSIONS_H
