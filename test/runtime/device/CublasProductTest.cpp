//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/CublasProduct.h"
#include "runtime/device/CudaMemory.h"

#include <gmock/gmock.h>

#include <cstring>

using namespace moert;
using testing::HasSubstr;

namespace {

constexpr int64_t columns = 12, depth = 8;
constexpr uint64_t workspaceBytes = 1024;

/// A kernel of an artifact, with three operands.
class ProductKernel {
public:
  ProductKernel(const char *name, format::LibraryProduct shape) {
    builder.Finish(format::CreateKernelDirect(builder, name, "linear", 3, 1,
                                              nullptr, nullptr, nullptr,
                                              nullptr, nullptr, &shape));
  }
  const format::Kernel &get() const {
    return *flatbuffers::GetRoot<format::Kernel>(builder.GetBufferPointer());
  }

private:
  flatbuffers::FlatBufferBuilder builder;
};

/// The emulated device, and a context on it.
class CublasProductTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_TRUE(CudaDriver::load(EMULATED_CUDA, driver).ok());
    cuda::CUdevice device;
    ASSERT_EQ(driver->cuDeviceGet(&device, 0), cuda::CUDA_SUCCESS);
    ASSERT_EQ(driver->cuDevicePrimaryCtxRetain(&context, device),
              cuda::CUDA_SUCCESS);
    ASSERT_EQ(driver->cuCtxPushCurrent_v2(context), cuda::CUDA_SUCCESS);
    Status status = CublasLibrary::load(EMULATED_CUBLASLT, library);
    ASSERT_TRUE(status.ok()) << status.message;
  }
  void TearDown() override {
    cuda::CUcontext popped;
    driver->cuCtxPopCurrent_v2(&popped);
  }

  /// Multiplies rows [R, 8] with a weight [12, 8] of small whole numbers, whose
  /// sums are exact.
  void check(format::DataType type, int64_t rows, int64_t mostRows,
             bool hasResidual);
  std::vector<float> multiply(const CublasProduct &product, int64_t rows,
                              bool hasResidual);
  DeviceMemory upload(const std::vector<uint8_t> &bytes);

  std::shared_ptr<CudaDriver> driver;
  cuda::CUcontext context = nullptr;
  std::shared_ptr<const CublasLibrary> library;
};

float valueAt(int64_t seed, int64_t row, int64_t column) {
  return static_cast<float>((seed + row * 3 + column * 7) % 11 - 5);
}

/// A matrix of valueAt as the device has it.
std::vector<uint8_t> matrix(format::DataType type, int64_t seed, int64_t rows,
                            int64_t length) {
  size_t size = type == format::DataType::F32 ? 4 : 2;
  std::vector<uint8_t> bytes;
  for (int64_t i = 0; i < rows * length; ++i) {
    float value = valueAt(seed, i / length, i % length);
    uint8_t parts[sizeof(value)];
    std::memcpy(parts, &value, sizeof(value));
    // The upper half of a float is a bfloat16.
    bytes.insert(bytes.end(), parts + sizeof(value) - size,
                 parts + sizeof(value));
  }
  return bytes;
}

} // namespace

DeviceMemory CublasProductTest::upload(const std::vector<uint8_t> &bytes) {
  DeviceMemory memory;
  EXPECT_TRUE(
      DeviceMemory::allocate(*driver, bytes.size(), "a matrix", memory).ok());
  EXPECT_EQ(driver->cuMemcpyHtoD_v2(memory.get(), bytes.data(), bytes.size()),
            cuda::CUDA_SUCCESS);
  return memory;
}

std::vector<float> CublasProductTest::multiply(const CublasProduct &product,
                                               int64_t rows, bool hasResidual) {
  format::DataType type = product.shape().type();
  DeviceMemory x = upload(matrix(type, 1, rows, depth));
  DeviceMemory w = upload(matrix(type, 2, columns, depth));
  DeviceMemory r = upload(matrix(format::DataType::F32, 3, rows, columns));
  // What is not added may be anything.
  DeviceMemory y = upload(std::vector<uint8_t>(rows * columns * 4, 0xff));
  DeviceMemory workspace = upload(std::vector<uint8_t>(workspaceBytes));
  cuda::CUstream stream;
  EXPECT_EQ(driver->cuStreamCreate(&stream, cuda::CU_STREAM_NON_BLOCKING),
            cuda::CUDA_SUCCESS);
  Status status = product.enqueue(
      stream, rows,
      {x.get(), w.get(), y.get(), hasResidual ? r.get() : 0, workspace.get()});
  EXPECT_TRUE(status.ok()) << status.message;
  std::vector<float> found(rows * columns);
  EXPECT_EQ(driver->cuMemcpyDtoHAsync_v2(found.data(), y.get(),
                                         found.size() * sizeof(float), stream),
            cuda::CUDA_SUCCESS);
  EXPECT_EQ(driver->cuStreamSynchronize(stream), cuda::CUDA_SUCCESS);
  driver->cuStreamDestroy_v2(stream);
  return found;
}

void CublasProductTest::check(format::DataType type, int64_t rows,
                              int64_t mostRows, bool hasResidual) {
  ProductKernel kernel("product", {0, 1, hasResidual ? 2u : 3u, type, columns,
                                   depth, workspaceBytes});
  CublasProduct product(library, kernel.get());
  Status status = product.prepare(mostRows);
  ASSERT_TRUE(status.ok()) << status.message;
  std::vector<float> found = multiply(product, rows, hasResidual);
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t column = 0; column < columns; ++column) {
      float sum = hasResidual ? valueAt(3, row, column) : 0;
      for (int64_t k = 0; k < depth; ++k)
        sum += valueAt(1, row, k) * valueAt(2, column, k);
      EXPECT_EQ(found[row * columns + column], sum) << row << ", " << column;
    }
}

TEST_F(CublasProductTest, MultipliesAnyNumberOfRows) {
  for (int64_t rows : {1, 2, 3, 5, 8, 11})
    check(format::DataType::BF16, rows, 11, false);
}

TEST_F(CublasProductTest, AddsAResidual) {
  for (int64_t rows : {1, 7})
    check(format::DataType::BF16, rows, 8, true);
}

TEST_F(CublasProductTest, MultipliesF32) {
  check(format::DataType::F32, 3, 4, false);
  check(format::DataType::F32, 4, 4, true);
}

TEST_F(CublasProductTest, SaysWhatTheLibraryCannotDo) {
  ProductKernel kernel(
      "nothing", {0, 1, 3, format::DataType::BF16, 0, depth, workspaceBytes});
  CublasProduct product(library, kernel.get());
  EXPECT_THAT(product.prepare(4).message,
              HasSubstr("cuBLASLt cannot find an algorithm for nothing: an "
                        "invalid value was used as an argument "
                        "(CUBLAS_STATUS_INVALID_VALUE)"));
}

TEST(CublasLibraryTest, SaysWhatIsMissing) {
  std::shared_ptr<const CublasLibrary> library;
  Status status = CublasLibrary::load("/nowhere/libcublasLt.so.13", library);
  EXPECT_EQ(status.code, MOERT_UNSUPPORTED);
  EXPECT_THAT(status.message,
              HasSubstr("cannot be loaded: /nowhere/libcublasLt.so.13: "));
  EXPECT_THAT(status.message, HasSubstr("name it in MOERT_LIBCUBLASLT"));
  EXPECT_THAT(status.message, HasSubstr("--deterministic=batch"));
  status = CublasLibrary::load(EMULATED_CUDA, library);
  EXPECT_THAT(status.message, HasSubstr(" has no function cublasLt"));
  EXPECT_FALSE(library);
}
