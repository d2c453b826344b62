//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The library as such: versions, names of errors, and the functions that the
// stand-in refuses by name.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/cublaslt/Descriptor.h"

namespace emulator::cublaslt {

namespace {

constexpr int versionParts[] = {13, 1, 0};

struct Status {
  cublasStatus_t status;
  const char *name, *text;
};
#define STATUS(name, text)                                                     \
  { CUBLAS_STATUS_##name, "CUBLAS_STATUS_" #name, text }
constexpr Status statuses[] = {
    STATUS(SUCCESS, "success"),
    STATUS(NOT_INITIALIZED, "the library was not initialized"),
    STATUS(ALLOC_FAILED, "the resource allocation failed"),
    STATUS(INVALID_VALUE, "an invalid value was used as an argument"),
    STATUS(ARCH_MISMATCH, "an absent device architectural feature is required"),
    STATUS(MAPPING_ERROR, "an access to GPU memory space failed"),
    STATUS(EXECUTION_FAILED, "the function failed to launch on the GPU"),
    STATUS(INTERNAL_ERROR, "an internal operation failed"),
    STATUS(NOT_SUPPORTED, "the functionality is not supported"),
    STATUS(LICENSE_ERROR, "the license check failed"),
};

} // namespace

const char *cublasLtGetStatusName(cublasStatus_t status) {
  for (const Status &known : statuses)
    if (known.status == status)
      return known.name;
  return "CUBLAS_STATUS_UNKNOWN";
}

const char *cublasLtGetStatusString(cublasStatus_t status) {
  for (const Status &known : statuses)
    if (known.status == status)
      return known.text;
  return "unknown status";
}

size_t cublasLtGetVersion() {
  return versionParts[0] * 10000 + versionParts[1] * 100 + versionParts[2];
}

size_t cublasLtGetCudartVersion() { return 13000; }

cublasStatus_t cublasLtGetProperty(libraryPropertyType_t property, int *value) {
  if (!value || property > PATCH_LEVEL)
    return CUBLAS_STATUS_INVALID_VALUE;
  *value = versionParts[property];
  return CUBLAS_STATUS_SUCCESS;
}

#define REFUSED(name)                                                          \
  CUBLASLT_API cublasStatus_t name();                                          \
  cublasStatus_t name() { return refuse(#name); }
REFUSED(cublasLtMatrixTransform)
REFUSED(cublasLtMatrixTransformDescInit_internal)
REFUSED(cublasLtMatrixTransformDescCreate)
REFUSED(cublasLtMatrixTransformDescDestroy)
REFUSED(cublasLtMatrixTransformDescSetAttribute)
REFUSED(cublasLtMatrixTransformDescGetAttribute)
REFUSED(cublasLtEmulationDescInit_internal)
REFUSED(cublasLtEmulationDescCreate)
REFUSED(cublasLtEmulationDescDestroy)
REFUSED(cublasLtEmulationDescSetAttribute)
REFUSED(cublasLtEmulationDescGetAttribute)
REFUSED(cublasLtMatmulAlgoGetIds)
REFUSED(cublasLtMatmulAlgoInit)
REFUSED(cublasLtMatmulAlgoCapGetAttribute)
REFUSED(cublasLtMatmulAlgoConfigSetAttribute)
REFUSED(cublasLtMatmulAlgoConfigGetAttribute)
REFUSED(cublasLtHeuristicsCacheGetCapacity)
REFUSED(cublasLtHeuristicsCacheSetCapacity)
REFUSED(cublasLtDisableCpuInstructionsSetMask)
REFUSED(cublasLtLoggerSetCallback)
REFUSED(cublasLtLoggerSetFile)
REFUSED(cublasLtLoggerOpenFile)
REFUSED(cublasLtLoggerSetLevel)
REFUSED(cublasLtLoggerSetMask)
REFUSED(cublasLtLoggerForceDisable)

} // namespace emulator::cublaslt
