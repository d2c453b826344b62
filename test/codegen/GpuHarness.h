//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Compiles the text of one exec.kernel for a GPU and launches its PTX on the
/// emulated device, the way compiler and runtime do together.
///
//===----------------------------------------------------------------------===//

#ifndef TEST_CODEGEN_GPUHARNESS_H
#define TEST_CODEGEN_GPUHARNESS_H

#include "codegen/KernelBuilder.h"
#include "runtime/emulator/machine/Launch.h"
#include "test/codegen/KernelHarness.h"

#include <memory>
#include <string>
#include <vector>

namespace moec::test {

/// How the emulated device runs a launch.
struct GpuMode {
  emulator::Order order = emulator::Order::Forward;
  uint64_t seed = 0; ///< of Order::Random
  emulator::Completion completion = emulator::Completion::Eager;
  const char *checks = nullptr; ///< of docs/Emulator.md, by name; or none
  /// Sees the launch instead of the checks, if there is one.
  emulator::Monitor *monitor = nullptr;
  uint64_t instructionLimit = 0; ///< of a launch that may not end
  unsigned hostThreads = 0;      ///< 0 for one for each CPU

  std::string name() const;
};
/// Eager and lazy, each forwards, backwards and in two random orders.
std::vector<GpuMode> gpuModes();

/// One exec.kernel as PTX.
class GpuKernel {
public:
  /// A bf16 matrix that the kernel reads by a tensor map.
  struct Map {
    TensorMapPlan plan;
    uint64_t rows, columns;
  };

  /// Compiles the only exec.kernel of the module for a target, "sm_90a", or
  /// with "sm_90a, batch" so that bits depend on no other rows; once for all
  /// kernels of the same text. Throws std::runtime_error with what the compiler
  /// reports.
  GpuKernel(const std::string &module, const std::string &target,
            int64_t maxRows = 1024);

  /// Launches it on a fresh device that holds copies of the arguments, with
  /// scratch memory full of 0xCD, and copies back what it writes. Returns the
  /// status. Throws if the launch is refused or faults, as it does on an access
  /// beyond an argument.
  int32_t run(const std::vector<Argument> &arguments, int64_t rows,
              const GpuMode &mode = {}) const;

  /// Blocks of a launch.
  int64_t blocks(int64_t rows) const;
  const KernelPlan &plan() const { return kernelPlan; }
  /// Instructions that the warps of the last run took.
  uint64_t warpInstructions() const { return instructions; }
  const std::string &ptx() const { return text; }
  /// The same with other code.
  GpuKernel withPtx(std::string ptx) const;

private:
  GpuKernel() = default;
  static GpuKernel compile(const std::string &module, const std::string &target,
                           int64_t maxRows);

  std::string name, target, text;
  KernelPlan kernelPlan;
  std::vector<Map> maps;
  mutable uint64_t instructions = 0;
};

/// Runs the kernel for the target in every mode, and expects the status and the
/// bits that `expected` says, where one NaN is like another: what was written,
/// one entry for each argument. What the kernel writes starts as the caller
/// left it, and is so afterwards.
void expectSameOnGpu(const std::string &module,
                     const std::vector<Argument> &arguments, int64_t rows,
                     const std::vector<std::string> &expected,
                     int32_t expectedStatus,
                     const std::string &target = "sm_80, batch");

} // namespace moec::test

#endif // TEST_CODEGEN_GPUHARNESS_H
