//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/ProfileLog.h"

#include "runtime/emulator/driver/Driver.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace emulator::cuda {

ProfileLog::~ProfileLog() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

bool ProfileLog::open(const ProfileTarget &target, std::string &message) {
  target_ = target;
  descriptor_ = target.path == "-"
                    ? ::dup(STDERR_FILENO)
                    : ::open(target.path.c_str(),
                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (descriptor_ >= 0)
    return true;
  message = "MOEC_EMULATED_PROFILE: cannot write " + target.path + ": " +
            std::strerror(errno);
  return false;
}

void ProfileLog::write(const LaunchCounts &counts) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (descriptor_ < 0)
    return;
  const std::string line = toJson(counts, ++launches_, target_.lines) + "\n";
  for (size_t at = 0; at < line.size();) {
    const ssize_t done =
        ::write(descriptor_, line.data() + at, line.size() - at);
    if (done < 0 && errno == EINTR)
      continue;
    if (done < 0) {
      complain("MOEC_EMULATED_PROFILE: cannot write " + target_.path + ": " +
               std::strerror(errno) + "; what follows is not profiled");
      ::close(descriptor_);
      descriptor_ = -1;
      return;
    }
    at += static_cast<size_t>(done);
  }
}

} // namespace emulator::cuda
