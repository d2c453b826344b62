//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Compiles the text of one exec.kernel, loads the machine code and launches
/// it, the way compiler and runtime do together.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_KERNELHARNESS_H
#define TEST_CODEGEN_KERNELHARNESS_H

#include "runtime/abi/Kernel.h"
#include "test/codegen/TestTensor.h"

#include <string>
#include <utility>
#include <vector>

namespace moec::test {

/// In which order a target adds the products of bf16 weights.
enum class Order {
  Chain, ///< one after the other
  Tiles, ///< on AMX: 16 pairs apart from what was there before
};
/// The orders that targets use for weights of an element.
std::vector<Order> ordersOf(Element weight);

/// Targets whose code this machine can run and that add in an order; of chains,
/// x86-64-v3 is the first. AMX is emulated on CPUs without it.
std::vector<std::string> runnableTargets(Order order = Order::Chain);

/// One exec.kernel as machine code in this process.
class LoadedKernel {
public:
  /// Compiles the only exec.kernel of the module. Throws std::runtime_error
  /// with what the compiler reports.
  LoadedKernel(const std::string &module, const std::string &target,
               int64_t maxRows = 1024);
  ~LoadedKernel();
  LoadedKernel(const LoadedKernel &) = delete;
  LoadedKernel &operator=(const LoadedKernel &) = delete;

  /// Runs the tasks [begin, end) on scratch memory full of NaN, and returns the
  /// status. Throws if the kernel writes beyond its scratch memory.
  int32_t run(const std::vector<void *> &arguments, int64_t rows, int64_t begin,
              int64_t end) const;
  /// Runs all tasks in ranges of `cut`, the last range first.
  int32_t runInRanges(const std::vector<void *> &arguments, int64_t rows,
                      int64_t cut) const;
  /// Runs all tasks in ranges of `cut`, on several threads at once.
  int32_t runOnThreads(const std::vector<void *> &arguments, int64_t rows,
                       int64_t cut) const;
  /// Runs the tasks [begin, end) of a launch as they are.
  void call(const moert_launch &launch, int64_t begin, int64_t end,
            void *scratch) const {
    kernel(&launch, begin, end, scratch);
  }
  /// Tasks of a launch.
  int64_t tasks(int64_t rows) const { return tasksPerRow * rows + fixedTasks; }

private:
  int32_t
  runRanges(const std::vector<void *> &arguments, int64_t rows,
            const std::vector<std::pair<int64_t, int64_t>> &ranges) const;

  int file = -1;
  void *library = nullptr;
  moert_kernel kernel = nullptr;
  int64_t tasksPerRow = 0, fixedTasks = 0, scratchBytes = 0;
  bool isOrdered = false;
};

/// What the compiler reports for a kernel that it cannot build; empty if it
/// can.
std::string compileError(const std::string &module,
                         const std::string &target = "x86-64-v3");

/// Operand or result of a launch.
struct Argument {
  void *data;
  size_t writtenBytes; ///< 0: read only
  size_t bytes = 0;
  Element element = Element::I32;
  bool isBatch = false; ///< a moert_batch, of which no byte is counted

  int64_t elements() const;
};
inline Argument reads(TestTensor &tensor) {
  return {tensor.data(), 0, tensor.bytes(), tensor.element()};
}
inline Argument writes(TestTensor &tensor) {
  return {tensor.data(), tensor.bytes(), tensor.bytes(), tensor.element()};
}
/// A step's tokens, all of one argument.
inline Argument reads(moert_batch &batch) {
  return {&batch, 0, 0, Element::I32, /*isBatch=*/true};
}

/// The bytes of everything that a kernel writes, an entry for each argument;
/// and back.
std::vector<std::string> takeSnapshot(const std::vector<Argument> &arguments);
void restore(const std::vector<Argument> &arguments,
             const std::vector<std::string> &snapshot);

/// Runs the kernel for every target, in one range and in ranges of 1 and 3
/// tasks, and for a GPU on the emulated device in every mode, and expects the
/// same status and the same bits each time. What the kernel writes starts as
/// the caller left it. Returns the status.
int32_t runEverywhere(const std::string &module,
                      const std::vector<Argument> &arguments, int64_t rows);

} // namespace moec::test

#endif // TEST_CODEGEN_KERNELHARNESS_H
