//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/JitOptions.h"
#include "runtime/emulator/driver/Driver.h"

#include <algorithm>
#include <cstring>

namespace emulator::cuda {

bool JitOptions::valid() const {
  if (count_ && (!options_ || !values_))
    return false;
  return std::all_of(options_, options_ + count_, [](CUjit_option option) {
    return option < CU_JIT_NUM_OPTIONS;
  });
}

void **JitOptions::find(CUjit_option option) const {
  for (unsigned i = 0; i != count_; ++i)
    if (options_[i] == option)
      return values_ + i;
  return nullptr;
}

void JitOptions::report(const std::string &message) const {
  complain(message);
  void **log = find(CU_JIT_ERROR_LOG_BUFFER);
  void **bytes = find(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES);
  if (!log || !*log || !bytes)
    return;
  // The size is the value itself, and takes the length of the log.
  auto room = static_cast<unsigned>(reinterpret_cast<uintptr_t>(*bytes));
  if (!room)
    return;
  size_t count = std::min<size_t>(message.size(), room - 1);
  std::memcpy(*log, message.data(), count);
  static_cast<char *>(*log)[count] = 0;
  *bytes = reinterpret_cast<void *>(count);
}

} // namespace emulator::cuda
