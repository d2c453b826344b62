//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Operations on the emulated device: each as a kernel of its own, one after
/// the other, and all of them as one kernel.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_GPUCHAIN_H
#define TEST_CODEGEN_GPUCHAIN_H

#include "test/codegen/GpuHarness.h"

#include <gtest/gtest.h>

#include <map>

namespace moec::test {

/// Tensors full of NaN, or of -1; of random numbers; the type of a tensor.
TestTensor nothing(Element element, int64_t size);
TestTensor random(Element element, int64_t size, unsigned seed);
std::string matrixOf(const std::vector<int64_t> &sizes, Element element);

/// The text of a kernel for steps of up to so many tokens.
std::string limited(std::string text, int64_t maxTokens);

/// A way to compute products: an element type of weights, widths that fit it or
/// not, and a regime.
struct ProductCase {
  const char *name;
  Element weight;
  int64_t maxTokens;
  int64_t hidden, inner; ///< widths
  const char *target = "sm_80";

  std::vector<int64_t> tokens() const;
};
extern const std::vector<ProductCase> productCases;
inline std::string caseName(const testing::TestParamInfo<ProductCase> &info) {
  return info.param.name;
}

class GpuChain {
public:
  using Names = std::vector<std::string>;

  /// Kernels are for steps of up to `maxTokens` tokens; 0: of any number.
  explicit GpuChain(int64_t maxTokens = 0) : maxTokens(maxTokens) {}
  explicit GpuChain(const ProductCase &how)
      : maxTokens(how.maxTokens), target(how.target) {}

  /// A value, "x" for %x: its type and elements. Results start as NaN.
  TestTensor &input(const std::string &name, const std::string &type,
                    TestTensor tensor);
  void batch(moert_batch &batch);
  void result(const std::string &name, const std::string &type,
              TestTensor tensor);
  /// An operation, in which $x stands for the type of %x, and the rows of its
  /// launch.
  void step(const std::string &text, const Names &operands,
            const Names &results, int64_t rows);

  /// Runs each operation for itself.
  void runSteps();
  /// Runs all of them as one kernel of some results, in every mode, and
  /// expects the bits of the steps. `operands` and `results` in the order of
  /// the kernel's arguments.
  void expectSameGroup(const Names &operands, const Names &results,
                       int64_t rows);

  TestTensor &operator[](const std::string &name) {
    return values.at(name).tensor;
  }
  /// The text of all operations as one kernel.
  std::string group(const Names &operands, const Names &results) const;
  std::vector<Argument> arguments(const Names &operands, const Names &results);

private:
  struct Value {
    std::string type;
    TestTensor tensor;
    moert_batch *batch = nullptr;
  };
  struct Step {
    std::string text;
    Names operands, results;
    int64_t rows;
  };
  std::string kernel(const std::string &operations, const Names &operands,
                     const Names &results) const;

  int64_t maxTokens;
  std::string target = "sm_80";
  std::map<std::string, Value> values;
  std::vector<Step> steps;
};

/// y = x w^T of [n, k]: of bf16 for steps of up to `tokens`, or of f32 if that
/// is 0.
GpuChain linearChain(int64_t n, int64_t k, int64_t rows, int64_t tokens);

} // namespace moec::test

#endif // TEST_CODEGEN_GPUCHAIN_H
