//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/cublaslt/Product.h"
#include "runtime/emulator/cublaslt/DriverLink.h"
#include "runtime/emulator/cublaslt/Element.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <vector>

namespace emulator::cublaslt {

namespace {

using cuda::CUdeviceptr;

/// Leaves run() when an operand is not in the device's memory.
struct BadAddress : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void readDevice(void *to, CUdeviceptr from, size_t bytes, const char *what) {
  if (DriverLink::get()->read(to, from, bytes) != cuda::CUDA_SUCCESS)
    throw BadAddress(what);
}

template <class T> T readScalar(const void *from, const char *what) {
  T value;
  readDevice(&value, reinterpret_cast<CUdeviceptr>(from), sizeof(value), what);
  return value;
}

/// Numbers of a matrix in rows, without gaps.
template <class T> struct Rows {
  uint64_t rows = 0, columns = 0;
  std::vector<T> values;

  Rows(uint64_t rows, uint64_t columns)
      : rows(rows), columns(columns), values(rows * columns) {}
  T &at(uint64_t row, uint64_t column) {
    return values[row * columns + column];
  }
};

void decodeLine(cudaDataType_t type, const std::byte *packed, size_t count,
                float *values) {
  decodeElements(type, packed, count, values);
}

void decodeLine(cudaDataType_t type, const std::byte *packed, size_t count,
                int32_t *values) {
  if (type == CUDA_R_32I) {
    std::memcpy(values, packed, count * sizeof(int32_t));
    return;
  }
  auto from = reinterpret_cast<const int8_t *>(packed);
  std::copy(from, from + count, values);
}

/// Reads a matrix of a batch, transposed if asked for.
template <class T>
Rows<T> readMatrix(const MatrixLayout &layout, CUdeviceptr data,
                   bool transposed, const char *what) {
  Rows<T> matrix(transposed ? layout.columns : layout.rows,
                 transposed ? layout.rows : layout.columns);
  uint64_t length = layout.lineElements(), bytes = bytesOf(layout.type);
  std::vector<std::byte> packed(length * bytes);
  std::vector<T> line(length);
  // A line of the memory is a row of the result, or a column.
  bool isRow = (layout.order == CUBLASLT_ORDER_ROW) != transposed;
  for (uint64_t i = 0; i != layout.lines(); ++i) {
    uint64_t offset = i * static_cast<uint64_t>(layout.leading);
    readDevice(packed.data(), data + offset * bytes, packed.size(), what);
    decodeLine(layout.type, packed.data(), length, line.data());
    for (uint64_t j = 0; j != length; ++j)
      (isRow ? matrix.at(i, j) : matrix.at(j, i)) = line[j];
  }
  return matrix;
}

/// acc += a * b, as sums over k from 0 up.
void multiplyAdd(float a, const float *b, float *sums, uint64_t count) {
  for (uint64_t j = 0; j != count; ++j)
    sums[j] = std::fma(a, b[j], sums[j]);
}

void multiplyAdd(int32_t a, const int32_t *b, int32_t *sums, uint64_t count) {
  for (uint64_t j = 0; j != count; ++j)
    sums[j] = static_cast<int32_t>(static_cast<uint32_t>(sums[j]) +
                                   static_cast<uint32_t>(a) *
                                       static_cast<uint32_t>(b[j]));
}

template <class T> Rows<T> multiply(Rows<T> &a, Rows<T> &b) {
  Rows<T> sums(a.rows, b.columns);
  for (uint64_t i = 0; i != a.rows; ++i)
    for (uint64_t k = 0; k != a.columns; ++k)
      multiplyAdd(a.at(i, k), &b.at(k, 0), &sums.at(i, 0), b.columns);
  return sums;
}

/// The tf32 nearest to a value: 10 bits behind the point, ties away from zero,
/// which is how cvt.rna.tf32 does it.
float roundToTf32(float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  if ((bits & 0x7f800000) == 0x7f800000)
    return value;
  bits = (bits + 0x1000) & ~uint32_t(0x1fff);
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// Rounds f32 operands to what a fast compute type multiplies.
void roundOperand(cublasComputeType_t compute, Rows<float> &matrix) {
  std::vector<uint16_t> packed(matrix.values.size());
  cudaDataType_t type =
      compute == CUBLAS_COMPUTE_32F_FAST_16F ? CUDA_R_16F : CUDA_R_16BF;
  switch (compute) {
  case CUBLAS_COMPUTE_32F_FAST_16F:
  case CUBLAS_COMPUTE_32F_FAST_16BF:
    encodeElements(type, matrix.values.data(), packed.size(), packed.data());
    decodeElements(type, packed.data(), packed.size(), matrix.values.data());
    return;
  case CUBLAS_COMPUTE_32F_FAST_TF32:
    for (float &value : matrix.values)
      value = roundToTf32(value);
    return;
  default:
    return;
  }
}

float gelu(float x) {
  constexpr float slope = 0.7978845608f; // sqrt(2 / pi)
  return 0.5f * x * (1 + std::tanh(slope * (x + 0.044715f * x * x * x)));
}

/// The factors of a product as numbers, those on the device read.
struct Factors {
  float alpha = 1, beta = 0, c = 1, d = 1;
  int32_t alphaInteger = 1, betaInteger = 0;
};

float scaleOf(const void *scale, const char *what) {
  return scale ? readScalar<float>(scale, what) : 1.0f;
}

Factors factorsOf(const Product &p) {
  Factors f;
  bool integer = p.desc.scaleType == CUDA_R_32I;
  bool device = p.desc.pointerMode == CUBLASLT_POINTER_MODE_DEVICE;
  f.alpha = p.alphaValue;
  f.beta = p.betaValue;
  f.alphaInteger = p.alphaInteger;
  f.betaInteger = p.betaInteger;
  if (device && integer) {
    f.alphaInteger = readScalar<int32_t>(p.alpha, "alpha");
    f.betaInteger = readScalar<int32_t>(p.beta, "beta");
  } else if (device) {
    f.alpha = readScalar<float>(p.alpha, "alpha");
    f.beta = readScalar<float>(p.beta, "beta");
  }
  f.alpha *= scaleOf(p.desc.scales[0], "the scale of A") *
             scaleOf(p.desc.scales[1], "the scale of B");
  f.c = scaleOf(p.desc.scales[2], "the scale of C");
  f.d = scaleOf(p.desc.scales[3], "the scale of D");
  return f;
}

cudaDataType_t biasTypeOf(const Product &p) {
  if (p.desc.biasType != MatmulDesc::defaultType)
    return static_cast<cudaDataType_t>(p.desc.biasType);
  if (p.d.type == CUDA_R_8I)
    return p.desc.scaleType;
  if (bytesOf(p.a.type) == 1 && p.a.type != CUDA_R_8I)
    return p.c.type == CUDA_R_16F ? CUDA_R_16F : CUDA_R_16BF;
  return p.d.type;
}

/// One bias for each row of D; zeros if there is none.
std::vector<float> readBias(const Product &p, uint64_t batch) {
  std::vector<float> bias(p.m());
  if (!(p.desc.epilogue & CUBLASLT_EPILOGUE_BIAS))
    return bias;
  cudaDataType_t type = biasTypeOf(p);
  std::vector<std::byte> packed(p.m() * bytesOf(type));
  CUdeviceptr from =
      reinterpret_cast<CUdeviceptr>(p.desc.bias) +
      batch * static_cast<uint64_t>(p.desc.biasStride) * bytesOf(type);
  readDevice(packed.data(), from, packed.size(), "the bias");
  decodeElements(type, packed.data(), bias.size(), bias.data());
  return bias;
}

float activate(cublasLtEpilogue_t epilogue, float value) {
  if (epilogue & CUBLASLT_EPILOGUE_RELU)
    return value > 0 ? value : 0;
  return epilogue & CUBLASLT_EPILOGUE_GELU ? gelu(value) : value;
}

/// Writes D line by line, so that gaps between lines stay as they are.
template <class T, class Encode>
void writeMatrix(const MatrixLayout &layout, CUdeviceptr data, Rows<T> &matrix,
                 Encode encode) {
  uint64_t length = layout.lineElements(), bytes = bytesOf(layout.type);
  std::vector<std::byte> packed(length * bytes);
  std::vector<T> line(length);
  bool isRow = layout.order == CUBLASLT_ORDER_ROW;
  for (uint64_t i = 0; i != layout.lines(); ++i) {
    for (uint64_t j = 0; j != length; ++j)
      line[j] = isRow ? matrix.at(i, j) : matrix.at(j, i);
    encode(line.data(), length, packed.data());
    uint64_t offset = i * static_cast<uint64_t>(layout.leading) * bytes;
    if (DriverLink::get()->write(data + offset, packed.data(), packed.size()) !=
        cuda::CUDA_SUCCESS)
      throw BadAddress("D");
  }
}

/// Where the matrices of one entry of the batch begin.
struct Operands {
  CUdeviceptr a, b, c, d;
};

CUdeviceptr inBatch(const MatrixLayout &layout, CUdeviceptr data,
                    uint64_t batch) {
  return data + batch * static_cast<uint64_t>(layout.batchStride) *
                    bytesOf(layout.type);
}

/// Scale, C, bias, activation. Returns the largest magnitude.
float finish(const Product &p, const Factors &f, uint64_t batch,
             const Operands &at, Rows<float> &sums) {
  std::vector<float> bias = readBias(p, batch);
  Rows<float> c = f.beta != 0 ? readMatrix<float>(p.c, at.c, false, "C")
                              : Rows<float>(p.m(), p.n());
  float largest = 0;
  for (uint64_t i = 0; i != sums.rows; ++i)
    for (uint64_t j = 0; j != sums.columns; ++j) {
      float value = f.alpha * sums.at(i, j);
      if (f.beta != 0)
        value = std::fma(f.beta * f.c, c.at(i, j), value);
      value = activate(p.desc.epilogue, value + bias[i]);
      largest = std::max(largest, std::fabs(value));
      sums.at(i, j) = value * f.d;
    }
  writeMatrix(p.d, at.d, sums,
              [&](const float *values, size_t count, void *packed) {
                encodeElements(p.d.type, values, count, packed);
              });
  return largest;
}

/// alpha * sums + beta * C, all of it modulo 2^32.
void finishIntegers(const Product &p, const Factors &f, const Operands &at,
                    Rows<int32_t> &sums) {
  for (int32_t &sum : sums.values)
    sum = static_cast<int32_t>(static_cast<uint32_t>(sum) *
                               static_cast<uint32_t>(f.alphaInteger));
  if (f.betaInteger) {
    Rows<int32_t> c = readMatrix<int32_t>(p.c, at.c, false, "C");
    multiplyAdd(f.betaInteger, c.values.data(), sums.values.data(),
                sums.values.size());
  }
  writeMatrix(p.d, at.d, sums,
              [](const int32_t *values, size_t count, void *packed) {
                std::memcpy(packed, values, count * sizeof(int32_t));
              });
}

float runFloats(const Product &p, const Factors &f, uint64_t batch,
                const Operands &at) {
  auto a = readMatrix<float>(p.a, at.a, p.desc.transposeA, "A");
  auto b = readMatrix<float>(p.b, at.b, p.desc.transposeB, "B");
  roundOperand(p.desc.compute, a);
  roundOperand(p.desc.compute, b);
  Rows<float> sums = multiply(a, b);
  return finish(p, f, batch, at, sums);
}

void runIntegers(const Product &p, const Factors &f, uint64_t batch,
                 const Operands &at) {
  auto a = readMatrix<int32_t>(p.a, at.a, p.desc.transposeA, "A");
  auto b = readMatrix<int32_t>(p.b, at.b, p.desc.transposeB, "B");
  Rows<int32_t> sums = multiply(a, b);
  if (p.desc.scaleType == CUDA_R_32I)
    return finishIntegers(p, f, at, sums);
  Rows<float> scaled(sums.rows, sums.columns);
  std::copy(sums.values.begin(), sums.values.end(), scaled.values.begin());
  finish(p, f, batch, at, scaled);
}

} // namespace

cuda::CUresult Product::run() {
  try {
    Factors factors = factorsOf(*this);
    float largest = 0;
    for (uint64_t i = 0; i != static_cast<uint64_t>(d.batchCount); ++i) {
      Operands at = {inBatch(a, aData, i), inBatch(b, bData, i),
                     inBatch(c, cData, i), inBatch(d, dData, i)};
      if (integer())
        runIntegers(*this, factors, i, at);
      else
        largest = std::max(largest, runFloats(*this, factors, i, at));
    }
    auto to = reinterpret_cast<CUdeviceptr>(desc.maximum);
    if (to && DriverLink::get()->write(to, &largest, sizeof(largest)) !=
                  cuda::CUDA_SUCCESS)
      throw BadAddress("the maximum of D");
    return cuda::CUDA_SUCCESS;
  } catch (const BadAddress &bad) {
    std::fprintf(stderr,
                 "cublasLtMatmul: %s is not in the memory of the emulated "
                 "device\n",
                 bad.what());
    return cuda::CUDA_ERROR_ILLEGAL_ADDRESS;
  }
}

} // namespace emulator::cublaslt
