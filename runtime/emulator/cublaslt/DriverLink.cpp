//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/cublaslt/DriverLink.h"
#include "runtime/emulator/driver/Api.h"

namespace emulator::cublaslt {

namespace {

template <class Function> bool find(const char *name, Function &function) {
  void *found = nullptr;
  cuda::cuGetProcAddress_v2(name, &found, cuda::driverVersion, 0, nullptr);
  function = reinterpret_cast<Function>(found);
  return found;
}

} // namespace

const DriverLink *DriverLink::get() {
  static DriverLink link;
  static const bool complete = find("cuEmulatedEnqueue", link.enqueue) &&
                               find("cuEmulatedRead", link.read) &&
                               find("cuEmulatedWrite", link.write);
  return complete ? &link : nullptr;
}

} // namespace emulator::cublaslt
