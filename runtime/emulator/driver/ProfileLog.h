//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The file that MOEC_EMULATED_PROFILE names: a line of JSON for each launch.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_PROFILELOG_H
#define RUNTIME_EMULATOR_DRIVER_PROFILELOG_H

#include "runtime/emulator/driver/Environment.h"
#include "runtime/emulator/profile/Profiler.h"

#include <mutex>
#include <string>

namespace emulator::cuda {

class ProfileLog {
public:
  ProfileLog() = default;
  ~ProfileLog();
  ProfileLog(const ProfileLog &) = delete;
  ProfileLog &operator=(const ProfileLog &) = delete;

  /// Opens the file, and empties it. False with one line in `message`.
  bool open(const ProfileTarget &target, std::string &message);
  /// Whether launches are to be profiled.
  bool active() const { return descriptor_ >= 0; }
  /// Writes the line of a launch. A file that takes no more is complained of
  /// once, and left.
  void write(const LaunchCounts &counts);

private:
  std::mutex mutex_;
  ProfileTarget target_;
  int descriptor_ = -1;
  uint64_t launches_ = 0;
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_PROFILELOG_H
