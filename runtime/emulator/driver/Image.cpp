//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Images of code that programs pass in memory or as files.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/ptx/Image.h"
#include "runtime/emulator/driver/Device.h"
#include "runtime/emulator/driver/Module.h"

#include <cstring>
#include <fstream>
#include <vector>

namespace emulator::cuda {

namespace {

/// A device like /dev/zero has no end.
constexpr size_t mostBytes = size_t(1) << 30;

/// What the host code of nvcc registers: a pointer to a fat binary.
struct FatWrapper {
  uint32_t magic, version;
  const void *fatBinary;
  void *name;
};

CUresult findCode(std::string_view image, const Device &device, Code &code,
                  std::string &message) {
  ptx::ImageResult result = ptx::findPtx(image, device.profile);
  code.ptx = std::move(result.ptx);
  message = code.file + ": " + result.message;
  switch (result.status) {
  case ptx::ImageStatus::Found:
    return CUDA_SUCCESS;
  case ptx::ImageStatus::NotForDevice:
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  case ptx::ImageStatus::Invalid:
    return CUDA_ERROR_INVALID_IMAGE;
  }
  return CUDA_ERROR_UNKNOWN;
}

} // namespace

CUresult readImage(const void *image, const Device &device, Code &code,
                   std::string &message) {
  code.file = "<image>";
  FatWrapper wrapper;
  // Bytes of a text are compared one by one: it may be short.
  if (std::strncmp(static_cast<const char *>(image), "\xb1\x43\x62\x46", 4) ==
      0) {
    std::memcpy(&wrapper, image, sizeof(wrapper));
    image = wrapper.fatBinary;
  }
  std::optional<size_t> bytes = ptx::imageBytes(image);
  if (!bytes) {
    message = "<image>: the fat binary is damaged";
    return CUDA_ERROR_INVALID_IMAGE;
  }
  return findCode({static_cast<const char *>(image), *bytes}, device, code,
                  message);
}

CUresult readFile(const char *path, const Device &device, Code &code,
                  std::string &message) {
  code.file = path;
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    message = code.file + ": there is no such file, or it cannot be read";
    return CUDA_ERROR_FILE_NOT_FOUND;
  }
  std::string image;
  std::vector<char> part(1 << 20);
  while (file.read(part.data(), static_cast<std::streamsize>(part.size())) ||
         file.gcount()) {
    image.append(part.data(), static_cast<size_t>(file.gcount()));
    if (image.size() > mostBytes) {
      message = code.file + ": is longer than 1 GiB";
      return CUDA_ERROR_INVALID_IMAGE;
    }
  }
  return findCode(image, device, code, message);
}

} // namespace emulator::cuda
