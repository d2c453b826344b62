//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/CublasLibrary.h"

#include <dlfcn.h>

using namespace moert;

Status CublasLibrary::check(cublas::cublasStatus_t result,
                            const std::string &purpose) const {
  if (result == cublas::CUBLAS_STATUS_SUCCESS)
    return {};
  const char *text = cublasLtGetStatusString(result);
  const char *name = cublasLtGetStatusName(result);
  bool isMemory = result == cublas::CUBLAS_STATUS_ALLOC_FAILED;
  return {isMemory ? MOERT_NO_MEMORY : MOERT_DEVICE,
          "cuBLASLt cannot " + purpose + ": " + (text ? text : "unknown") +
              " (" + (name ? name : std::to_string(result)) + ")"};
}

Status CublasLibrary::findFunctions(void *library, const std::string &name) {
  const char *missing = nullptr;
#define CUBLAS_FUNCTION(function)                                              \
  function = reinterpret_cast<decltype(function)>(dlsym(library, #function));  \
  if (!function)                                                               \
    missing = #function;
#include "runtime/device/CublasFunctions.def"
#undef CUBLAS_FUNCTION
  if (!missing)
    return {};
  return {MOERT_UNSUPPORTED,
          name + " has no function " + missing + "; cuBLASLt 13 is needed"};
}

Status CublasLibrary::load(const std::string &path,
                           std::shared_ptr<const CublasLibrary> &library) {
  void *file = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!file) {
    const char *reason = dlerror();
    return {
        MOERT_UNSUPPORTED,
        "cuBLASLt, which multiplies for many tokens, cannot be loaded: " +
            std::string(reason ? reason : path) +
            "; install it with the CUDA Toolkit 13 or name it in "
            "MOERT_LIBCUBLASLT, or compile with --deterministic=batch, which "
            "needs none"};
  }
  auto made = std::make_shared<CublasLibrary>();
  Status status = made->findFunctions(file, path);
  if (status.ok())
    status = made->check(made->cublasLtCreate(&made->handle), "be used");
  if (status.ok())
    library = std::move(made);
  return status;
}
