//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Operations on CPUs: each as a kernel of its own, one after the other, and
/// all of them as one kernel.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_CPUCHAIN_H
#define TEST_CODEGEN_CPUCHAIN_H

#include "test/codegen/GroupChain.h"
#include "test/codegen/MatmulRunner.h"

#include <map>
#include <memory>

namespace moec::test {

/// A value is called "x" where texts of operations have %x, and $x for its
/// type. All values are made for the most tokens of a step.
///
/// The operations of a product differ: alone it multiplies packed rows, but on
/// tiles; in a group the kernel packs them.
class CpuChain {
public:
  using Names = std::vector<std::string>;

  explicit CpuChain(int64_t mostTokens) : mostTokens(mostTokens) {}

  TestTensor &value(const std::string &name, const std::string &type,
                    TestTensor tensor);
  /// Rows of f32, bf16 or i32, for each token so many: random numbers, or what
  /// an operation computes.
  TestTensor &randomRows(const std::string &name, Element element,
                         int64_t width);
  void rows(const std::string &name, Element element, int64_t width,
            int64_t perToken = 1);
  /// Another name of a value: an operation changes it in place.
  void sameMemory(const std::string &name, const std::string &as);
  void batch(moert_batch &batch);

  /// An operation that is the same alone and in a group. Its launch has `rows`
  /// for each token.
  void step(const std::string &text, const Names &operands,
            const Names &results, int64_t rows = 1);
  void alone(const std::string &text, const Names &operands,
             const Names &results, int64_t rows = 1);
  /// The same for targets of one order.
  void alone(Order order, const std::string &text, const Names &operands,
             const Names &results, int64_t rows = 1);
  void grouped(const std::string &text) { group += "  " + text + "\n"; }

  /// %name = decoder.linear of rows of %x and random weights [n, k], %wname.
  void linear(const std::string &name, const std::string &x,
              const MatmulText &shape);
  /// %name = moe.grouped_linear of %x, which has `rows` for each token, by
  /// %plan, and random weights [experts, n, k], %wname.
  void expertLinear(const std::string &name, const std::string &x,
                    int64_t experts, const MatmulText &shape, int64_t rows);

  /// Compiles each operation as a kernel, and all together as one.
  /// `operands` and `results` in the order of the latter's arguments.
  void compile(const Names &operands, const Names &results);
  /// Runs a step for each order: each operation for itself, then all as one
  /// kernel, for every target, in ranges of all sizes and on several threads;
  /// expects the same bits in all of the results' memory, and the same status,
  /// which it returns.
  int32_t expectSameBits(int64_t tokens);

  TestTensor &operator[](const std::string &name) {
    return *values.at(name).tensor;
  }

private:
  struct Value {
    std::string type;
    std::shared_ptr<TestTensor> tensor;
    moert_batch *batch = nullptr;
  };
  struct Step {
    std::string text;
    Names operands, results;
    int64_t rows;
    std::vector<Order> orders;
  };
  /// The kernels of an order: those of steps, null where the step is for
  /// another one, and that of the group.
  struct Code {
    Order order;
    std::vector<std::unique_ptr<LoadedKernel>> steps;
    std::unique_ptr<EveryTarget> fused;
  };

  void product(const std::string &name, const std::string &operation,
               const std::string &x, Matrix weights, int64_t experts,
               const MatmulText &shape, int64_t rows);
  std::string kernel(const std::string &operations, const Names &operands,
                     const Names &results) const;
  std::vector<Argument> arguments(const Names &operands, const Names &results);
  void compileFor(Order order);
  int32_t runSteps(const Code &code, int64_t tokens);
  int32_t expectSameBits(const Code &code, int64_t tokens);

  int64_t mostTokens;
  std::map<std::string, Value> values;
  std::vector<Step> steps;
  std::string group;
  Names operands, results; ///< of the group
  bool usesTiles = false;  ///< whether targets of that order differ
  std::vector<Code> codes;
};

} // namespace moec::test

#endif // TEST_CODEGEN_CPUCHAIN_H
