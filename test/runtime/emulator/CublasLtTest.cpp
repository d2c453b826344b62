//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "DriverLibrary.h"
#include "runtime/emulator/cublaslt/CublasLt.h"

#include <cmath>
#include <cstring>

namespace {

using namespace emulator::cublaslt;

void *blasSymbol(const char *name) {
  static void *library = dlopen(EMULATED_CUBLASLT, RTLD_NOW | RTLD_LOCAL);
  void *symbol = library ? dlsym(library, name) : nullptr;
  if (!symbol) {
    std::fprintf(stderr, "%s: %s\n", name, dlerror());
    std::abort();
  }
  return symbol;
}

/// A function of the library, with the type that CublasLt.h declares.
#define LT(name)                                                               \
  (reinterpret_cast<decltype(&emulator::cublaslt::name)>(blasSymbol(#name)))
#define EXPECT_DONE(call) EXPECT_EQ(call, CUBLAS_STATUS_SUCCESS)

/// How a matrix lies in memory; rows and columns are those of the product.
struct Place {
  bool transposed = false; ///< the matrix that is stored is the transpose
  bool rowMajor = false;
  unsigned padding = 0; ///< of each line, in elements
};

/// A small integer for each element, so that sums in f32 are exact.
float valueAt(unsigned seed, unsigned batch, unsigned row, unsigned column) {
  return static_cast<float>((seed + batch * 5 + row * 3 + column * 7) % 11) - 5;
}

uint16_t half(float value, cudaDataType_t type) {
  uint32_t bits;
  if (type == CUDA_R_16BF) {
    std::memcpy(&bits, &value, 4);
    return static_cast<uint16_t>(bits >> 16);
  }
  _Float16 rounded = static_cast<_Float16>(value);
  uint16_t result;
  std::memcpy(&result, &rounded, 2);
  return result;
}

float wide(uint16_t value, cudaDataType_t type) {
  if (type == CUDA_R_16BF) {
    uint32_t bits = uint32_t(value) << 16;
    float result;
    std::memcpy(&result, &bits, 4);
    return result;
  }
  _Float16 result;
  std::memcpy(&result, &value, 2);
  return static_cast<float>(result);
}

/// A matrix on the device, batch by batch.
class Matrix {
public:
  Matrix(unsigned rows, unsigned columns, unsigned batches, cudaDataType_t type,
         Place place)
      : type(type), place(place), storedRows(place.transposed ? columns : rows),
        storedColumns(place.transposed ? rows : columns),
        line((place.rowMajor ? storedColumns : storedRows) + place.padding),
        stride(line * (place.rowMajor ? storedRows : storedColumns) + 3),
        batches(batches), bytes(stride * batches * elementBytes(), 0) {
    int64_t leading = line, offset = stride;
    auto order = place.rowMajor ? CUBLASLT_ORDER_ROW : CUBLASLT_ORDER_COL;
    auto count = static_cast<int32_t>(batches);
    EXPECT_DONE(LT(cublasLtMatrixLayoutCreate)(&layout, type, storedRows,
                                               storedColumns, leading));
    set(CUBLASLT_MATRIX_LAYOUT_ORDER, order);
    set(CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, count);
    set(CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, offset);
  }
  ~Matrix() { LT(cublasLtMatrixLayoutDestroy)(layout); }
  Matrix(const Matrix &) = delete;

  template <class T> void set(cublasLtMatrixLayoutAttribute_t name, T value) {
    EXPECT_DONE(LT(cublasLtMatrixLayoutSetAttribute)(layout, name, &value,
                                                     sizeof value));
  }
  void fill(unsigned seed, unsigned rows, unsigned columns) {
    std::vector<char> host(bytes.count, char(0x7f));
    for (unsigned n = 0; n != batches; ++n)
      for (unsigned i = 0; i != rows; ++i)
        for (unsigned j = 0; j != columns; ++j)
          put(&host[at(n, i, j)], valueAt(seed, n, i, j));
    bytes.set(host);
  }
  float get(const std::vector<char> &host, unsigned n, unsigned i,
            unsigned j) const {
    float value;
    uint16_t small;
    std::memcpy(&value, &host[at(n, i, j)], elementBytes());
    std::memcpy(&small, &host[at(n, i, j)], 2);
    return type == CUDA_R_32F ? value : wide(small, type);
  }
  void *data() const { return reinterpret_cast<void *>(bytes.pointer); }

private:
  unsigned elementBytes() const { return type == CUDA_R_32F ? 4 : 2; }
  size_t at(unsigned n, unsigned i, unsigned j) const {
    if (place.transposed)
      std::swap(i, j);
    return (n * stride + (place.rowMajor ? i * line + j : j * line + i)) *
           elementBytes();
  }
  void put(char *to, float value) const {
    uint16_t small = half(value, type);
    std::memcpy(to, type == CUDA_R_32F ? static_cast<void *>(&value) : &small,
                elementBytes());
  }

  cudaDataType_t type;
  Place place;
  unsigned storedRows, storedColumns, line, stride, batches;

public:
  DeviceArray<char> bytes;
  cublasLtMatrixLayout_t layout = nullptr;
};

class CublasLtTest : public DriverTest {
protected:
  void SetUp() override {
    DriverTest::SetUp();
    ASSERT_EQ(CUBLAS_STATUS_SUCCESS, LT(cublasLtCreate)(&handle));
    ASSERT_EQ(CUBLAS_STATUS_SUCCESS, 
        LT(cublasLtMatmulDescCreate)(&desc, CUBLAS_COMPUTE_32F, CUDA_R_32F));
  }
  void TearDown() override {
    EXPECT_DONE(LT(cublasLtMatmulDescDestroy)(desc));
    EXPECT_DONE(LT(cublasLtDestroy)(handle));
    DriverTest::TearDown();
  }
  template <class T> void set(cublasLtMatmulDescAttributes_t name, T value) {
    EXPECT_DONE(
        LT(cublasLtMatmulDescSetAttribute)(desc, name, &value, sizeof value));
  }
  cublasStatus_t multiply(const Matrix &a, const Matrix &b, const Matrix &c,
                          const Matrix &d) {
    return LT(cublasLtMatmul)(handle, desc, &alpha, a.data(), a.layout,
                              b.data(), b.layout, &beta, c.data(), c.layout,
                              d.data(), d.layout, nullptr, nullptr, 0, nullptr);
  }
  /// D = 2AB - C of 5x7 and 7x3, two of them, against the sum in the host's
  /// f32: all numbers are small integers, so every type is exact.
  void expectProduct(cudaDataType_t input, cudaDataType_t output, Place ofA,
                     Place ofB, Place ofD) {
    constexpr unsigned m = 5, n = 3, k = 7, batches = 2;
    Matrix a(m, k, batches, input, ofA), b(k, n, batches, input, ofB);
    Matrix c(m, n, batches, output, ofD), d(m, n, batches, output, ofD);
    a.fill(1, m, k);
    b.fill(2, k, n);
    c.fill(3, m, n);
    set(CUBLASLT_MATMUL_DESC_TRANSA,
        ofA.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB,
        ofB.transposed ? CUBLAS_OP_T : CUBLAS_OP_N);
    ASSERT_EQ(CUBLAS_STATUS_SUCCESS, multiply(a, b, c, d));
    std::vector<char> host = d.bytes.get();
    for (unsigned batch = 0; batch != batches; ++batch)
      for (unsigned i = 0; i != m; ++i)
        for (unsigned j = 0; j != n; ++j) {
          float sum = 0;
          for (unsigned p = 0; p != k; ++p)
            sum += valueAt(1, batch, i, p) * valueAt(2, batch, p, j);
          sum = 2 * sum - valueAt(3, batch, i, j);
          // bf16 keeps 8 bits of a sum that may have 9.
          float slack = output == CUDA_R_16BF ? std::fabs(sum) / 256 : 0;
          EXPECT_NEAR(d.get(host, batch, i, j), sum, slack) << i << " " << j;
        }
  }

  cublasLtHandle_t handle = nullptr;
  cublasLtMatmulDesc_t desc = nullptr;
  float alpha = 2, beta = -1;
};

} // namespace

TEST_F(CublasLtTest, MultipliesEveryType) {
  Place plain, padded{false, false, 2};
  expectProduct(CUDA_R_32F, CUDA_R_32F, plain, padded, plain);
  expectProduct(CUDA_R_16F, CUDA_R_16F, plain, padded, plain);
  expectProduct(CUDA_R_16F, CUDA_R_32F, padded, plain, padded);
  expectProduct(CUDA_R_16BF, CUDA_R_16BF, plain, padded, plain);
  expectProduct(CUDA_R_16BF, CUDA_R_32F, padded, plain, padded);
}

TEST_F(CublasLtTest, MultipliesEveryLayout) {
  for (unsigned bits = 0; bits != 32; ++bits) {
    SCOPED_TRACE(bits);
    expectProduct(CUDA_R_32F, CUDA_R_32F,
                  {(bits & 1) != 0, (bits & 2) != 0, 1},
                  {(bits & 4) != 0, (bits & 8) != 0, 2},
                  {false, (bits & 16) != 0, 3});
  }
}

TEST_F(CublasLtTest, AddsBiasThenAppliesTheEpilogue) {
  constexpr unsigned m = 5, n = 3, k = 7;
  Matrix a(m, k, 1, CUDA_R_32F, {}), b(k, n, 1, CUDA_R_32F, {});
  Matrix d(m, n, 1, CUDA_R_32F, {});
  a.fill(1, m, k);
  b.fill(2, k, n);
  DeviceArray<float> bias(m);
  bias.set({1, -2, 3, -4, 50});
  alpha = 1.0f / 64;
  beta = 0;
  set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias.pointer);
  for (auto epilogue :
       {CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_RELU,
        CUBLASLT_EPILOGUE_RELU_BIAS, CUBLASLT_EPILOGUE_GELU_BIAS}) {
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, epilogue);
    ASSERT_EQ(CUBLAS_STATUS_SUCCESS, multiply(a, b, d, d));
    std::vector<char> host = d.bytes.get();
    for (unsigned i = 0; i != m; ++i)
      for (unsigned j = 0; j != n; ++j) {
        double x = 0;
        for (unsigned p = 0; p != k; ++p)
          x += valueAt(1, 0, i, p) * valueAt(2, 0, p, j);
        x /= 64;
        if (epilogue & CUBLASLT_EPILOGUE_BIAS)
          x += bias.get()[i];
        if (epilogue & CUBLASLT_EPILOGUE_RELU)
          x = std::max(x, 0.0);
        if (epilogue & CUBLASLT_EPILOGUE_GELU)
          x = x / 2 * (1 + std::tanh(std::sqrt(2 / M_PI) *
                                     (x + 0.044715 * x * x * x)));
        // A dozen roundings of f32, of numbers up to 51.
        EXPECT_NEAR(d.get(host, 0, i, j), x, 1e-5) << epilogue;
      }
  }
}

TEST_F(CublasLtTest, HeuristicOffersOneAlgorithmWithoutWorkspace) {
  Matrix a(4, 4, 1, CUDA_R_32F, {}), d(4, 4, 1, CUDA_R_32F, {});
  cublasLtMatmulPreference_t preference = nullptr;
  ASSERT_EQ(LT(cublasLtMatmulPreferenceCreate)(&preference),
            CUBLAS_STATUS_SUCCESS);
  uint64_t most = 1 << 20;
  EXPECT_DONE(LT(cublasLtMatmulPreferenceSetAttribute)(
      preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &most,
      sizeof most));
  cublasLtMatmulHeuristicResult_t results[4] = {};
  int count = -1;
  EXPECT_DONE(LT(cublasLtMatmulAlgoGetHeuristic)(
      handle, desc, a.layout, a.layout, d.layout, d.layout, preference, 4,
      results, &count));
  EXPECT_EQ(count, 1);
  EXPECT_EQ(results[0].workspaceSize, 0u);
  EXPECT_EQ(results[0].state, CUBLAS_STATUS_SUCCESS);
  EXPECT_DONE(LT(cublasLtMatmulPreferenceDestroy)(preference));
}

TEST_F(CublasLtTest, RefusesByName) {
  Matrix a(4, 4, 1, CUDA_R_32F, {}), half(4, 4, 1, CUDA_R_16F, {});
  testing::internal::CaptureStderr();
  EXPECT_EQ(multiply(a, half, a, a), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_NE(testing::internal::GetCapturedStderr().find(
                "a product of different types"),
            std::string::npos);
  set(CUBLASLT_MATMUL_DESC_EPILOGUE, 128);
  testing::internal::CaptureStderr();
  EXPECT_EQ(multiply(a, a, a, a), CUBLAS_STATUS_NOT_SUPPORTED);
  EXPECT_NE(testing::internal::GetCapturedStderr().find("epilogue 128"),
            std::string::npos);
}

TEST_F(CublasLtTest, ShapesThatDoNotFitAreInvalid) {
  Matrix a(4, 5, 1, CUDA_R_32F, {}), d(4, 4, 1, CUDA_R_32F, {});
  EXPECT_EQ(multiply(a, a, d, d), CUBLAS_STATUS_INVALID_VALUE);
  a.set(CUBLASLT_MATRIX_LAYOUT_LD, int64_t(3));
  EXPECT_EQ(multiply(d, a, a, a), CUBLAS_STATUS_INVALID_VALUE);
}
