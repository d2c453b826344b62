//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "DriverLibrary.h"

#include <numeric>

namespace {

using namespace emulator::cuda;

CUresult launchEx(CUfunction function, unsigned blocks, unsigned threads,
                  std::vector<CUlaunchAttribute> attributes,
                  void **parameters = nullptr) {
  CUlaunchConfig config = {blocks,  1, 1, threads, 1, 1, 0,
                           nullptr, attributes.data(),
                           static_cast<unsigned>(attributes.size())};
  return CU(cuLaunchKernelEx)(&config, function, parameters, nullptr);
}

CUlaunchAttribute cluster(unsigned x, unsigned y = 1, unsigned z = 1) {
  CUlaunchAttribute attribute = {};
  attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attribute.value.clusterDim = {x, y, z};
  return attribute;
}

CUlaunchAttribute cooperative() {
  CUlaunchAttribute attribute = {};
  attribute.id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
  attribute.value.cooperative = 1;
  return attribute;
}

} // namespace

TEST_F(KernelTest, TakesParametersByPointersAndByBuffer) {
  DeviceArray<int> from(70), to(70);
  std::vector<int> values(70);
  std::iota(values.begin(), values.end(), 0);
  from.set(values);
  EXPECT_OK(launch(kernel("addValue"), 3, nullptr, to.pointer, from.pointer, 5u,
                   70u));
  EXPECT_EQ(to.get()[69], 74);
  struct {
    CUdeviceptr to, from;
    unsigned value, count;
  } packed = {to.pointer, from.pointer, 9, 70};
  size_t bytes = sizeof packed;
  void *extra[] = {reinterpret_cast<void *>(paramBufferPointer), &packed,
                   reinterpret_cast<void *>(paramBufferSize), &bytes,
                   reinterpret_cast<void *>(paramEnd)};
  EXPECT_OK(CU(cuLaunchKernel)(kernel("addValue"), 3, 1, 1, 32, 1, 1, 0,
                               nullptr, nullptr, extra));
  EXPECT_EQ(to.get()[69], 78);
  bytes = 1000;
  EXPECT_EQ(CU(cuLaunchKernel)(kernel("addValue"), 3, 1, 1, 32, 1, 1, 0,
                               nullptr, nullptr, extra),
            CUDA_ERROR_INVALID_VALUE);
}

TEST_F(KernelTest, GivesDynamicSharedMemory) {
  DeviceArray<int> to(32);
  void *parameters[] = {&to.pointer};
  EXPECT_OK(CU(cuLaunchKernel)(kernel("rotate"), 1, 1, 1, 32, 1, 1, 128,
                               nullptr, parameters, nullptr));
  EXPECT_EQ(to.get()[0], 1);
  EXPECT_EQ(to.get()[31], 0);
}

TEST_F(KernelTest, RefusedLaunchIsNotSticky) {
  CUfunction narrow = kernel("narrow"), count = kernel("count");
  EXPECT_EQ(launchEx(narrow, 1, 65, {}), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launchEx(count, 1, 1025, {}), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launchEx(count, 0, 1, {}), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuLaunchKernel)(count, 1, 1, 1, 1, 1, 1, 48 * 1024 + 1, nullptr,
                               nullptr, nullptr),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(launch(kernel("poke"), 1, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_OK(launchEx(count, 1, 1, {}));
  EXPECT_OK(CU(cuCtxSynchronize)());
}

TEST_F(KernelTest, FaultIsStickyUntilReset) {
  EXPECT_OK(launch(kernel("poke"), 1, nullptr, CUdeviceptr(64)));
  EXPECT_EQ(CU(cuCtxSynchronize)(), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(CU(cuCtxSynchronize)(), CUDA_ERROR_ILLEGAL_ADDRESS);
  CUdeviceptr pointer = 0;
  EXPECT_EQ(CU(cuMemAlloc_v2)(&pointer, 4), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_OK(CU(cuDevicePrimaryCtxReset_v2)(0));
  EXPECT_OK(CU(cuMemAlloc_v2)(&pointer, 4));
}

TEST_F(KernelTest, TrapIsALaunchThatFailed) {
  EXPECT_OK(launch(kernel("stop"), 1, nullptr));
  EXPECT_EQ(CU(cuCtxSynchronize)(), CUDA_ERROR_LAUNCH_FAILED);
}

TEST_F(KernelTest, CooperativeGridMustFit) {
  CUfunction count = kernel("count");
  EXPECT_OK(launchEx(count, 132, 32, {cooperative()}));
  EXPECT_EQ(launchEx(count, 132 * 32 + 1, 32, {cooperative()}),
            CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
  EXPECT_EQ(CU(cuLaunchCooperativeKernel)(count, 132 * 32 + 1, 1, 1, 32, 1, 1,
                                          0, nullptr, nullptr),
            CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE);
}

TEST_F(KernelTest, ClusterMustDivideTheGridAndFit) {
  CUfunction count = kernel("count");
  EXPECT_OK(launchEx(count, 8, 1, {cluster(8)}));
  EXPECT_EQ(launchEx(count, 9, 1, {cluster(2)}),
            CUDA_ERROR_INVALID_CLUSTER_SIZE);
  EXPECT_EQ(launchEx(count, 16, 1, {cluster(16)}),
            CUDA_ERROR_INVALID_CLUSTER_SIZE);
  EXPECT_OK(CU(cuFuncSetAttribute)(
      count, CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1));
  EXPECT_OK(launchEx(count, 16, 1, {cluster(16)}));
  // Their product is 1 modulo 2^64.
  EXPECT_EQ(launchEx(count, 1, 1, {cluster(924223, 215609, 3702849463)}),
            CUDA_ERROR_INVALID_CLUSTER_SIZE);
}

TEST_F(KernelTest, SaysWhichAttributesItLacks) {
  CUlaunchAttribute attribute = {};
  attribute.id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT;
  testing::internal::CaptureStderr();
  EXPECT_EQ(launchEx(kernel("count"), 1, 1, {attribute}),
            CUDA_ERROR_NOT_SUPPORTED);
  EXPECT_NE(testing::internal::GetCapturedStderr().find(
                "PROGRAMMATIC_EVENT is not supported by the emulated device"),
            std::string::npos);
  attribute.id = static_cast<CUlaunchAttributeID>(1000);
  EXPECT_EQ(launchEx(kernel("count"), 1, 1, {attribute}),
            CUDA_ERROR_INVALID_VALUE);
}

TEST_F(KernelTest, OccupancyTakesAnyNumbers) {
  auto blocks = [&](int threads, size_t shared) {
    int count = -1;
    EXPECT_OK(CU(cuOccupancyMaxActiveBlocksPerMultiprocessor)(
        &count, kernel("count"), threads, shared));
    return count;
  };
  EXPECT_EQ(blocks(1024, 0), 2);
  EXPECT_EQ(blocks(1, 0), 32);
  EXPECT_EQ(blocks(32, 227 * 1024), 1);
  EXPECT_EQ(blocks(32, 227 * 1024 + 1), 0);
  EXPECT_EQ(blocks(32, SIZE_MAX), 0);
  EXPECT_EQ(blocks(0x10000000, 0), 0);
  int grid = 0, block = 0;
  for (size_t shared : {SIZE_MAX, SIZE_MAX - 1023, size_t(UINT32_MAX) - 1023}) {
    EXPECT_OK(CU(cuOccupancyMaxPotentialBlockSize)(
        &grid, &block, kernel("count"), nullptr, shared, 0));
    EXPECT_EQ(grid, 0) << shared;
  }
  EXPECT_OK(CU(cuOccupancyMaxPotentialBlockSize)(
      &grid, &block, kernel("narrow"), nullptr, 0, 0));
  EXPECT_EQ(block, 64);
  EXPECT_EQ(grid, 32 * 132);
}

TEST_F(DriverTest, DirectivesMayBeOfAnySize) {
  CUmodule module = nullptr;
  ASSERT_OK(CU(cuModuleLoadData)(
      &module, ".version 8.0\n.target sm_80\n.address_size 64\n"
               ".visible .entry f() .maxntid 65536, 65536, 65536 "
               ".minnctapersm 65536 { ret; }"));
  CUfunction function = nullptr;
  ASSERT_OK(CU(cuModuleGetFunction)(&function, module, "f"));
  EXPECT_OK(launchEx(function, 1, 32, {}));
  EXPECT_OK(CU(cuCtxSynchronize)());
}
