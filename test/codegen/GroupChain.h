//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// A kernel of several operations beside the chain of kernels that compute the
/// same one operation at a time.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_GROUPCHAIN_H
#define TEST_CODEGEN_GROUPCHAIN_H

#include "test/codegen/GpuHarness.h"

#include <functional>
#include <memory>
#include <optional>

namespace moec::test {

/// "tensor<?x48xbf16>"
std::string rowsOf(int64_t width, Element element);
/// "tensor<48xbf16>"
std::string vectorOf(int64_t size, Element element);

/// The text of a kernel: operands, operations and results as pairs of name and
/// type, {"%x", "tensor<?x48xf32>"}.
struct KernelText {
  using Values = std::vector<std::pair<std::string, std::string>>;
  Values operands;
  std::string operations;
  Values results;

  std::string text() const;
};

/// Replaces each $x of a text by typeOf("x").
std::string
withTypes(std::string text,
          const std::function<std::string(const std::string &)> &typeOf);

std::vector<void *> pointers(const std::vector<Argument> &arguments);

/// Whether a kernel is run on the emulated device, too; products in the layouts
/// of CPUs are not.
enum class Machines { All, Cpus };

/// The same kernel for every target of an order that this machine runs.
class EveryTarget {
public:
  explicit EveryTarget(const std::string &module,
                       Machines machines = Machines::All,
                       Order order = Order::Chain);

  /// Runs the kernel for each target, in ranges of all tasks, of 1, 3 and 16,
  /// the last one first, and on the emulated device in every mode, each time on
  /// outputs full of NaN, and calls check(what ran, status).
  template <class Check>
  void run(const std::vector<Argument> &arguments, int64_t rows,
           Check check) const {
    for (const auto &[target, kernel] : kernels)
      for (int64_t cut :
           {kernel->tasks(rows), int64_t(1), int64_t(3), int64_t(16)}) {
        int32_t status = runOnce(*kernel, arguments, rows, cut);
        check(target + ", ranges of " + std::to_string(cut), status);
      }
    for (const GpuMode &mode : gpu ? gpuModes() : std::vector<GpuMode>()) {
      fillWithNaN(arguments);
      int32_t status = gpu->run(arguments, rows, mode);
      check(gpuTarget + (", " + mode.name()), status);
    }
  }

  /// Runs the kernel for each CPU in ranges of 1 and 3 tasks on several
  /// threads.
  template <class Check>
  void runOnThreads(const std::vector<Argument> &arguments, int64_t rows,
                    Check check) const {
    for (const auto &[target, kernel] : kernels)
      for (int64_t cut : {int64_t(1), int64_t(3)}) {
        fillWithNaN(arguments);
        int32_t status = kernel->runOnThreads(pointers(arguments), rows, cut);
        check(target + ", threads, ranges of " + std::to_string(cut), status);
      }
  }

private:
  static constexpr const char *gpuTarget = "sm_80";
  static void fillWithNaN(const std::vector<Argument> &arguments);
  static int32_t runOnce(const LoadedKernel &kernel,
                         const std::vector<Argument> &arguments, int64_t rows,
                         int64_t cut);

  std::vector<std::pair<std::string, std::unique_ptr<LoadedKernel>>> kernels;
  std::optional<GpuKernel> gpu;
};

/// Runs all tasks of a kernel in one range.
int32_t runWhole(const LoadedKernel &kernel,
                 const std::vector<Argument> &arguments, int64_t rows);

/// Whether two tensors hold the same bytes.
bool sameBits(TestTensor &a, TestTensor &b);

} // namespace moec::test

#endif // TEST_CODEGEN_GROUPCHAIN_H
