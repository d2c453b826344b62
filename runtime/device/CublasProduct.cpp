//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/CublasProduct.h"

#include "runtime/abi/Kernel.h"

#include <algorithm>

using namespace moert;
using namespace cublas;

// cuBLASLt's matrices are column-major. Row-major rows [R, K] are K x R there,
// the weight [N, K] is K x N, and the result [R, N] is N x R:
//
//     result = transposed(weight) * rows

CublasProduct::CublasProduct(std::shared_ptr<const CublasLibrary> library,
                             const format::Kernel &kernel)
    : library(std::move(library)), product(*kernel.library()),
      name(kernel.symbol()->str()),
      type(product.type() == format::DataType::F32 ? CUDA_R_32F : CUDA_R_16BF) {
}

CublasProduct::~CublasProduct() {
  if (preference)
    library->cublasLtMatmulPreferenceDestroy(preference);
  if (weight)
    library->cublasLtMatrixLayoutDestroy(weight);
  if (operation)
    library->cublasLtMatmulDescDestroy(operation);
}

Status CublasProduct::makeDescriptors() {
  std::string purpose = "describe " + name;
  Status status;
  auto run = [&](cublasStatus_t result) {
    if (status.ok())
      status = library->check(result, purpose);
  };
  run(library->cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F,
                                        CUDA_R_32F));
  if (!status.ok())
    return status;
  cublasOperation_t transposed = CUBLAS_OP_T;
  run(library->cublasLtMatmulDescSetAttribute(
      operation, CUBLASLT_MATMUL_DESC_TRANSA, &transposed, sizeof(transposed)));
  run(library->cublasLtMatrixLayoutCreate(
      &weight, type, product.depth(), product.columns(),
      static_cast<int64_t>(product.depth())));
  run(library->cublasLtMatmulPreferenceCreate(&preference));
  if (!status.ok())
    return status;
  size_t workspace = product.workspace_bytes();
  run(library->cublasLtMatmulPreferenceSetAttribute(
      preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace,
      sizeof(workspace)));
  uint32_t alignment = MOERT_ALIGNMENT; // of buffers; tensors have more
  for (auto matrix : {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES,
                      CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES,
                      CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES,
                      CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES})
    run(library->cublasLtMatmulPreferenceSetAttribute(
        preference, matrix, &alignment, sizeof(alignment)));
  return status;
}

Status CublasProduct::makeColumns(int64_t rows, Columns &columns) const {
  uint64_t count = static_cast<uint64_t>(rows);
  cublasStatus_t result = library->cublasLtMatrixLayoutCreate(
      &columns.rows, type, product.depth(), count,
      static_cast<int64_t>(product.depth()));
  if (result == CUBLAS_STATUS_SUCCESS)
    result = library->cublasLtMatrixLayoutCreate(
        &columns.result, CUDA_R_32F, product.columns(), count,
        static_cast<int64_t>(product.columns()));
  return library->check(result, "describe " + name);
}

void CublasProduct::destroy(const Columns &columns) const {
  for (cublasLtMatrixLayout_t layout : {columns.rows, columns.result})
    if (layout)
      library->cublasLtMatrixLayoutDestroy(layout);
}

/// The library's best guess.
Status CublasProduct::ask(const Columns &columns,
                          cublasLtMatmulAlgo_t &algorithm) const {
  cublasLtMatmulHeuristicResult_t best{};
  int found = 0;
  cublasStatus_t result = library->cublasLtMatmulAlgoGetHeuristic(
      library->handle, operation, weight, columns.rows, columns.result,
      columns.result, preference, 1, &best, &found);
  if (result == CUBLAS_STATUS_SUCCESS && found < 1)
    result = CUBLAS_STATUS_NOT_SUPPORTED;
  if (result == CUBLAS_STATUS_SUCCESS)
    result = best.state;
  algorithm = best.algo;
  return library->check(result, "find an algorithm for " + name);
}

Status CublasProduct::prepare(int64_t mostRows) {
  Status status = makeDescriptors();
  for (int64_t rows = 1; status.ok(); rows *= 2) {
    Columns columns;
    status = makeColumns(std::min(rows, mostRows), columns);
    if (status.ok())
      status = ask(columns, algorithms.emplace_back());
    destroy(columns);
    if (rows >= mostRows)
      break;
  }
  return status;
}

/// That for the next power of two, so that few algorithms are in use; or one
/// for this number of rows alone, if that does not take it.
Status CublasProduct::choose(int64_t rows, const Columns &columns,
                             cublasLtMatmulAlgo_t &algorithm) const {
  size_t index = 0;
  while (int64_t(1) << index < rows)
    ++index;
  algorithm = algorithms[index];
  cublasLtMatmulHeuristicResult_t known{};
  cublasStatus_t result = library->cublasLtMatmulAlgoCheck(
      library->handle, operation, weight, columns.rows, columns.result,
      columns.result, &algorithm, &known);
  if (result == CUBLAS_STATUS_SUCCESS && known.state == result &&
      known.workspaceSize <= product.workspace_bytes())
    return {};
  return ask(columns, algorithm);
}

Status CublasProduct::enqueue(cuda::CUstream stream, int64_t rows,
                              const ProductMemory &memory) const {
  auto pointer = [](cuda::CUdeviceptr address) {
    return reinterpret_cast<void *>(address);
  };
  const float alpha = 1, beta = memory.residual ? 1 : 0;
  // Not read where beta is 0.
  void *added = pointer(memory.residual ? memory.residual : memory.result);
  Columns columns;
  cublasLtMatmulAlgo_t algorithm;
  Status status = makeColumns(rows, columns);
  if (status.ok())
    status = choose(rows, columns, algorithm);
  if (status.ok())
    status = library->check(
        library->cublasLtMatmul(
            library->handle, operation, &alpha, pointer(memory.weight), weight,
            pointer(memory.rows), columns.rows, &beta, added, columns.result,
            pointer(memory.result), columns.result, &algorithm,
            pointer(memory.workspace), product.workspace_bytes(),
            reinterpret_cast<cudaStream_t>(stream)),
        "multiply " + name);
  destroy(columns);
  return status;
}
