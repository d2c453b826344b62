//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Elements of matrices in memory and as numbers.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CUBLASLT_ELEMENT_H
#define RUNTIME_EMULATOR_CUBLASLT_ELEMENT_H

#include "runtime/emulator/cublaslt/CublasLt.h"

#include <cstdint>

namespace emulator::cublaslt {

/// Reads elements of any type but CUDA_R_32I, exactly.
void decodeElements(cudaDataType_t type, const void *packed, size_t count,
                    float *values);

/// Writes elements of any type but CUDA_R_32I: rounded to nearest, ties to
/// even; 8-bit types saturate, f16 and bf16 become infinite.
void encodeElements(cudaDataType_t type, const float *values, size_t count,
                    void *packed);

} // namespace emulator::cublaslt

#endif // RUNTIME_EMULATOR_CUBLASLT_ELEMENT_H
