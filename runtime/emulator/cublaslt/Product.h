//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What cublasLtMatmul computes.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_CUBLASLT_PRODUCT_H
#define RUNTIME_EMULATOR_CUBLASLT_PRODUCT_H

#include "runtime/emulator/cublaslt/Descriptor.h"
#include "runtime/emulator/driver/Cuda.h"

#include <string>

namespace emulator::cublaslt {

/// D = epilogue(alpha * op(A) * op(B) + beta * C), for each matrix of a batch.
/// A is m x k, B is k x n, C and D are m x n, after op.
struct Product {
  MatmulDesc desc;
  MatrixLayout a, b, c, d;
  cuda::CUdeviceptr aData = 0, bData = 0, cData = 0, dData = 0;
  const void *alpha = nullptr, *beta = nullptr; ///< on the device
  float alphaValue = 1, betaValue = 0;          ///< on the host, of CUDA_R_32F
  int32_t alphaInteger = 1, betaInteger = 0;    ///< of CUDA_R_32I

  uint64_t m() const { return d.rows; }
  uint64_t n() const { return d.columns; }
  uint64_t k() const {
    return desc.transposeA == CUBLAS_OP_N ? a.columns : a.rows;
  }
  bool integer() const {
    return desc.compute == CUBLAS_COMPUTE_32I ||
           desc.compute == CUBLAS_COMPUTE_32I_PEDANTIC;
  }

  /// Whether the operands fit each other: an error, with a line on stderr for
  /// what the stand-in does not have.
  cublasStatus_t check() const;

  /// Computes it; to be called in the stream's order. Sums in f32 are chains of
  /// fused multiply-adds over k from 0 up; those in s32 are exact modulo 2^32.
  cuda::CUresult run();
};

} // namespace emulator::cublaslt

#endif // RUNTIME_EMULATOR_CUBLASLT_PRODUCT_H
