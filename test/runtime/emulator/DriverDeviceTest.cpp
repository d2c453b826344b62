//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "DriverLibrary.h"

#include <cstring>
#include <thread>

namespace {

using namespace emulator::cuda;

/// The version that cuGetProcAddress finds, as the dynamic linker knows it.
std::string found(const char *name, int version, cuuint64_t flags = 0) {
  void *function = nullptr;
  CU(cuGetProcAddress_v2)(name, &function, version, flags, nullptr);
  Dl_info info = {};
  return function && dladdr(function, &info) && info.dli_sname ? info.dli_sname
                                                               : "";
}

int attribute(CUdevice_attribute attribute) {
  int value = -1;
  EXPECT_OK(CU(cuDeviceGetAttribute)(&value, attribute, 0));
  return value;
}

} // namespace

// Before any other test: googletest runs suites in the order of definition.
TEST(BeforeInit, EveryCallIsNotInitialized) {
  CUdeviceptr pointer;
  int count;
  EXPECT_EQ(CU(cuMemAlloc_v2)(&pointer, 4), CUDA_ERROR_NOT_INITIALIZED);
  EXPECT_EQ(CU(cuDeviceGetCount)(&count), CUDA_ERROR_NOT_INITIALIZED);
  EXPECT_EQ(CU(cuCtxSynchronize)(), CUDA_ERROR_NOT_INITIALIZED);
  int version = 0;
  EXPECT_OK(CU(cuDriverGetVersion)(&version));
  EXPECT_EQ(version, 13000);
  EXPECT_EQ(CU(cuInit)(1), CUDA_ERROR_INVALID_VALUE);
}

TEST(Errors, HaveNamesAndTexts) {
  const char *text = nullptr;
  EXPECT_OK(CU(cuGetErrorName)(CUDA_ERROR_ILLEGAL_ADDRESS, &text));
  EXPECT_STREQ(text, "CUDA_ERROR_ILLEGAL_ADDRESS");
  EXPECT_OK(CU(cuGetErrorString)(CUDA_ERROR_OUT_OF_MEMORY, &text));
  EXPECT_STREQ(text, "out of memory");
  EXPECT_EQ(CU(cuGetErrorName)(static_cast<CUresult>(12345), &text),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(text, nullptr);
}

TEST(Exports, HaveEverySymbolOfTheDriver) {
#define EXPORT(name, version) EXPECT_NE(driverSymbol(#name), nullptr);
#include "runtime/emulator/driver/Exports.def"
}

TEST(Exports, RefuseByNameWhatIsNotSupported) {
  testing::internal::CaptureStderr();
  auto create =
      reinterpret_cast<CUresult (*)()>(driverSymbol("cuArrayCreate_v2"));
  EXPECT_EQ(create(), CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "cuArrayCreate_v2 is not supported by the emulated device\n");
}

TEST(ProcAddress, FindsTheNewestVersionThatTheCallerKnows) {
  EXPECT_EQ(found("cuMemAlloc", 13000), "cuMemAlloc_v2");
  EXPECT_EQ(found("cuMemAlloc", 2000), "cuMemAlloc");
  EXPECT_EQ(found("cuCtxCreate", 13000), "cuCtxCreate_v4");
  EXPECT_EQ(found("cuCtxCreate", 12000), "cuCtxCreate_v3");
  EXPECT_EQ(found("cuCtxCreate", 11000), "cuCtxCreate_v2");
  EXPECT_EQ(found("cuGraphInstantiate", 13000), "cuGraphInstantiateWithFlags");
  EXPECT_EQ(found("cuLaunchKernel", 13000,
                  CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM),
            "cuLaunchKernel_ptsz");
  EXPECT_EQ(
      found("cuInit", 13000, CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM),
      "cuInit");
}

TEST(ProcAddress, TellsAnUnknownNameFromANewerOne) {
  void *function = &function;
  CUdriverProcAddressQueryResult status;
  EXPECT_EQ(CU(cuGetProcAddress_v2)("cuNoSuchFunction", &function, 13000, 0,
                                    &status),
            CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(status, CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND);
  EXPECT_EQ(function, nullptr);
  EXPECT_EQ(CU(cuGetProcAddress_v2)("cuLibraryLoadData", &function, 11000, 0,
                                    &status),
            CUDA_ERROR_NOT_FOUND);
  EXPECT_EQ(status, CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT);
}

TEST_F(DriverTest, DeviceIsAnH100) {
  int count = 0;
  CUdevice device = -1;
  EXPECT_OK(CU(cuDeviceGetCount)(&count));
  EXPECT_EQ(count, 1);
  EXPECT_OK(CU(cuDeviceGet)(&device, 0));
  EXPECT_EQ(CU(cuDeviceGet)(&device, 1), CUDA_ERROR_INVALID_DEVICE);
  char name[64];
  EXPECT_OK(CU(cuDeviceGetName)(name, sizeof(name), 0));
  EXPECT_STREQ(name, "Emulated sm_90a");
  EXPECT_EQ(attribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR), 9);
  EXPECT_EQ(attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT), 132);
  EXPECT_EQ(attribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN),
            227 * 1024);
  EXPECT_EQ(attribute(CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH), 1);
  int value;
  EXPECT_EQ(CU(cuDeviceGetAttribute)(
                &value, static_cast<CUdevice_attribute>(100000), 0),
            CUDA_ERROR_INVALID_VALUE);
  size_t bytes = 0;
  EXPECT_OK(CU(cuDeviceTotalMem_v2)(&bytes, 0));
  EXPECT_EQ(bytes, size_t(80) << 30);
}

TEST_F(DriverTest, ContextsMakeAStackPerThread) {
  CUcontext created = nullptr, current = nullptr;
  ASSERT_OK(CU(cuCtxCreate_v4)(&created, nullptr, 0, 0));
  EXPECT_OK(CU(cuCtxGetCurrent)(&current));
  EXPECT_EQ(current, created);
  std::thread([] {
    CUcontext other = nullptr;
    EXPECT_OK(CU(cuCtxGetCurrent)(&other));
    EXPECT_EQ(other, nullptr);
    EXPECT_EQ(CU(cuCtxSynchronize)(), CUDA_ERROR_INVALID_CONTEXT);
  }).join();
  EXPECT_OK(CU(cuCtxPopCurrent_v2)(&current));
  EXPECT_EQ(current, created);
  EXPECT_OK(CU(cuCtxGetCurrent)(&current));
  EXPECT_EQ(current, context);
  EXPECT_OK(CU(cuCtxDestroy_v2)(created));
  EXPECT_EQ(CU(cuCtxSetCurrent)(created), CUDA_ERROR_INVALID_CONTEXT);
}

TEST_F(DriverTest, DestroyedContextIsAnErrorWhereItIsStillCurrent) {
  CUcontext created = nullptr;
  ASSERT_OK(CU(cuCtxCreate_v4)(&created, nullptr, 0, 0));
  EXPECT_OK(CU(cuCtxPushCurrent_v2)(context));
  EXPECT_OK(CU(cuCtxDestroy_v2)(created));
  EXPECT_OK(CU(cuCtxPopCurrent_v2)(nullptr));
  EXPECT_EQ(CU(cuCtxSynchronize)(), CUDA_ERROR_CONTEXT_IS_DESTROYED);
  EXPECT_OK(CU(cuCtxPopCurrent_v2)(nullptr));
}

TEST_F(DriverTest, PrimaryContextIsOneAndCounted) {
  CUcontext again = nullptr;
  EXPECT_OK(CU(cuDevicePrimaryCtxRetain)(&again, 0));
  EXPECT_EQ(again, context);
  unsigned flags = 1;
  int active = 0;
  EXPECT_OK(CU(cuDevicePrimaryCtxRelease_v2)(0));
  EXPECT_OK(CU(cuDevicePrimaryCtxGetState)(0, &flags, &active));
  EXPECT_EQ(active, 1);
  EXPECT_EQ(CU(cuCtxDestroy_v2)(context), CUDA_ERROR_INVALID_CONTEXT);
}

TEST_F(DriverTest, ReleasedPrimaryContextCannotBeUsed) {
  EXPECT_OK(CU(cuDevicePrimaryCtxRelease_v2)(0));
  CUdeviceptr pointer;
  EXPECT_EQ(CU(cuMemAlloc_v2)(&pointer, 4), CUDA_ERROR_CONTEXT_IS_DESTROYED);
  EXPECT_EQ(CU(cuDevicePrimaryCtxRelease_v2)(0), CUDA_ERROR_INVALID_CONTEXT);
  EXPECT_OK(CU(cuDevicePrimaryCtxRetain)(&context, 0));
  EXPECT_OK(CU(cuMemAlloc_v2)(&pointer, 4));
}

TEST_F(DriverTest, HandlesThatAreNoneAreRefused) {
  auto garbage = [](auto &handle) {
    uintptr_t bits = 0x1234567890;
    std::memcpy(&handle, &bits, sizeof(handle));
  };
  CUstream stream;
  CUmodule module;
  CUfunction function;
  CUevent event;
  CUgraphExec exec;
  garbage(stream);
  garbage(module);
  garbage(function);
  garbage(event);
  garbage(exec);
  EXPECT_EQ(CU(cuStreamSynchronize)(stream), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(CU(cuStreamDestroy_v2)(stream), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(CU(cuModuleGetFunction)(&function, module, "f"),
            CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(CU(cuEventRecord)(event, nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(CU(cuGraphLaunch)(exec, nullptr), CUDA_ERROR_INVALID_HANDLE);
  EXPECT_EQ(CU(cuLaunchKernel)(function, 1, 1, 1, 1, 1, 1, 0, nullptr, nullptr,
                               nullptr),
            CUDA_ERROR_INVALID_HANDLE);
}
