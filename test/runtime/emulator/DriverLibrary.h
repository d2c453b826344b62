//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The built libcuda.so.1, as a program finds it: dlopen and NVIDIA's names.
//
//===----------------------------------------------------------------------===//

#ifndef TEST_RUNTIME_EMULATOR_DRIVERLIBRARY_H
#define TEST_RUNTIME_EMULATOR_DRIVERLIBRARY_H

#include "runtime/emulator/driver/Api.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace cuda = emulator::cuda;

/// A symbol of the library; the test ends if there is none.
inline void *driverSymbol(const char *name) {
  static void *library = dlopen(EMULATED_CUDA, RTLD_NOW | RTLD_LOCAL);
  void *symbol = library ? dlsym(library, name) : nullptr;
  if (!symbol) {
    std::fprintf(stderr, "%s: %s\n", name, dlerror());
    std::abort();
  }
  return symbol;
}

/// A function of the library, with the type that Api.h declares.
#define CU(name)                                                               \
  (reinterpret_cast<decltype(&cuda::name)>(driverSymbol(#name)))

#define EXPECT_OK(call) EXPECT_EQ(call, cuda::CUDA_SUCCESS)
#define ASSERT_OK(call) ASSERT_EQ(call, cuda::CUDA_SUCCESS)

/// The whole text of a file beside the tests.
inline std::string readTestFile(const std::string &name) {
  std::ifstream file(std::string(EMULATOR_TESTS) + "/" + name,
                     std::ios::binary);
  return {std::istreambuf_iterator<char>(file),
          std::istreambuf_iterator<char>()};
}

/// Device memory for a test.
template <class T> class DeviceArray {
public:
  explicit DeviceArray(size_t count, T value = T()) : count(count) {
    EXPECT_OK(CU(cuMemAlloc_v2)(&pointer, count * sizeof(T)));
    set(std::vector<T>(count, value));
  }
  ~DeviceArray() { CU(cuMemFree_v2)(pointer); }
  DeviceArray(const DeviceArray &) = delete;

  void set(const std::vector<T> &values) {
    EXPECT_OK(CU(cuMemcpyHtoD_v2)(pointer, values.data(),
                                  values.size() * sizeof(T)));
  }
  std::vector<T> get() const {
    std::vector<T> values(count);
    EXPECT_OK(CU(cuMemcpyDtoH_v2)(values.data(), pointer, count * sizeof(T)));
    return values;
  }

  cuda::CUdeviceptr pointer = 0;
  size_t count;
};

/// A test with the primary context current; it is reset afterwards.
class DriverTest : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_OK(CU(cuInit)(0));
    ASSERT_OK(CU(cuDevicePrimaryCtxRetain)(&context, 0));
    ASSERT_OK(CU(cuCtxSetCurrent)(context));
  }
  void TearDown() override {
    EXPECT_OK(CU(cuDevicePrimaryCtxReset_v2)(0));
    EXPECT_OK(CU(cuDevicePrimaryCtxRelease_v2)(0));
    EXPECT_OK(CU(cuCtxSetCurrent)(nullptr));
  }

  cuda::CUcontext context = nullptr;
};

/// The kernels of DriverKernels.ptx.
class KernelTest : public DriverTest {
protected:
  void SetUp() override {
    DriverTest::SetUp();
    std::string text = readTestFile("DriverKernels.ptx");
    ASSERT_OK(CU(cuModuleLoadData)(&module, text.c_str()));
  }
  cuda::CUfunction kernel(const char *name) {
    cuda::CUfunction function = nullptr;
    EXPECT_OK(CU(cuModuleGetFunction)(&function, module, name));
    return function;
  }
  /// Launches blocks of 32 threads with the parameters.
  template <class... P>
  cuda::CUresult launch(cuda::CUfunction function, unsigned blocks,
                        cuda::CUstream stream, P... parameters) {
    void *pointers[] = {static_cast<void *>(&parameters)..., nullptr};
    return CU(cuLaunchKernel)(function, blocks, 1, 1, 32, 1, 1, 0, stream,
                              pointers, nullptr);
  }

  cuda::CUmodule module = nullptr;
};

#endif // TEST_RUNTIME_EMULATOR_DRIVERLIBRARY_H
