//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/tools/Files.h"

#include "runtime/tools/Failure.h"
#include "runtime/tools/Interrupt.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

using namespace moert::tools;

/// More than any prompt or list of tokens has; a device may have no end.
static constexpr size_t mostBytes = size_t(1) << 30;

void moert::tools::failWithErrno(const std::string &subject, const char *what) {
  throw Failure(subject + ": " + what + ": " + std::strerror(errno));
}

namespace {

/// Closes what it opened.
struct OpenFile {
  explicit OpenFile(const std::string &path)
      : isOurs(path != "-"),
        descriptor(isOurs ? open(path.c_str(), O_RDONLY | O_CLOEXEC)
                          : STDIN_FILENO) {}
  ~OpenFile() {
    if (isOurs && descriptor >= 0)
      close(descriptor);
  }
  OpenFile(const OpenFile &) = delete;

  bool isOurs;
  int descriptor;
};

} // namespace

std::string moert::tools::readFile(const std::string &path) {
  std::string name = path == "-" ? "standard input" : path;
  OpenFile file(path);
  if (file.descriptor < 0)
    failWithErrno(name, "cannot open");
  std::string bytes;
  while (true) {
    size_t used = bytes.size();
    bytes.resize(used + (size_t(1) << 16));
    ssize_t count =
        read(file.descriptor, bytes.data() + used, bytes.size() - used);
    bytes.resize(used + (count > 0 ? static_cast<size_t>(count) : 0));
    if (count < 0 && errno != EINTR)
      failWithErrno(name, "cannot read");
    throwIfInterrupted();
    if (count == 0)
      return bytes;
    if (bytes.size() > mostBytes)
      throw Failure(name + ": is longer than 1 GiB");
  }
}

void moert::tools::print(std::string_view text) {
  while (!text.empty()) {
    ssize_t count = write(STDOUT_FILENO, text.data(), text.size());
    if (count >= 0) {
      text.remove_prefix(static_cast<size_t>(count));
      continue;
    }
    if (errno == EPIPE)
      throw Failure("", 0);
    if (errno != EINTR)
      failWithErrno("standard output", "cannot write");
    throwIfInterrupted();
  }
}
