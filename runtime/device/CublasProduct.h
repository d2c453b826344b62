//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A kernel of an artifact that cuBLASLt computes.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_CUBLASPRODUCT_H
#define RUNTIME_DEVICE_CUBLASPRODUCT_H

#include "runtime/artifact/Artifact.h"
#include "runtime/device/CublasLibrary.h"
#include "runtime/device/CudaDriver.h"

#include <vector>

namespace moert {

/// Where a launch finds its matrices.
struct ProductMemory {
  cuda::CUdeviceptr rows, weight, result;
  cuda::CUdeviceptr residual; ///< 0: nothing is added
  cuda::CUdeviceptr workspace;
};

class CublasProduct {
public:
  CublasProduct(std::shared_ptr<const CublasLibrary> library,
                const format::Kernel &kernel);
  CublasProduct(const CublasProduct &) = delete;
  CublasProduct &operator=(const CublasProduct &) = delete;
  ~CublasProduct();

  /// Makes the descriptors, and asks for an algorithm for each of 1, 2, 4 ...
  /// rows, up to `mostRows`.
  Status prepare(int64_t mostRows);

  /// Puts the product for `rows` rows, at most `mostRows`, into the stream.
  Status enqueue(cuda::CUstream stream, int64_t rows,
                 const ProductMemory &memory) const;

  const format::LibraryProduct &shape() const { return product; }

private:
  /// Descriptors of the matrices that have a column for each row.
  struct Columns {
    cublas::cublasLtMatrixLayout_t rows = nullptr, result = nullptr;
  };

  Status makeDescriptors();
  Status makeColumns(int64_t rows, Columns &columns) const;
  void destroy(const Columns &columns) const;
  Status ask(const Columns &columns,
             cublas::cublasLtMatmulAlgo_t &algorithm) const;
  Status choose(int64_t rows, const Columns &columns,
                cublas::cublasLtMatmulAlgo_t &algorithm) const;

  std::shared_ptr<const CublasLibrary> library;
  const format::LibraryProduct &product;
  std::string name;
  cublas::cudaDataType_t type;
  cublas::cublasLtMatmulDesc_t operation = nullptr;
  cublas::cublasLtMatrixLayout_t weight = nullptr;
  cublas::cublasLtMatmulPreference_t preference = nullptr;
  std::vector<cublas::cublasLtMatmulAlgo_t> algorithms; ///< for up to 2^i rows
};

} // namespace moert

#endif // RUNTIME_DEVICE_CUBLASPRODUCT_H
