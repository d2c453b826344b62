//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Where the driver of the emulated device is.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_EMULATORPATH_H
#define RUNTIME_DEVICE_EMULATORPATH_H

#include <string>

namespace moert {

/// The file named by MOERT_EMULATOR, else libcuda.so.1 beside this program or
/// library, or in the folder lib next to its folder.
std::string emulatorPath();

} // namespace moert

#endif // RUNTIME_DEVICE_EMULATORPATH_H
