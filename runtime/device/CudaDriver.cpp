//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaDriver.h"

#include <dlfcn.h>

using namespace moert;

Status CudaDriver::check(cuda::CUresult result, const char *purpose) const {
  if (result == cuda::CUDA_SUCCESS)
    return {};
  const char *name = nullptr, *text = nullptr;
  cuGetErrorName(result, &name);
  cuGetErrorString(result, &text);
  bool isMemory = result == cuda::CUDA_ERROR_OUT_OF_MEMORY;
  return {isMemory ? MOERT_NO_MEMORY : MOERT_DEVICE,
          std::string("the GPU cannot ") + purpose + ": " +
              (text ? text : "unknown error") + " (" +
              (name ? name : std::to_string(static_cast<unsigned>(result))) +
              ")"};
}

Status CudaDriver::findFunctions(void *library, const std::string &name) {
  const char *missing = nullptr;
#define CUDA_FUNCTION(function)                                                \
  function = reinterpret_cast<decltype(function)>(dlsym(library, #function));  \
  if (!function)                                                               \
    missing = #function;
#include "runtime/device/CudaFunctions.def"
#undef CUDA_FUNCTION
  if (!missing)
    return {};
  return {MOERT_UNSUPPORTED, "the CUDA driver " + name + " has no function " +
                                 missing + "; CUDA 12 or later is needed"};
}

Status CudaDriver::load(const std::string &path,
                        std::shared_ptr<CudaDriver> &driver) {
  std::string name = path.empty() ? "libcuda.so.1" : path;
  void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    return {MOERT_UNSUPPORTED, "the CUDA driver cannot be loaded: " +
                                   std::string(reason ? reason : name)};
  }
  auto made = std::make_shared<CudaDriver>();
  Status status = made->findFunctions(library, name);
  if (status.ok())
    status = made->check(made->cuInit(0), "be used");
  if (status.ok())
    driver = std::move(made);
  return status;
}
