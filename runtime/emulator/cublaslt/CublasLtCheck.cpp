//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Compares the declarations of CublasLt.h with NVIDIA's. Compiled where CUDA is
// installed; makes no code.
//
//===----------------------------------------------------------------------===//

// With C++ linkage, so that both declarations of a function can be seen.
#define CUBLASLT_API
#include "runtime/emulator/cublaslt/CublasLt.h"

#include <cublasLt.h>

#include <type_traits>

namespace ours = emulator::cublaslt;

namespace {

#define SAME(name)                                                             \
  static_assert(static_cast<unsigned>(ours::name) ==                           \
                static_cast<unsigned>(::name));
// clang-format off
SAME(CUBLAS_STATUS_SUCCESS) SAME(CUBLAS_STATUS_NOT_INITIALIZED)
SAME(CUBLAS_STATUS_ALLOC_FAILED) SAME(CUBLAS_STATUS_INVALID_VALUE)
SAME(CUBLAS_STATUS_ARCH_MISMATCH) SAME(CUBLAS_STATUS_MAPPING_ERROR)
SAME(CUBLAS_STATUS_EXECUTION_FAILED) SAME(CUBLAS_STATUS_INTERNAL_ERROR)
SAME(CUBLAS_STATUS_NOT_SUPPORTED) SAME(CUBLAS_STATUS_LICENSE_ERROR)
SAME(CUDA_R_32F) SAME(CUDA_R_16F) SAME(CUDA_R_8I) SAME(CUDA_R_32I)
SAME(CUDA_R_16BF) SAME(CUDA_R_8F_E4M3) SAME(CUDA_R_8F_E5M2)
SAME(CUBLAS_COMPUTE_32F) SAME(CUBLAS_COMPUTE_32F_PEDANTIC)
SAME(CUBLAS_COMPUTE_32I) SAME(CUBLAS_COMPUTE_32I_PEDANTIC)
SAME(CUBLAS_COMPUTE_32F_FAST_16F) SAME(CUBLAS_COMPUTE_32F_FAST_16BF)
SAME(CUBLAS_COMPUTE_32F_FAST_TF32) SAME(CUBLAS_OP_N) SAME(CUBLAS_OP_T)
SAME(CUBLAS_OP_C) SAME(CUBLAS_FILL_MODE_FULL) SAME(CUBLASLT_POINTER_MODE_HOST)
SAME(CUBLASLT_POINTER_MODE_DEVICE) SAME(CUBLASLT_ORDER_COL)
SAME(CUBLASLT_ORDER_ROW) SAME(CUBLASLT_EPILOGUE_DEFAULT)
SAME(CUBLASLT_EPILOGUE_RELU) SAME(CUBLASLT_EPILOGUE_BIAS)
SAME(CUBLASLT_EPILOGUE_RELU_BIAS) SAME(CUBLASLT_EPILOGUE_GELU)
SAME(CUBLASLT_EPILOGUE_GELU_BIAS) SAME(CUBLASLT_MATRIX_LAYOUT_TYPE)
SAME(CUBLASLT_MATRIX_LAYOUT_ORDER) SAME(CUBLASLT_MATRIX_LAYOUT_ROWS)
SAME(CUBLASLT_MATRIX_LAYOUT_COLS) SAME(CUBLASLT_MATRIX_LAYOUT_LD)
SAME(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT)
SAME(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET)
SAME(CUBLASLT_MATRIX_LAYOUT_PLANE_OFFSET)
SAME(CUBLASLT_MATRIX_LAYOUT_BATCH_MODE) SAME(CUBLASLT_MATMUL_DESC_COMPUTE_TYPE)
SAME(CUBLASLT_MATMUL_DESC_SCALE_TYPE) SAME(CUBLASLT_MATMUL_DESC_POINTER_MODE)
SAME(CUBLASLT_MATMUL_DESC_TRANSA) SAME(CUBLASLT_MATMUL_DESC_TRANSB)
SAME(CUBLASLT_MATMUL_DESC_TRANSC) SAME(CUBLASLT_MATMUL_DESC_FILL_MODE)
SAME(CUBLASLT_MATMUL_DESC_EPILOGUE) SAME(CUBLASLT_MATMUL_DESC_BIAS_POINTER)
SAME(CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE)
SAME(CUBLASLT_MATMUL_DESC_SM_COUNT_TARGET)
SAME(CUBLASLT_MATMUL_DESC_A_SCALE_POINTER)
SAME(CUBLASLT_MATMUL_DESC_B_SCALE_POINTER)
SAME(CUBLASLT_MATMUL_DESC_C_SCALE_POINTER)
SAME(CUBLASLT_MATMUL_DESC_D_SCALE_POINTER)
SAME(CUBLASLT_MATMUL_DESC_AMAX_D_POINTER) SAME(CUBLASLT_MATMUL_DESC_FAST_ACCUM)
SAME(CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE)
SAME(CUBLASLT_MATMUL_DESC_A_SCALE_MODE) SAME(CUBLASLT_MATMUL_DESC_B_SCALE_MODE)
SAME(CUBLASLT_MATMUL_DESC_C_SCALE_MODE) SAME(CUBLASLT_MATMUL_DESC_D_SCALE_MODE)
SAME(CUBLASLT_MATMUL_PREF_SEARCH_MODE)
SAME(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
SAME(CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK)
SAME(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES)
SAME(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES)
SAME(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES)
SAME(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES)
SAME(CUBLASLT_MATMUL_PREF_MAX_WAVES_COUNT) SAME(CUBLASLT_MATMUL_PREF_IMPL_MASK)
SAME(MAJOR_VERSION) SAME(MINOR_VERSION) SAME(PATCH_LEVEL)
// clang-format on

#define SAME_SIZE(name)                                                        \
  static_assert(sizeof(ours::name) == sizeof(::name) &&                        \
                alignof(ours::name) == alignof(::name));
                                                        SAME_SIZE(
                                                            cublasLtMatrixLayoutOpaque_t)
                                                            SAME_SIZE(cublasLtMatmulDescOpaque_t) SAME_SIZE(
                                                                cublasLtMatmulPreferenceOpaque_t)
                                                                SAME_SIZE(
                                                                    cublasLtMatmulAlgo_t)
                                                                    SAME_SIZE(cublasLtMatmulHeuristicResult_t) static_assert(
                                                                        offsetof(
                                                                            ours::
                                                                                cublasLtMatmulHeuristicResult_t,
                                                                            wavesCount) ==
                                                                        offsetof(
                                                                            ::cublasLtMatmulHeuristicResult_t,
                                                                            wavesCount));

/// Whether two types look the same to a caller.
template <class A, class B> constexpr bool sameType() {
  return sizeof(A) == sizeof(B) && std::is_pointer_v<A> == std::is_pointer_v<B>;
}

template <class R, class... A, class S, class... B>
constexpr bool sameFunction(R (*)(A...), S (*)(B...)) {
  if constexpr (sizeof...(A) == sizeof...(B))
    return sameType<R, S>() && (sameType<A, B>() && ...);
  return false;
}

#define SAME_CALL(name) static_assert(sameFunction(&ours::name, &::name));
// clang-format off
SAME_CALL(cublasLtCreate) SAME_CALL(cublasLtDestroy)
SAME_CALL(cublasLtGetStatusName) SAME_CALL(cublasLtGetStatusString)
SAME_CALL(cublasLtGetVersion) SAME_CALL(cublasLtGetCudartVersion)
SAME_CALL(cublasLtGetProperty) SAME_CALL(cublasLtMatrixLayoutInit_internal)
SAME_CALL(cublasLtMatrixLayoutCreate) SAME_CALL(cublasLtMatrixLayoutDestroy)
SAME_CALL(cublasLtMatrixLayoutSetAttribute)
SAME_CALL(cublasLtMatrixLayoutGetAttribute)
SAME_CALL(cublasLtMatmulDescInit_internal) SAME_CALL(cublasLtMatmulDescCreate)
SAME_CALL(cublasLtMatmulDescDestroy) SAME_CALL(cublasLtMatmulDescSetAttribute)
SAME_CALL(cublasLtMatmulDescGetAttribute)
SAME_CALL(cublasLtMatmulPreferenceInit_internal)
SAME_CALL(cublasLtMatmulPreferenceCreate)
SAME_CALL(cublasLtMatmulPreferenceDestroy)
SAME_CALL(cublasLtMatmulPreferenceSetAttribute)
SAME_CALL(cublasLtMatmulPreferenceGetAttribute)
SAME_CALL(cublasLtMatmulAlgoGetHeuristic) SAME_CALL(cublasLtMatmulAlgoCheck)
SAME_CALL(cublasLtMatmul)
// clang-format on

} // namespace
