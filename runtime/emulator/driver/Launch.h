//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Launches of kernels, as they go into streams and graphs.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_LAUNCH_H
#define RUNTIME_EMULATOR_DRIVER_LAUNCH_H

#include "runtime/emulator/driver/Call.h"
#include "runtime/emulator/machine/Launch.h"

#include <memory>

namespace emulator::cuda {

/// A launch with its parameters copied.
struct KernelLaunch {
  CUfunction handle = nullptr; ///< as the program named it
  LaunchRequest request;
  std::vector<void *> parameters; ///< into request.parameters
};

/// What a program says of a launch.
struct LaunchCall {
  CUlaunchConfig config = {};
  CUfunction function = nullptr;
  void **parameters = nullptr; ///< a pointer to each
  void **extra = nullptr;      ///< or all of them in one buffer
  bool cooperative = false;
};

/// Fills in a launch and checks all that NVIDIA's driver refuses at once.
CUresult prepareLaunch(Call &call, const LaunchCall &wanted,
                       std::shared_ptr<KernelLaunch> &launch);

/// The work of a launch.
Work workOf(Driver &driver, std::shared_ptr<const KernelLaunch> launch);

/// The error code of the driver for a fault.
CUresult errorOf(FaultKind kind);

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_LAUNCH_H
