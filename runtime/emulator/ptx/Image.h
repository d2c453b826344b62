//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The PTX in an image of code: PTX text, a fat binary, or an ELF file with fat
// binaries in it. Machine code in an image is passed over.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PTX_IMAGE_H
#define RUNTIME_EMULATOR_PTX_IMAGE_H

#include "runtime/emulator/machine/Settings.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace emulator::ptx {

enum class ImageStatus : uint8_t {
  Found,
  NotForDevice, ///< no PTX, or none that the device can run
  Invalid,      ///< not an image, or a damaged one
};

struct ImageResult {
  ImageStatus status = ImageStatus::Found;
  std::string message; ///< one line, without the file's name
  std::string ptx;     ///< the newest that the device can run
};

/// Finds PTX for a device in the bytes of a file.
ImageResult findPtx(std::string_view image, const Profile &profile);

/// Bytes of an image in memory that says itself how long it is: a text ends
/// with a zero, the others have sizes in their headers. None for what is no
/// image.
std::optional<size_t> imageBytes(const void *image);

/// Whether a device can run PTX for `target`: `sm_80`, `sm_90a`, `sm_100f`.
bool canRun(std::string_view target, const Profile &profile);

} // namespace emulator::ptx

#endif // RUNTIME_EMULATOR_PTX_IMAGE_H
