//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The CUDA driver, found at run time: NVIDIA's library, or the emulated device.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_CUDADRIVER_H
#define RUNTIME_DEVICE_CUDADRIVER_H

#include "runtime/Status.h"
#include "runtime/emulator/driver/Api.h"

#include <memory>

namespace moert {

namespace cuda = emulator::cuda;

/// The functions of a driver library; CUDA Driver API Reference.
class CudaDriver {
public:
  /// Loads and initializes the library at `path`, or NVIDIA's by its name where
  /// the path is empty. It stays loaded.
  static Status load(const std::string &path,
                     std::shared_ptr<CudaDriver> &driver);

#define CUDA_FUNCTION(name) decltype(&cuda::name) name = nullptr;
#include "runtime/device/CudaFunctions.def"
#undef CUDA_FUNCTION

  /// Success, or a Status that says what was tried and what the driver said:
  /// "cannot copy the weights: out of memory (CUDA_ERROR_OUT_OF_MEMORY)".
  Status check(cuda::CUresult result, const char *purpose) const;

private:
  Status findFunctions(void *library, const std::string &name);
};

/// While it lives, a context is the calling thread's current one.
class CudaScope {
public:
  CudaScope(const CudaDriver &driver, cuda::CUcontext context)
      : driver(driver) {
    driver.cuCtxPushCurrent_v2(context);
  }
  ~CudaScope() {
    cuda::CUcontext popped;
    driver.cuCtxPopCurrent_v2(&popped);
  }
  CudaScope(const CudaScope &) = delete;
  CudaScope &operator=(const CudaScope &) = delete;

private:
  const CudaDriver &driver;
};

} // namespace moert

#endif // RUNTIME_DEVICE_CUDADRIVER_H
