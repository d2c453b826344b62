//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What stands in the descriptors of cuBLASLt. They are plain data, which fits
// the opaque storage that callers have.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CUBLASLT_DESCRIPTOR_H
#define RUNTIME_EMULATOR_CUBLASLT_DESCRIPTOR_H

#include "runtime/emulator/cublaslt/CublasLt.h"

#include <string>

namespace emulator::cublaslt {

struct MatrixLayout {
  static constexpr uint64_t magicNumber = 0x74756f79614c746c;
  uint64_t magic = magicNumber;
  cudaDataType_t type = CUDA_R_32F;
  cublasLtOrder_t order = CUBLASLT_ORDER_COL;
  uint64_t rows = 0, columns = 0;
  int64_t leading = 0; ///< elements from column to column, or row to row
  int32_t batchCount = 1;
  uint32_t batchMode = 0;  ///< 0: strided
  int64_t batchStride = 0; ///< elements

  /// Place of an element of the first matrix.
  uint64_t offset(uint64_t row, uint64_t column) const {
    uint64_t step = static_cast<uint64_t>(leading);
    return order == CUBLASLT_ORDER_COL ? column * step + row
                                       : row * step + column;
  }
  /// Lines of elements that lie side by side: columns or rows.
  uint64_t lines() const {
    return order == CUBLASLT_ORDER_COL ? columns : rows;
  }
  uint64_t lineElements() const {
    return order == CUBLASLT_ORDER_COL ? rows : columns;
  }
};
static_assert(sizeof(MatrixLayout) <= sizeof(cublasLtMatrixLayoutOpaque_t));

struct MatmulDesc {
  static constexpr uint64_t magicNumber = 0x637365446d4d746c;
  /// Of a bias: "as the documentation's table has it".
  static constexpr int32_t defaultType = -1;
  uint64_t magic = magicNumber;
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F;
  cudaDataType_t scaleType = CUDA_R_32F;
  cublasLtPointerMode_t pointerMode = CUBLASLT_POINTER_MODE_HOST;
  cublasOperation_t transposeA = CUBLAS_OP_N, transposeB = CUBLAS_OP_N,
                    transposeC = CUBLAS_OP_N;
  cublasFillMode_t fill = CUBLAS_FILL_MODE_FULL;
  cublasLtEpilogue_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  int32_t biasType = defaultType;
  int32_t multiprocessors = 0;
  int32_t scaleModes[4] = {}; ///< of A, B, C and D; 0: one f32
  int8_t fastAccumulation = 0;
  const void *bias = nullptr;
  int64_t biasStride = 0;     ///< elements, of a batch
  const void *scales[4] = {}; ///< f32 on the device: of A, B, C and D
  void *maximum = nullptr;    ///< f32 on the device: largest |D|
};
static_assert(sizeof(MatmulDesc) <= sizeof(cublasLtMatmulDescOpaque_t));

struct MatmulPreference {
  static constexpr uint64_t magicNumber = 0x666572506d4d746c;
  uint64_t magic = magicNumber;
  uint64_t workspace = 0; ///< bytes at most
  uint64_t implementations = ~uint64_t(0);
  uint32_t search = 0;
  uint32_t reductions = 7;
  uint32_t alignments[4] = {256, 256, 256, 256}; ///< bytes
  float waves = 0;
};
static_assert(sizeof(MatmulPreference) <=
              sizeof(cublasLtMatmulPreferenceOpaque_t));

/// The contents of a descriptor, or null for what is none.
template <class T, class Opaque> T *contentsOf(Opaque *descriptor) {
  auto contents = reinterpret_cast<T *>(descriptor);
  return contents && contents->magic == T::magicNumber ? contents : nullptr;
}

/// Prints a line on stderr and returns CUBLAS_STATUS_NOT_SUPPORTED.
cublasStatus_t refuse(const std::string &what);

/// Bytes of an element: 0 for a type that the stand-in does not have.
unsigned bytesOf(cudaDataType_t type);

} // namespace emulator::cublaslt

#endif // RUNTIME_EMULATOR_CUBLASLT_DESCRIPTOR_H
