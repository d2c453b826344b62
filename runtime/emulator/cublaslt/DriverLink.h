//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The way to the emulated driver.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CUBLASLT_DRIVERLINK_H
#define RUNTIME_EMULATOR_CUBLASLT_DRIVERLINK_H

#include "runtime/emulator/driver/Extension.h"

namespace emulator::cublaslt {

/// The functions of driver/Extension.h.
struct DriverLink {
  decltype(&cuda::cuEmulatedEnqueue) enqueue = nullptr;
  decltype(&cuda::cuEmulatedRead) read = nullptr;
  decltype(&cuda::cuEmulatedWrite) write = nullptr;

  /// Null if the process runs on another driver than the emulated one.
  static const DriverLink *get();
};

} // namespace emulator::cublaslt

#endif // RUNTIME_EMULATOR_CUBLASLT_DRIVERLINK_H
