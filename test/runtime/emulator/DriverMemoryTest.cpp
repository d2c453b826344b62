//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "DriverLibrary.h"

#include <cstring>
#include <numeric>

namespace {

using namespace emulator::cuda;

std::vector<int> counting(size_t count) {
  std::vector<int> values(count);
  std::iota(values.begin(), values.end(), 0);
  return values;
}

} // namespace

TEST_F(DriverTest, CopiesThereAndBack) {
  std::vector<int> values = counting(300000); // more than one chunk
  DeviceArray<int> a(values.size()), b(values.size());
  a.set(values);
  EXPECT_OK(CU(cuMemcpyDtoD_v2)(b.pointer, a.pointer, values.size() * 4));
  EXPECT_EQ(b.get(), values);
}

TEST_F(DriverTest, CountsMemory) {
  size_t before = 0, after = 0, total = 0;
  EXPECT_OK(CU(cuMemGetInfo_v2)(&before, &total));
  CUdeviceptr pointer = 0;
  EXPECT_OK(CU(cuMemAlloc_v2)(&pointer, 1 << 20));
  EXPECT_OK(CU(cuMemGetInfo_v2)(&after, &total));
  EXPECT_EQ(before - after, size_t(1) << 20);
  EXPECT_OK(CU(cuMemFree_v2)(pointer));
  EXPECT_OK(CU(cuMemGetInfo_v2)(&after, &total));
  EXPECT_EQ(before, after);
  EXPECT_EQ(CU(cuMemAlloc_v2)(&pointer, total + 1), CUDA_ERROR_OUT_OF_MEMORY);
}

TEST_F(DriverTest, RefusesWrongSizesAndPointers) {
  DeviceArray<int> a(4);
  int host[8] = {};
  CUdeviceptr pointer;
  EXPECT_EQ(CU(cuMemAlloc_v2)(&pointer, 0), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemAlloc_v2)(nullptr, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemcpyHtoD_v2)(a.pointer, host, 20), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemcpyDtoH_v2)(host, a.pointer + 4, 16),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemcpyHtoD_v2)(16, host, 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemcpyHtoD_v2)(a.pointer, nullptr, 4),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemcpyDtoH_v2)(host, a.pointer, SIZE_MAX),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemFree_v2)(a.pointer + 4), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemsetD8_v2)(a.pointer, 0, 17), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemsetD32_v2)(a.pointer + 2, 0, 1), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemsetD32_v2)(a.pointer, 0, SIZE_MAX),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_OK(CU(cuCtxSynchronize)()); // nothing of this sticks
}

TEST_F(DriverTest, RefusesToFreeTwice) {
  CUdeviceptr pointer = 0;
  EXPECT_OK(CU(cuMemAlloc_v2)(&pointer, 4));
  EXPECT_OK(CU(cuMemFree_v2)(pointer));
  EXPECT_EQ(CU(cuMemFree_v2)(pointer), CUDA_ERROR_INVALID_VALUE);
  EXPECT_OK(CU(cuMemAllocAsync)(&pointer, 4, nullptr));
  EXPECT_OK(CU(cuMemFreeAsync)(pointer, nullptr));
  EXPECT_EQ(CU(cuMemFreeAsync)(pointer, nullptr), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(CU(cuMemFree_v2)(pointer), CUDA_ERROR_INVALID_VALUE);
  EXPECT_OK(CU(cuMemFree_v2)(0));
}

TEST_F(DriverTest, FillsElementsOfEachSize) {
  DeviceArray<uint32_t> a(4, 0);
  EXPECT_OK(CU(cuMemsetD8_v2)(a.pointer, 0xab, 3));
  EXPECT_OK(CU(cuMemsetD16_v2)(a.pointer + 4, 0x1234, 2));
  EXPECT_OK(CU(cuMemsetD32_v2)(a.pointer + 8, 0xdeadbeef, 1));
  EXPECT_EQ(a.get(), (std::vector<uint32_t>{0xababab, 0x12341234, 0xdeadbeef,
                                            0}));
}

TEST_F(DriverTest, FillsAndCopiesRectangles) {
  DeviceArray<uint16_t> a(4 * 8, 0);
  EXPECT_OK(CU(cuMemsetD2D16_v2)(a.pointer + 2, 16, 7, 2, 3));
  CUDA_MEMCPY2D copy = {};
  std::vector<uint16_t> host(2 * 3);
  copy.srcMemoryType = CU_MEMORYTYPE_DEVICE;
  copy.srcDevice = a.pointer;
  copy.srcXInBytes = 2;
  copy.srcPitch = 16;
  copy.dstMemoryType = CU_MEMORYTYPE_HOST;
  copy.dstHost = host.data();
  copy.WidthInBytes = 4;
  copy.Height = 3;
  EXPECT_OK(CU(cuMemcpy2D_v2)(&copy));
  EXPECT_EQ(host, std::vector<uint16_t>(6, 7));
  copy.srcY = 2; // rows 2 to 4 of 4
  EXPECT_EQ(CU(cuMemcpy2D_v2)(&copy), CUDA_ERROR_INVALID_VALUE);
  copy.srcY = 0;
  copy.srcPitch = 3;
  EXPECT_EQ(CU(cuMemcpy2D_v2)(&copy), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTest, PinnedMemoryIsMemoryOfTheDevice) {
  int *host = nullptr;
  ASSERT_OK(CU(cuMemHostAlloc)(reinterpret_cast<void **>(&host), 64,
                               CU_MEMHOSTALLOC_PORTABLE));
  CUdeviceptr device = 0;
  EXPECT_OK(CU(cuMemHostGetDevicePointer_v2)(&device, host, 0));
  EXPECT_EQ(device, reinterpret_cast<CUdeviceptr>(host));
  EXPECT_OK(CU(cuMemsetD32_v2)(device, 5, 16));
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_EQ(host[15], 5);
  unsigned flags = 0;
  EXPECT_OK(CU(cuMemHostGetFlags)(&flags, host));
  EXPECT_EQ(flags, unsigned(CU_MEMHOSTALLOC_PORTABLE |
                            CU_MEMHOSTALLOC_DEVICEMAP));
  EXPECT_OK(CU(cuMemFreeHost)(host));
  EXPECT_EQ(CU(cuMemFreeHost)(host), CUDA_ERROR_INVALID_VALUE);
}

TEST_F(DriverTest, RegistersHostMemoryOnce) {
  std::vector<int> memory(1024, 3);
  EXPECT_OK(CU(cuMemHostRegister_v2)(memory.data(), 4096, 0));
  EXPECT_EQ(CU(cuMemHostRegister_v2)(memory.data() + 1, 8, 0),
            CUDA_ERROR_HOST_MEMORY_ALREADY_REGISTERED);
  CUdeviceptr device = 0;
  EXPECT_OK(CU(cuMemHostGetDevicePointer_v2)(&device, memory.data(), 0));
  EXPECT_OK(CU(cuMemsetD32_v2)(device, 9, 1));
  EXPECT_OK(CU(cuMemHostUnregister)(memory.data())); // waits
  EXPECT_EQ(memory[0], 9);
  EXPECT_EQ(CU(cuMemHostUnregister)(memory.data()),
            CUDA_ERROR_HOST_MEMORY_NOT_REGISTERED);
}

TEST_F(DriverTest, PageableSourceIsTakenAtOncePinnedOneLater) {
  DeviceArray<int> a(2);
  int pageable = 1;
  int *pinned = nullptr;
  ASSERT_OK(CU(cuMemAllocHost_v2)(reinterpret_cast<void **>(&pinned), 4));
  *pinned = 1;
  CUstream stream = nullptr;
  ASSERT_OK(CU(cuStreamCreate)(&stream, CU_STREAM_NON_BLOCKING));
  EXPECT_OK(CU(cuMemcpyHtoDAsync_v2)(a.pointer, &pageable, 4, stream));
  EXPECT_OK(CU(cuMemcpyHtoDAsync_v2)(a.pointer + 4, pinned, 4, stream));
  pageable = *pinned = 2; // a race for the pinned one
  EXPECT_OK(CU(cuStreamSynchronize)(stream));
  EXPECT_EQ(a.get(), (std::vector<int>{1, 2}));
}

TEST_F(DriverTest, CopyToPageableMemoryIsWaitedFor) {
  DeviceArray<int> a(1, 6);
  CUstream stream = nullptr;
  ASSERT_OK(CU(cuStreamCreate)(&stream, 0));
  int host = 0;
  EXPECT_OK(CU(cuMemsetD32Async)(a.pointer, 8, 1, stream));
  EXPECT_OK(CU(cuMemcpyDtoHAsync_v2)(&host, a.pointer, 4, stream));
  EXPECT_EQ(host, 8);
}

TEST_F(DriverTest, UnifiedCopyFindsOutWhereMemoryIs) {
  DeviceArray<int> a(1, 4);
  int host = 0;
  EXPECT_OK(CU(cuMemcpy)(reinterpret_cast<CUdeviceptr>(&host), a.pointer, 4));
  EXPECT_EQ(host, 4);
  host = 11;
  EXPECT_OK(CU(cuMemcpy)(a.pointer, reinterpret_cast<CUdeviceptr>(&host), 4));
  EXPECT_EQ(a.get()[0], 11);
}

TEST_F(DriverTest, ManagedMemoryIsReadByBoth) {
  CUdeviceptr pointer = 0;
  ASSERT_OK(CU(cuMemAllocManaged)(&pointer, 4, CU_MEM_ATTACH_GLOBAL));
  EXPECT_OK(CU(cuMemsetD32_v2)(pointer, 77, 1));
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_EQ(*reinterpret_cast<int *>(pointer), 77);
  unsigned managed = 0;
  EXPECT_OK(CU(cuPointerGetAttribute)(&managed, CU_POINTER_ATTRIBUTE_IS_MANAGED,
                                      pointer));
  EXPECT_EQ(managed, 1u);
  EXPECT_OK(CU(cuMemFree_v2)(pointer));
}

TEST_F(DriverTest, KnowsWhatAPointerIs) {
  DeviceArray<int> a(16);
  CUmemorytype type;
  CUdeviceptr base = 0;
  size_t bytes = 0;
  CUpointer_attribute attributes[] = {CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                      CU_POINTER_ATTRIBUTE_RANGE_START_ADDR,
                                      CU_POINTER_ATTRIBUTE_RANGE_SIZE};
  void *data[] = {&type, &base, &bytes};
  EXPECT_OK(CU(cuPointerGetAttributes)(3, attributes, data, a.pointer + 12));
  EXPECT_EQ(type, CU_MEMORYTYPE_DEVICE);
  EXPECT_EQ(base, a.pointer);
  EXPECT_EQ(bytes, 64u);
  int local = 0;
  EXPECT_EQ(CU(cuPointerGetAttribute)(&type, CU_POINTER_ATTRIBUTE_MEMORY_TYPE,
                                      reinterpret_cast<CUdeviceptr>(&local)),
            CUDA_ERROR_INVALID_VALUE);
  EXPECT_OK(CU(cuPointerGetAttributes)(1, attributes, data,
                                       reinterpret_cast<CUdeviceptr>(&local)));
  EXPECT_EQ(type, 0u);
}

TEST_F(DriverTest, PoolCountsWhatIsInUse) {
  CUmemoryPool pool = nullptr;
  ASSERT_OK(CU(cuDeviceGetDefaultMemPool)(&pool, 0));
  auto used = [&] {
    uint64_t bytes = 0;
    EXPECT_OK(CU(cuMemPoolGetAttribute)(
        pool, CU_MEMPOOL_ATTR_USED_MEM_CURRENT, &bytes));
    return bytes;
  };
  uint64_t threshold = UINT64_MAX;
  EXPECT_OK(CU(cuMemPoolSetAttribute)(pool, CU_MEMPOOL_ATTR_RELEASE_THRESHOLD,
                                      &threshold));
  CUdeviceptr pointer = 0;
  EXPECT_OK(CU(cuMemAllocAsync)(&pointer, 4096, nullptr));
  EXPECT_EQ(used(), 4096u);
  EXPECT_OK(CU(cuMemFreeAsync)(pointer, nullptr));
  EXPECT_OK(CU(cuCtxSynchronize)());
  EXPECT_EQ(used(), 0u);
}

TEST_F(DriverTest, ResetFreesEverything) {
  size_t before = 0, after = 0, total = 0;
  EXPECT_OK(CU(cuMemGetInfo_v2)(&before, &total));
  CUdeviceptr pointer = 0;
  void *host = nullptr;
  EXPECT_OK(CU(cuMemAlloc_v2)(&pointer, 1 << 20));
  EXPECT_OK(CU(cuMemAllocHost_v2)(&host, 4096));
  CUstream stream = nullptr;
  EXPECT_OK(CU(cuStreamCreate)(&stream, 0));
  EXPECT_OK(CU(cuDevicePrimaryCtxReset_v2)(0));
  EXPECT_OK(CU(cuMemGetInfo_v2)(&after, &total));
  EXPECT_EQ(before, after);
  EXPECT_EQ(CU(cuStreamSynchronize)(stream), CUDA_ERROR_INVALID_HANDLE);
}
