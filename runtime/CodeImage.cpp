//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/CodeImage.h"

#include <cerrno>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

using namespace moert;

CodeImage::~CodeImage() {
  if (handle)
    dlclose(handle);
  if (file >= 0)
    close(file);
}

/// A file in memory that may be executed; negative on failure.
static int createExecutableFile() {
  int file = memfd_create("moert-code", MFD_CLOEXEC | MFD_EXEC);
  // Linux before 6.3 does not know MFD_EXEC, and needs none.
  if (file < 0 && errno == EINVAL)
    file = memfd_create("moert-code", MFD_CLOEXEC);
  return file;
}

static bool writeAll(int file, const char *bytes, size_t size) {
  while (size > 0) {
    ssize_t written = write(file, bytes, size);
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return false;
    bytes += written;
    size -= static_cast<size_t>(written);
  }
  return true;
}

Status CodeImage::load(const void *bytes, size_t size) {
  file = createExecutableFile();
  if (file < 0 || !writeAll(file, static_cast<const char *>(bytes), size))
    return {MOERT_NO_MEMORY,
            std::string("cannot put the code in memory: ") + strerror(errno)};
  std::string path = "/proc/self/fd/" + std::to_string(file);
  handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) {
    const char *reason = dlerror();
    return {MOERT_BAD_ARTIFACT, std::string("cannot load the code: ") +
                                    (reason ? reason : "unknown reason")};
  }
  return {};
}

Status CodeImage::find(const std::string &symbol, moert_kernel &kernel) const {
  kernel = reinterpret_cast<moert_kernel>(dlsym(handle, symbol.c_str()));
  if (!kernel)
    return {MOERT_BAD_ARTIFACT, "the code has no kernel '" + symbol + "'"};
  return {};
}
