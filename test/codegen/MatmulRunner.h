//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Matrix kernels from their text to a call, and the layouts of their operands
/// written a second time, plainly.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_MATMULRUNNER_H
#define TEST_CODEGEN_MATMULRUNNER_H

#include "runtime/abi/Kernel.h"
#include "test/codegen/KernelHarness.h"

#include <string>
#include <vector>

namespace moec::test {

/// Kernels compiled for one target and loaded into this process.
class KernelLibrary {
public:
  /// Compiles the exec.kernel operations in `text` for launches of up to
  /// `maxRows` rows. Ends the process with a message if that fails.
  KernelLibrary(const std::string &text, const std::string &target,
                int64_t maxRows);
  /// Loads a shared object.
  explicit KernelLibrary(const std::string &code);
  ~KernelLibrary();
  KernelLibrary(const KernelLibrary &) = delete;

  /// The kernel of a name.
  moert_kernel get(const std::string &name) const;

private:
  int file = -1;
  void *handle = nullptr;
};

/// k that share a step of the layouts, and the k of a padded whole.
inline int64_t unitOf(Element element) {
  return element == Element::BF16 ? 2 : 1;
}
inline int64_t depthOf(Element element) { return 4 * unitOf(element); }
inline int64_t padded(int64_t k, Element weight) {
  return (k + depthOf(weight) - 1) / depthOf(weight) * depthOf(weight);
}
/// What multiplies with weights of an element.
inline Element activationOf(Element weight) {
  return weight == Element::BF16 ? Element::BF16 : Element::F32;
}

/// A row-major matrix of numbers between -1 and 1.
struct Matrix {
  TestTensor elements;
  int64_t rows, columns;
  std::vector<float> values; ///< the same as f32

  Matrix(Element element, int64_t rows, int64_t columns, unsigned seed);
  float at(int64_t row, int64_t column) const {
    return values[row * columns + column];
  }
};

/// Weights [experts][N, K] as `#exec.panels<32, depth, unit>`.
TestTensor packPanels(const Matrix &weights, int64_t experts);

/// The dot product of a row of x and a row of w in the order that the kernels
/// promise.
float chain(const Matrix &x, int64_t row, const Matrix &w, int64_t column,
            Order order = Order::Chain);

/// The text of the kernels of a product, named for its shape: "linear_64x48".
struct MatmulText {
  Element weight;
  int64_t n, k;
  /// Of the targets: for tiles, activations of products are not packed.
  Order order = Order::Chain;

  std::string suffix() const {
    return "_" + std::to_string(n) + "x" + std::to_string(k);
  }
  /// pack_NxK; with groups of rows, pack_groups_NxK.
  std::string pack(int64_t experts = 0) const;
  /// linear_NxK.
  std::string linear() const;
  /// router_NxK, or router_bf16_NxK with a bias of that element.
  std::string router(const std::string &bias = "") const;
  /// grouped_NxK, or grouped_f32_NxK with a bias of that element.
  std::string grouped(int64_t experts, const std::string &bias = "") const;

  int64_t panels() const { return (n + 31) / 32; }
  /// Tasks of a packing.
  int64_t lines() const {
    return (padded(k, weight) / unitOf(weight) + 15) / 16;
  }

  /// The types of packed rows, of what a product alone reads, and of panels;
  /// with experts, of each.
  std::string packedType() const;
  std::string operandType() const {
    return order == Order::Tiles ? rowType() : packedType();
  }
  std::string panelType(int64_t experts = 0) const;

private:
  std::string rowType() const;
  std::string resultType() const;
};

/// Runs the tasks from <= i < to of a kernel, on one MiB of scratch memory.
void launch(moert_kernel kernel, const std::vector<void *> &arguments,
            int64_t rows, std::pair<int64_t, int64_t> tasks);

} // namespace moec::test

#endif // TEST_CODEGEN_MATMULRUNNER_H
