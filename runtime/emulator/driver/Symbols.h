//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Finding the exported functions by name.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_SYMBOLS_H
#define RUNTIME_EMULATOR_DRIVER_SYMBOLS_H

#include "runtime/emulator/driver/Cuda.h"

namespace emulator::cuda {

struct FoundSymbol {
  void *function = nullptr; ///< null if there is none
  bool known = false;       ///< a newer CUDA has the function
};

/// The newest version of a function that CUDA `version` has; that with a
/// default stream for each thread if `perThread`.
FoundSymbol findSymbol(const char *name, int version, bool perThread);

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_SYMBOLS_H
