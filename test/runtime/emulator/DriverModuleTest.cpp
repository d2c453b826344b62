//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "DriverLibrary.h"

namespace {

using namespace emulator::cuda;

/// The path of an image that the fuzz targets begin with.
std::string imageFile(const char *name) {
  return std::string(EMULATOR_TESTS) + "/../../fuzz/image/" + name;
}

} // namespace

TEST_F(KernelTest, FindsKernelsAndVariables) {
  CUdeviceptr pointer = 0;
  size_t bytes = 0;
  EXPECT_OK(CU(cuModuleGetGlobal_v2)(&pointer, &bytes, module, "factors"));
  EXPECT_EQ(bytes, 16u);
  EXPECT_OK(CU(cuModuleGetGlobal_v2)(&pointer, &bytes, module, "counter"));
  int value = 0;
  EXPECT_OK(CU(cuMemcpyDtoH_v2)(&value, pointer, 4));
  EXPECT_EQ(value, 7);
  EXPECT_OK(launch(kernel("count"), 1, nullptr));
  EXPECT_OK(CU(cuMemcpyDtoH_v2)(&value, pointer, 4));
  EXPECT_EQ(value, 8);
  CUfunction function = nullptr;
  EXPECT_EQ(CU(cuModuleGetFunction)(&function, module, "none"),
            CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(CU(cuModuleGetGlobal_v2)(&pointer, &bytes, module, "none"),
            CUDA_ERROR_NOT_FOUND);
  unsigned count = 0;
  EXPECT_OK(CU(cuModuleGetFunctionCount)(&count, module));
  EXPECT_EQ(count, 9u);
}

TEST_F(KernelTest, UnloadedModuleIsNoHandle) {
  CUfunction function = kernel("count");
  EXPECT_OK(CU(cuModuleUnload)(module));
  EXPECT_EQ(CU(cuModuleUnload)(module), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(launch(function, 1, nullptr), CUDA_ERROR_INVALID_HANDLE);
}

TEST_F(KernelTest, FunctionsHaveAttributes) {
  auto attribute = [&](const char *name, CUfunction_attribute which) {
    int value = -1;
    EXPECT_OK(CU(cuFuncGetAttribute)(&value, which, kernel(name)));
    return value;
  };
  EXPECT_EQ(attribute("narrow", CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK), 64);
  EXPECT_EQ(attribute("count", CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK), 1024);
  EXPECT_EQ(attribute("copyFactors", CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES), 16);
  EXPECT_EQ(attribute("count", CU_FUNC_ATTRIBUTE_PTX_VERSION), 80);
  EXPECT_EQ(attribute("count", CU_FUNC_ATTRIBUTE_BINARY_VERSION), 90);
  EXPECT_EQ(CU(cuFuncSetAttribute)(
                kernel("rotate"),
                CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                227 * 1024 + 1),
            CUDA_ERROR_INVALID_VALUE);
  size_t offset = 0, bytes = 0;
  EXPECT_OK(CU(cuFuncGetParamInfo)(kernel("addValue"), 3, &offset, &bytes));
  EXPECT_EQ(offset, 20u);
  EXPECT_EQ(bytes, 4u);
  EXPECT_EQ(CU(cuFuncGetParamInfo)(kernel("addValue"), 4, &offset, &bytes),
            CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTest, LoadsFatBinariesFromMemoryAndFiles) {
  for (const char *name : {"plain.fatbin", "nvcc-speed.fatbin", "object.o"}) {
    CUmodule fromFile = nullptr, fromMemory = nullptr;
    EXPECT_OK(CU(cuModuleLoad)(&fromFile, imageFile(name).c_str())) << name;
    std::string image =
        readTestFile(std::string("../../fuzz/image/") + name);
    EXPECT_OK(CU(cuModuleLoadData)(&fromMemory, image.data())) << name;
    unsigned count = 0;
    EXPECT_OK(CU(cuModuleGetFunctionCount)(&count, fromMemory));
    EXPECT_EQ(count, 1u) << name;
  }
}

TEST_F(DriverTest, RefusesImagesThatAreNone) {
  CUmodule module = nullptr;
  EXPECT_EQ(CU(cuModuleLoad)(&module, "/no/such/file"),
            CUDA_ERROR_FILE_NOT_FOUND);
  EXPECT_EQ(CU(cuModuleLoadData)(&module, "nonsense"),
            CUDA_ERROR_INVALID_IMAGE);
  EXPECT_EQ(CU(cuModuleLoadData)(&module, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuModuleLoadData)(
                &module, ".version 8.0\n.target sm_80\n.address_size 64\nx"),
            CUDA_ERROR_INVALID_PTX);
  EXPECT_EQ(CU(cuModuleLoadData)(
                &module, ".version 8.7\n.target sm_120\n.address_size 64\n"),
            CUDA_ERROR_NO_BINARY_FOR_GPU);
}

TEST_F(DriverTest, LogOfTheJitSaysWhere) {
  char log[256] = "";
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER,
                            CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
  CUmodule module = nullptr;
  EXPECT_EQ(CU(cuModuleLoadDataEx)(
                &module, ".version 8.0\n.target sm_80\n.address_size 64\nx", 2,
                options, values),
            CUDA_ERROR_INVALID_PTX);
  EXPECT_NE(std::string(log).find(":4:1: "), std::string::npos) << log;
}

TEST_F(DriverTest, LibrariesHaveKernelsWithoutAContext) {
  std::string text = readTestFile("DriverKernels.ptx");
  CUlibrary library = nullptr;
  ASSERT_OK(CU(cuLibraryLoadData)(&library, text.c_str(), nullptr, nullptr, 0,
                                  nullptr, nullptr, 0));
  unsigned count = 0;
  EXPECT_OK(CU(cuLibraryGetKernelCount)(&count, library));
  EXPECT_EQ(count, 9u);
  CUkernel kernel = nullptr;
  EXPECT_OK(CU(cuLibraryGetKernel)(&kernel, library, "poke"));
  EXPECT_EQ(CU(cuLibraryGetKernel)(&kernel, library, "none"),
            CUDA_ERROR_NOT_FOUND);
  EXPECT_OK(CU(cuLibraryGetKernel)(&kernel, library, "poke"));
  CUfunction function = nullptr;
  EXPECT_OK(CU(cuKernelGetFunction)(&function, kernel));
  DeviceArray<int> a(1);
  void *parameters[] = {&a.pointer};
  EXPECT_OK(CU(cuLaunchKernel)(function, 1, 1, 1, 1, 1, 1, 0, nullptr,
                               parameters, nullptr));
  // A kernel's handle launches, too.
  EXPECT_OK(CU(cuLaunchKernel)(reinterpret_cast<CUfunction>(kernel), 1, 1, 1, 1,
                               1, 1, 0, nullptr, parameters, nullptr));
  EXPECT_EQ(a.get()[0], 1);
  EXPECT_OK(CU(cuLibraryUnload)(library));
  EXPECT_EQ(CU(cuLibraryUnload)(library), CUDA_ERROR_INVALID_HANDLE);
}
