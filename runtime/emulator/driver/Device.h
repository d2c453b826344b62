//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What the emulated device reports of itself.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_DEVICE_H
#define RUNTIME_EMULATOR_DRIVER_DEVICE_H

#include "runtime/emulator/driver/Cuda.h"
#include "runtime/emulator/machine/Memory.h"
#include "runtime/emulator/machine/Settings.h"

namespace emulator::cuda {

/// What a device of an architecture has beside its Profile: numbers that
/// programs ask for and that change nothing in what kernels compute.
struct DeviceFacts {
  unsigned number = 0; ///< 90 for sm_90
  int clockKHz = 0;
  int memoryClockKHz = 0;
  int busBits = 0; ///< width of the memory bus
  int l2Bytes = 0;
  int persistingL2Bytes = 0;
  int doubleRatio = 0; ///< f32 operations in the time of an f64 operation
  uint64_t memoryBytes = 0;

  /// The facts of the newest known architecture that is not newer.
  static DeviceFacts of(const Profile &profile);
};

/// The one device of the driver.
struct Device {
  explicit Device(const Profile &profile)
      : profile(profile), facts(DeviceFacts::of(profile)),
        memory(facts.memoryBytes) {}

  /// What cuDeviceGetAttribute answers. False for an unknown attribute.
  bool attribute(CUdevice_attribute attribute, int &value) const;

  const Profile profile;
  const DeviceFacts facts;
  DeviceMemory memory;
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_DEVICE_H
