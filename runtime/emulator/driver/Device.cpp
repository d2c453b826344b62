//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Device.h"

namespace emulator::cuda {

namespace {

constexpr int mib = 1 << 20;
constexpr uint64_t gib = uint64_t(1) << 30;

/// Of the largest product of each architecture, by rising number.
constexpr DeviceFacts knownFacts[] = {
    {80, 1410000, 1593000, 5120, 40 * mib, 30 * mib, 2, 80 * gib},
    {86, 1695000, 9751000, 384, 6 * mib, 4 * mib, 64, 24 * gib},
    {87, 1300000, 1300000, 256, 4 * mib, 3 * mib, 64, 30 * gib},
    {89, 2520000, 9001000, 384, 96 * mib, 66 * mib, 64, 48 * gib},
    {90, 1980000, 2619000, 5120, 50 * mib, 32 * mib, 2, 80 * gib},
    {100, 1965000, 3996000, 8192, 126 * mib, 79 * mib, 2, 180 * gib},
    {103, 1920000, 3996000, 8192, 126 * mib, 79 * mib, 64, 270 * gib},
    {120, 2407000, 14001000, 512, 96 * mib, 60 * mib, 64, 32 * gib},
    {121, 2418000, 4266000, 256, 24 * mib, 15 * mib, 64, 119 * gib},
};

} // namespace

DeviceFacts DeviceFacts::of(const Profile &profile) {
  DeviceFacts found = knownFacts[0];
  for (const DeviceFacts &facts : knownFacts)
    if (facts.number <= profile.number())
      found = facts;
  return found;
}

bool Device::attribute(CUdevice_attribute attribute, int &value) const {
  const Profile &p = profile;
  const DeviceFacts &f = facts;
  switch (attribute) {
#define ATTRIBUTE(name, number, result)                                        \
  case CU_DEVICE_ATTRIBUTE_##name:                                             \
    value = static_cast<int>(result);                                          \
    return true;
#include "runtime/emulator/driver/DeviceAttributes.def"
  }
  return false;
}

} // namespace emulator::cuda
