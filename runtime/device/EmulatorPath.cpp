//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/EmulatorPath.h"

#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>

using namespace moert;

std::string moert::emulatorPath() {
  if (const char *path = std::getenv("MOERT_EMULATOR"))
    return path;
  Dl_info self{};
  dladdr(reinterpret_cast<void *>(&emulatorPath), &self);
  std::error_code error;
  std::filesystem::path binary =
      std::filesystem::canonical(self.dli_fname ? self.dli_fname : "", error);
  if (error)
    binary = std::filesystem::canonical("/proc/self/exe", error);
  std::filesystem::path folder = binary.parent_path();
  for (const char *place : {"libcuda.so.1", "../lib/libcuda.so.1"})
    if (std::filesystem::exists(folder / place, error))
      return (folder / place).lexically_normal();
  return (folder.parent_path() / "lib/libcuda.so.1").lexically_normal();
}
