//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// cublasLtMatmul, and the choice of an algorithm for it: there is one.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/cublaslt/DriverLink.h"
#include "runtime/emulator/cublaslt/Product.h"

#include <cstring>
#include <memory>
#include <new>

namespace emulator::cublaslt {

namespace {

constexpr uint64_t algorithmNumber = 0x6f676c614d746c63;

/// What cublasLtCreate makes.
struct Handle {
  static constexpr uint64_t magicNumber = 0x656c646e61487462;
  uint64_t magic = magicNumber;
};

Handle *contentsOf(cublasLtHandle_t handle) {
  auto contents = reinterpret_cast<Handle *>(handle);
  return contents && contents->magic == Handle::magicNumber ? contents
                                                            : nullptr;
}

struct Descriptors {
  cublasLtMatmulDesc_t desc;
  cublasLtMatrixLayout_t a, b, c, d;
};

/// Copies what the descriptors say. False if one is none.
bool take(const Descriptors &from, Product &product) {
  auto desc = cublaslt::contentsOf<MatmulDesc>(from.desc);
  auto a = cublaslt::contentsOf<MatrixLayout>(from.a);
  auto b = cublaslt::contentsOf<MatrixLayout>(from.b);
  auto c = cublaslt::contentsOf<MatrixLayout>(from.c);
  auto d = cublaslt::contentsOf<MatrixLayout>(from.d);
  if (!desc || !a || !b || !c || !d)
    return false;
  product.desc = *desc;
  product.a = *a;
  product.b = *b;
  product.c = *c;
  product.d = *d;
  return true;
}

/// Takes alpha and beta: from the host now, from the device later.
void takeFactors(Product &product, const void *alpha, const void *beta) {
  product.alpha = alpha;
  product.beta = beta;
  if (product.desc.pointerMode == CUBLASLT_POINTER_MODE_DEVICE)
    return;
  if (product.desc.scaleType == CUDA_R_32I) {
    std::memcpy(&product.alphaInteger, alpha, sizeof(int32_t));
    std::memcpy(&product.betaInteger, beta, sizeof(int32_t));
  } else {
    std::memcpy(&product.alphaValue, alpha, sizeof(float));
    std::memcpy(&product.betaValue, beta, sizeof(float));
  }
}

cublasStatus_t statusOf(cuda::CUresult result) {
  switch (result) {
  case cuda::CUDA_SUCCESS:
    return CUBLAS_STATUS_SUCCESS;
  case cuda::CUDA_ERROR_OUT_OF_MEMORY:
    return CUBLAS_STATUS_ALLOC_FAILED;
  case cuda::CUDA_ERROR_NOT_INITIALIZED:
  case cuda::CUDA_ERROR_INVALID_CONTEXT:
    return CUBLAS_STATUS_NOT_INITIALIZED;
  default:
    return CUBLAS_STATUS_EXECUTION_FAILED;
  }
}

/// Elements of all matrices of a batch, in bytes.
size_t bytesOfAll(const MatrixLayout &matrix) {
  return matrix.rows * matrix.columns * static_cast<size_t>(matrix.batchCount) *
         bytesOf(matrix.type);
}

/// Puts a product into a stream of the emulated driver.
cublasStatus_t enqueue(std::unique_ptr<Product> product, cudaStream_t stream) {
  const DriverLink *driver = DriverLink::get();
  if (!driver)
    return refuse("a driver that is not the emulated one");
  size_t read = bytesOfAll(product->a) + bytesOfAll(product->b);
  // A factor on the device may be any.
  if (product->desc.pointerMode == CUBLASLT_POINTER_MODE_DEVICE ||
      product->betaValue != 0 || product->betaInteger != 0)
    read += bytesOfAll(product->c);
  const size_t written = bytesOfAll(product->d);
  cuda::ExtensionWork work = {
      product.release(),
      [](void *closure) { return static_cast<Product *>(closure)->run(); },
      [](void *closure) { delete static_cast<Product *>(closure); },
      "cublasLtMatmul",
      read,
      written};
  return statusOf(
      driver->enqueue(reinterpret_cast<cuda::CUstream>(stream), &work));
}

cublasLtMatmulHeuristicResult_t onlyResult(cublasStatus_t state) {
  cublasLtMatmulHeuristicResult_t result = {};
  result.algo.data[0] = algorithmNumber;
  result.state = state;
  result.wavesCount = 1;
  return result;
}

cuda::CUdeviceptr addressOf(const void *pointer) {
  return reinterpret_cast<cuda::CUdeviceptr>(pointer);
}

} // namespace

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
  if (!handle)
    return CUBLAS_STATUS_INVALID_VALUE;
  *handle = reinterpret_cast<cublasLtHandle_t>(new (std::nothrow) Handle());
  return *handle ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_ALLOC_FAILED;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  Handle *contents = contentsOf(handle);
  if (!contents)
    return CUBLAS_STATUS_NOT_INITIALIZED;
  contents->magic = 0;
  delete contents;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
    cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
    cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
    cublasLtMatmulPreference_t preference, int wanted,
    cublasLtMatmulHeuristicResult_t *results, int *count) {
  if (!contentsOf(handle))
    return CUBLAS_STATUS_NOT_INITIALIZED;
  Product product;
  if (!take({desc, a, b, c, d}, product) || wanted < 1 || !results || !count ||
      (preference && !cublaslt::contentsOf<MatmulPreference>(preference)))
    return CUBLAS_STATUS_INVALID_VALUE;
  cublasStatus_t status = product.check();
  *count = status == CUBLAS_STATUS_SUCCESS ? 1 : 0;
  if (*count)
    *results = onlyResult(status);
  return status;
}

cublasStatus_t
cublasLtMatmulAlgoCheck(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
                        cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                        cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                        const cublasLtMatmulAlgo_t *algorithm,
                        cublasLtMatmulHeuristicResult_t *result) {
  int count;
  if (!algorithm || !result || algorithm->data[0] != algorithmNumber)
    return CUBLAS_STATUS_INVALID_VALUE;
  return cublasLtMatmulAlgoGetHeuristic(handle, desc, a, b, c, d, nullptr, 1,
                                        result, &count);
}

cublasStatus_t
cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t desc,
               const void *alpha, const void *aData, cublasLtMatrixLayout_t a,
               const void *bData, cublasLtMatrixLayout_t b, const void *beta,
               const void *cData, cublasLtMatrixLayout_t c, void *dData,
               cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t *algorithm,
               void *workspace, size_t workspaceBytes, cudaStream_t stream) {
  if (!contentsOf(handle))
    return CUBLAS_STATUS_NOT_INITIALIZED;
  std::unique_ptr<Product> product(new (std::nothrow) Product());
  if (!product)
    return CUBLAS_STATUS_ALLOC_FAILED;
  if (!take({desc, a, b, c, d}, *product) || !alpha || !beta || !aData ||
      !bData || !dData || (algorithm && algorithm->data[0] != algorithmNumber))
    return CUBLAS_STATUS_INVALID_VALUE;
  cublasStatus_t status = product->check();
  if (status != CUBLAS_STATUS_SUCCESS)
    return status;
  takeFactors(*product, alpha, beta);
  product->aData = addressOf(aData);
  product->bData = addressOf(bData);
  product->cData = addressOf(cData);
  product->dData = addressOf(dData);
  return enqueue(std::move(product), stream);
}

} // namespace emulator::cublaslt
