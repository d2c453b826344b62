//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What cublasLtMatmul takes: the tables of its documentation, as far as the
// stand-in has them.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/cublaslt/Product.h"

namespace emulator::cublaslt {

namespace {

bool isEightBitFloat(cudaDataType_t type) {
  return type == CUDA_R_8F_E4M3 || type == CUDA_R_8F_E5M2;
}

/// A row of the table of types for sums in f32.
struct Types {
  cudaDataType_t input, c, d;
};
constexpr Types floatTypes[] = {
    {CUDA_R_32F, CUDA_R_32F, CUDA_R_32F},
    {CUDA_R_16F, CUDA_R_16F, CUDA_R_16F},
    {CUDA_R_16F, CUDA_R_32F, CUDA_R_32F},
    {CUDA_R_16BF, CUDA_R_16BF, CUDA_R_16BF},
    {CUDA_R_16BF, CUDA_R_32F, CUDA_R_32F},
    {CUDA_R_8I, CUDA_R_32F, CUDA_R_32F},
    {CUDA_R_8F_E4M3, CUDA_R_32F, CUDA_R_32F},
    {CUDA_R_8F_E4M3, CUDA_R_16F, CUDA_R_16F},
    {CUDA_R_8F_E4M3, CUDA_R_16BF, CUDA_R_16BF},
    {CUDA_R_8F_E4M3, CUDA_R_16F, CUDA_R_8F_E4M3},
    {CUDA_R_8F_E4M3, CUDA_R_16BF, CUDA_R_8F_E4M3},
    {CUDA_R_8F_E4M3, CUDA_R_16F, CUDA_R_8F_E5M2},
    {CUDA_R_8F_E4M3, CUDA_R_16BF, CUDA_R_8F_E5M2},
};

cublasStatus_t checkFloatTypes(const Product &p) {
  cudaDataType_t input = p.a.type;
  if (isEightBitFloat(p.a.type) && isEightBitFloat(p.b.type)) {
    if (p.a.type == CUDA_R_8F_E5M2 && p.b.type == CUDA_R_8F_E5M2)
      return refuse("a product of e5m2 and e5m2");
    input = CUDA_R_8F_E4M3; // the formats may differ
  } else if (p.a.type != p.b.type) {
    return refuse("a product of different types");
  }
  for (const Types &types : floatTypes)
    if (types.input == input && types.c == p.c.type && types.d == p.d.type)
      return CUBLAS_STATUS_SUCCESS;
  return refuse("this combination of types for a sum in f32");
}

cublasStatus_t checkIntegerTypes(const Product &p) {
  bool inputs = p.a.type == CUDA_R_8I && p.b.type == CUDA_R_8I;
  cudaDataType_t wanted =
      p.desc.scaleType == CUDA_R_32I ? CUDA_R_32I : CUDA_R_8I;
  if (!inputs || p.c.type != wanted || p.d.type != wanted)
    return refuse("this combination of types for a sum in s32");
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t checkTypes(const Product &p) {
  bool wide = p.desc.scaleType == CUDA_R_32F ||
              (p.integer() && p.desc.scaleType == CUDA_R_32I);
  if (!wide)
    return refuse("this type of alpha and beta");
  switch (p.desc.compute) {
  case CUBLAS_COMPUTE_32F:
  case CUBLAS_COMPUTE_32F_PEDANTIC:
  case CUBLAS_COMPUTE_32F_FAST_16F:
  case CUBLAS_COMPUTE_32F_FAST_16BF:
  case CUBLAS_COMPUTE_32F_FAST_TF32:
    return checkFloatTypes(p);
  case CUBLAS_COMPUTE_32I:
  case CUBLAS_COMPUTE_32I_PEDANTIC:
    return checkIntegerTypes(p);
  }
  return refuse("compute type " + std::to_string(p.desc.compute));
}

/// Tensor cores of 8-bit types read rows of A and columns of B, in whole
/// 16-byte (integers: 4-byte) pieces.
cublasStatus_t checkEightBit(const Product &p) {
  bool floats = isEightBitFloat(p.a.type);
  if (!floats && !p.integer())
    return CUBLAS_STATUS_SUCCESS;
  if (p.desc.transposeA == CUBLAS_OP_N || p.desc.transposeB != CUBLAS_OP_N)
    return refuse("an 8-bit product that is not A transposed times B");
  uint64_t piece = floats ? 16 : 4;
  if (p.m() % piece || p.k() % piece || (!floats && p.n() % piece))
    return refuse("an 8-bit product whose sizes are not multiples of " +
                  std::to_string(piece));
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t checkEpilogue(const Product &p) {
  const MatmulDesc &desc = p.desc;
  switch (desc.epilogue) {
  case CUBLASLT_EPILOGUE_DEFAULT:
  case CUBLASLT_EPILOGUE_RELU:
  case CUBLASLT_EPILOGUE_BIAS:
  case CUBLASLT_EPILOGUE_RELU_BIAS:
  case CUBLASLT_EPILOGUE_GELU:
  case CUBLASLT_EPILOGUE_GELU_BIAS:
    break;
  default:
    return refuse("epilogue " + std::to_string(desc.epilogue));
  }
  bool biased = desc.epilogue & CUBLASLT_EPILOGUE_BIAS;
  if (biased && !desc.bias)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (desc.scaleType == CUDA_R_32I &&
      desc.epilogue != CUBLASLT_EPILOGUE_DEFAULT)
    return refuse("an epilogue of a product in s32");
  auto type = static_cast<cudaDataType_t>(desc.biasType);
  bool known = desc.biasType == MatmulDesc::defaultType || type == CUDA_R_32F ||
               type == CUDA_R_16F || type == CUDA_R_16BF;
  return known ? CUBLAS_STATUS_SUCCESS
               : refuse("bias type " + std::to_string(desc.biasType));
}

cublasStatus_t checkDesc(const Product &p) {
  const MatmulDesc &desc = p.desc;
  if (desc.transposeA > CUBLAS_OP_C || desc.transposeB > CUBLAS_OP_C)
    return CUBLAS_STATUS_INVALID_VALUE;
  if (desc.transposeC != CUBLAS_OP_N)
    return refuse("a transposed C");
  if (desc.fill != CUBLAS_FILL_MODE_FULL)
    return refuse("filling a triangle");
  if (desc.pointerMode > CUBLASLT_POINTER_MODE_DEVICE)
    return refuse("pointer mode " + std::to_string(desc.pointerMode));
  for (int32_t mode : desc.scaleModes)
    if (mode != 0)
      return refuse("scale mode " + std::to_string(mode));
  bool scaled = desc.maximum;
  for (const void *scale : desc.scales)
    scaled |= scale != nullptr;
  if (scaled && !isEightBitFloat(p.a.type))
    return refuse("scaling other matrices than those of 8-bit floats");
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t checkLayout(const MatrixLayout &layout) {
  if (layout.order > CUBLASLT_ORDER_ROW)
    return refuse("matrix order " + std::to_string(layout.order));
  if (layout.batchMode != 0)
    return refuse("a batch of pointers");
  if (!bytesOf(layout.type))
    return refuse("matrix type " + std::to_string(layout.type));
  constexpr uint64_t most = uint64_t(1) << 31;
  if (!layout.rows || !layout.columns || layout.rows > most ||
      layout.columns > most || layout.leading < 0 ||
      static_cast<uint64_t>(layout.leading) < layout.lineElements() ||
      static_cast<uint64_t>(layout.leading) > most || layout.batchCount < 1)
    return CUBLAS_STATUS_INVALID_VALUE;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t checkShapes(const Product &p) {
  bool plainA = p.desc.transposeA == CUBLAS_OP_N;
  bool plainB = p.desc.transposeB == CUBLAS_OP_N;
  bool fit = (plainA ? p.a.rows : p.a.columns) == p.m() &&
             (plainB ? p.b.columns : p.b.rows) == p.n() &&
             (plainB ? p.b.rows : p.b.columns) == p.k() && p.c.rows == p.m() &&
             p.c.columns == p.n() && p.a.batchCount == p.d.batchCount &&
             p.b.batchCount == p.d.batchCount &&
             p.c.batchCount == p.d.batchCount;
  return fit ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_INVALID_VALUE;
}

} // namespace

cublasStatus_t Product::check() const {
  for (const MatrixLayout *layout : {&a, &b, &c, &d}) {
    cublasStatus_t status = checkLayout(*layout);
    if (status != CUBLAS_STATUS_SUCCESS)
      return status;
  }
  for (auto rule :
       {checkShapes, checkTypes, checkDesc, checkEpilogue, checkEightBit}) {
    cublasStatus_t status = rule(*this);
    if (status != CUBLAS_STATUS_SUCCESS)
      return status;
  }
  return CUBLAS_STATUS_SUCCESS;
}

} // namespace emulator::cublaslt
