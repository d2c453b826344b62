//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The options with which code is loaded.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_JITOPTIONS_H
#define RUNTIME_EMULATOR_DRIVER_JITOPTIONS_H

#include "runtime/emulator/driver/Cuda.h"

#include <string>

namespace emulator::cuda {

/// A list of options. Those that steer NVIDIA's compiler have no meaning here.
class JitOptions {
public:
  JitOptions() = default;
  JitOptions(unsigned count, CUjit_option *options, void **values)
      : count_(count), options_(options), values_(values) {}

  /// False for a list that is not one.
  bool valid() const;
  /// Puts a message into the error log, if there is one, and on stderr.
  void report(const std::string &message) const;

private:
  /// The place of an option's value, or null.
  void **find(CUjit_option option) const;

  unsigned count_ = 0;
  CUjit_option *options_ = nullptr;
  void **values_ = nullptr;
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_JITOPTIONS_H
