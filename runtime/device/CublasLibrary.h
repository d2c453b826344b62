//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// cuBLASLt, found at run time: NVIDIA's library, or the emulated device's.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_CUBLASLIBRARY_H
#define RUNTIME_DEVICE_CUBLASLIBRARY_H

#include "runtime/Status.h"
#include "runtime/emulator/cublaslt/CublasLt.h"

#include <memory>
#include <string>

namespace moert {

namespace cublas = emulator::cublaslt;

/// The functions of the library, and a handle; cuBLAS Library manual, "Using
/// the cuBLASLt API".
class CublasLibrary {
public:
  CublasLibrary() = default;
  CublasLibrary(const CublasLibrary &) = delete;
  CublasLibrary &operator=(const CublasLibrary &) = delete;
  ~CublasLibrary() {
    if (handle)
      cublasLtDestroy(handle);
  }

  /// Loads the library at `path` and makes a handle for the current context.
  static Status load(const std::string &path,
                     std::shared_ptr<const CublasLibrary> &library);

#define CUBLAS_FUNCTION(name) decltype(&cublas::name) name = nullptr;
#include "runtime/device/CublasFunctions.def"
#undef CUBLAS_FUNCTION

  cublas::cublasLtHandle_t handle = nullptr;

  /// Success, or a Status that says what was tried and what the library said:
  /// "cuBLASLt cannot multiply: ... (CUBLAS_STATUS_NOT_SUPPORTED)".
  Status check(cublas::cublasStatus_t result, const std::string &purpose) const;

private:
  Status findFunctions(void *library, const std::string &name);
};

} // namespace moert

#endif // RUNTIME_DEVICE_CUBLASLIBRARY_H
