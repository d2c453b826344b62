//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Compares the declarations of Cuda.h and Api.h with NVIDIA's. Compiled where
// CUDA is installed; makes no code.
//
//===----------------------------------------------------------------------===//

// With C++ linkage, so that both declarations of a function can be seen.
#define CUDA_API
#include "runtime/emulator/driver/Api.h"

// Before cuda.h defines macros of these names.
namespace {
constexpr unsigned long memHostFlags[] = {
    emulator::cuda::CU_MEMHOSTALLOC_PORTABLE,
    emulator::cuda::CU_MEMHOSTALLOC_DEVICEMAP,
    emulator::cuda::CU_MEMHOSTALLOC_WRITECOMBINED,
    emulator::cuda::CU_MEMHOSTREGISTER_PORTABLE,
    emulator::cuda::CU_MEMHOSTREGISTER_DEVICEMAP,
    emulator::cuda::CU_MEMHOSTREGISTER_IOMEMORY,
    emulator::cuda::CU_MEMHOSTREGISTER_READ_ONLY,
};
} // namespace

// Names of functions as they are exported, without macros for their versions.
#define __CUDA_API_VERSION_INTERNAL
#include <cuda.h>

#include <type_traits>

namespace ours = emulator::cuda;

namespace {

static_assert(memHostFlags[0] == CU_MEMHOSTALLOC_PORTABLE &&
              memHostFlags[1] == CU_MEMHOSTALLOC_DEVICEMAP &&
              memHostFlags[2] == CU_MEMHOSTALLOC_WRITECOMBINED &&
              memHostFlags[3] == CU_MEMHOSTREGISTER_PORTABLE &&
              memHostFlags[4] == CU_MEMHOSTREGISTER_DEVICEMAP &&
              memHostFlags[5] == CU_MEMHOSTREGISTER_IOMEMORY &&
              memHostFlags[6] == CU_MEMHOSTREGISTER_READ_ONLY);

#define SAME(name)                                                             \
  static_assert(static_cast<unsigned>(ours::name) ==                           \
                static_cast<unsigned>(::name));
#define ERROR(name, number, text) SAME(name)
#include "runtime/emulator/driver/Errors.def"
#define ATTRIBUTE(name, number, value) SAME(CU_DEVICE_ATTRIBUTE_##name)
#include "runtime/emulator/driver/DeviceAttributes.def"

// clang-format off
SAME(CU_CTX_SCHED_MASK) SAME(CU_CTX_FLAGS_MASK) SAME(CU_STREAM_DEFAULT)
SAME(CU_STREAM_NON_BLOCKING) SAME(CU_EVENT_DEFAULT) SAME(CU_EVENT_BLOCKING_SYNC)
SAME(CU_EVENT_DISABLE_TIMING) SAME(CU_EVENT_INTERPROCESS)
SAME(CU_MEM_ATTACH_GLOBAL) SAME(CU_MEM_ATTACH_HOST) SAME(CU_MEM_ATTACH_SINGLE)
SAME(CU_MEMORYTYPE_HOST) SAME(CU_MEMORYTYPE_DEVICE) SAME(CU_MEMORYTYPE_ARRAY)
SAME(CU_MEMORYTYPE_UNIFIED) SAME(CU_POINTER_ATTRIBUTE_CONTEXT)
SAME(CU_POINTER_ATTRIBUTE_MEMORY_TYPE) SAME(CU_POINTER_ATTRIBUTE_DEVICE_POINTER)
SAME(CU_POINTER_ATTRIBUTE_HOST_POINTER) SAME(CU_POINTER_ATTRIBUTE_SYNC_MEMOPS)
SAME(CU_POINTER_ATTRIBUTE_BUFFER_ID) SAME(CU_POINTER_ATTRIBUTE_IS_MANAGED)
SAME(CU_POINTER_ATTRIBUTE_DEVICE_ORDINAL)
SAME(CU_POINTER_ATTRIBUTE_IS_LEGACY_CUDA_IPC_CAPABLE)
SAME(CU_POINTER_ATTRIBUTE_RANGE_START_ADDR)
SAME(CU_POINTER_ATTRIBUTE_RANGE_SIZE) SAME(CU_POINTER_ATTRIBUTE_MAPPED)
SAME(CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK)
SAME(CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES)
SAME(CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES)
SAME(CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES) SAME(CU_FUNC_ATTRIBUTE_NUM_REGS)
SAME(CU_FUNC_ATTRIBUTE_PTX_VERSION) SAME(CU_FUNC_ATTRIBUTE_BINARY_VERSION)
SAME(CU_FUNC_ATTRIBUTE_CACHE_MODE_CA)
SAME(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES)
SAME(CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT)
SAME(CU_FUNC_ATTRIBUTE_CLUSTER_SIZE_MUST_BE_SET)
SAME(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_WIDTH)
SAME(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_HEIGHT)
SAME(CU_FUNC_ATTRIBUTE_REQUIRED_CLUSTER_DEPTH)
SAME(CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED)
SAME(CU_FUNC_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE)
SAME(CU_FUNC_CACHE_PREFER_NONE) SAME(CU_FUNC_CACHE_PREFER_EQUAL)
SAME(CU_FUNCTION_LOADING_STATE_UNLOADED) SAME(CU_FUNCTION_LOADING_STATE_LOADED)
SAME(CU_MODULE_EAGER_LOADING) SAME(CU_MODULE_LAZY_LOADING)
SAME(CU_LIMIT_STACK_SIZE) SAME(CU_LIMIT_PRINTF_FIFO_SIZE)
SAME(CU_LIMIT_MALLOC_HEAP_SIZE) SAME(CU_LIMIT_DEV_RUNTIME_SYNC_DEPTH)
SAME(CU_LIMIT_DEV_RUNTIME_PENDING_LAUNCH_COUNT)
SAME(CU_LIMIT_MAX_L2_FETCH_GRANULARITY) SAME(CU_LIMIT_PERSISTING_L2_CACHE_SIZE)
SAME(CU_JIT_WALL_TIME) SAME(CU_JIT_INFO_LOG_BUFFER)
SAME(CU_JIT_INFO_LOG_BUFFER_SIZE_BYTES) SAME(CU_JIT_ERROR_LOG_BUFFER)
SAME(CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES) SAME(CU_JIT_NUM_OPTIONS)
SAME(CU_LIBRARY_NUM_OPTIONS) SAME(CU_LAUNCH_ATTRIBUTE_IGNORE)
SAME(CU_LAUNCH_ATTRIBUTE_ACCESS_POLICY_WINDOW)
SAME(CU_LAUNCH_ATTRIBUTE_COOPERATIVE)
SAME(CU_LAUNCH_ATTRIBUTE_SYNCHRONIZATION_POLICY)
SAME(CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION)
SAME(CU_LAUNCH_ATTRIBUTE_CLUSTER_SCHEDULING_POLICY_PREFERENCE)
SAME(CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION)
SAME(CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT) SAME(CU_LAUNCH_ATTRIBUTE_PRIORITY)
SAME(CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN_MAP)
SAME(CU_LAUNCH_ATTRIBUTE_MEM_SYNC_DOMAIN)
SAME(CU_LAUNCH_ATTRIBUTE_PREFERRED_CLUSTER_DIMENSION)
SAME(CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT)
SAME(CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE)
SAME(CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT)
SAME(CU_STREAM_CAPTURE_STATUS_NONE) SAME(CU_STREAM_CAPTURE_STATUS_ACTIVE)
SAME(CU_STREAM_CAPTURE_STATUS_INVALIDATED) SAME(CU_STREAM_CAPTURE_MODE_GLOBAL)
SAME(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL) SAME(CU_STREAM_CAPTURE_MODE_RELAXED)
SAME(CU_GRAPH_NODE_TYPE_KERNEL) SAME(CU_GRAPH_NODE_TYPE_MEMCPY)
SAME(CU_GRAPH_NODE_TYPE_MEMSET) SAME(CU_GRAPH_NODE_TYPE_HOST)
SAME(CU_GRAPH_NODE_TYPE_EMPTY) SAME(CU_GRAPH_NODE_TYPE_WAIT_EVENT)
SAME(CU_GRAPH_NODE_TYPE_EVENT_RECORD) SAME(CUDA_GRAPH_INSTANTIATE_SUCCESS)
SAME(CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH)
SAME(CUDA_GRAPH_INSTANTIATE_FLAG_UPLOAD)
SAME(CUDA_GRAPH_INSTANTIATE_FLAG_DEVICE_LAUNCH)
SAME(CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY)
SAME(CU_GRAPH_EXEC_UPDATE_SUCCESS) SAME(CU_GRAPH_EXEC_UPDATE_ERROR)
SAME(CU_GRAPH_EXEC_UPDATE_ERROR_TOPOLOGY_CHANGED)
SAME(CU_GRAPH_EXEC_UPDATE_ERROR_NODE_TYPE_CHANGED)
SAME(CU_GET_PROC_ADDRESS_DEFAULT) SAME(CU_GET_PROC_ADDRESS_LEGACY_STREAM)
SAME(CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM)
SAME(CU_GET_PROC_ADDRESS_SUCCESS) SAME(CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND)
SAME(CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT)
SAME(CU_MEMPOOL_ATTR_REUSE_FOLLOW_EVENT_DEPENDENCIES)
SAME(CU_MEMPOOL_ATTR_REUSE_ALLOW_OPPORTUNISTIC)
SAME(CU_MEMPOOL_ATTR_REUSE_ALLOW_INTERNAL_DEPENDENCIES)
SAME(CU_MEMPOOL_ATTR_RELEASE_THRESHOLD)
SAME(CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT)
SAME(CU_MEMPOOL_ATTR_RESERVED_MEM_HIGH) SAME(CU_MEMPOOL_ATTR_USED_MEM_CURRENT)
SAME(CU_MEMPOOL_ATTR_USED_MEM_HIGH) SAME(CU_TENSOR_MAP_DATA_TYPE_UINT8)
SAME(CU_TENSOR_MAP_DATA_TYPE_UINT16) SAME(CU_TENSOR_MAP_DATA_TYPE_UINT32)
SAME(CU_TENSOR_MAP_DATA_TYPE_INT32) SAME(CU_TENSOR_MAP_DATA_TYPE_UINT64)
SAME(CU_TENSOR_MAP_DATA_TYPE_INT64) SAME(CU_TENSOR_MAP_DATA_TYPE_FLOAT16)
SAME(CU_TENSOR_MAP_DATA_TYPE_FLOAT32) SAME(CU_TENSOR_MAP_DATA_TYPE_FLOAT64)
SAME(CU_TENSOR_MAP_DATA_TYPE_BFLOAT16) SAME(CU_TENSOR_MAP_DATA_TYPE_FLOAT32_FTZ)
SAME(CU_TENSOR_MAP_DATA_TYPE_TFLOAT32)
SAME(CU_TENSOR_MAP_DATA_TYPE_TFLOAT32_FTZ)
SAME(CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN8B)
SAME(CU_TENSOR_MAP_DATA_TYPE_16U4_ALIGN16B)
SAME(CU_TENSOR_MAP_DATA_TYPE_16U6_ALIGN16B) SAME(CU_TENSOR_MAP_INTERLEAVE_NONE)
SAME(CU_TENSOR_MAP_INTERLEAVE_16B) SAME(CU_TENSOR_MAP_INTERLEAVE_32B)
SAME(CU_TENSOR_MAP_SWIZZLE_NONE) SAME(CU_TENSOR_MAP_SWIZZLE_32B)
SAME(CU_TENSOR_MAP_SWIZZLE_64B) SAME(CU_TENSOR_MAP_SWIZZLE_128B)
SAME(CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B)
SAME(CU_TENSOR_MAP_SWIZZLE_128B_ATOM_32B_FLIP_8B)
SAME(CU_TENSOR_MAP_SWIZZLE_128B_ATOM_64B) SAME(CU_TENSOR_MAP_L2_PROMOTION_NONE)
SAME(CU_TENSOR_MAP_L2_PROMOTION_L2_256B) SAME(CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE)
SAME(CU_TENSOR_MAP_FLOAT_OOB_FILL_NAN_REQUEST_ZERO_FMA)
    // clang-format on

    /// Whether two types look the same to a caller.
    template <class A, class B>
    constexpr bool sameType() {
  return sizeof(A) == sizeof(B) && alignof(A) == alignof(B) &&
         std::is_pointer_v<A> == std::is_pointer_v<B> &&
         std::is_class_v<A> == std::is_class_v<B>;
}

template <class... A, class... B>
constexpr bool sameFunction(ours::CUresult (*)(A...), ::CUresult (*)(B...)) {
  if constexpr (sizeof...(A) == sizeof...(B))
    return (sameType<A, B>() && ...);
  return false;
}

#define SAME_SIZE(name)                                                        \
  static_assert(sizeof(ours::name) == sizeof(::name) &&                        \
                alignof(ours::name) == alignof(::name));
#define SAME_PLACE(type, member)                                               \
  static_assert(offsetof(ours::type, member) == offsetof(::type, member));
SAME_SIZE(CUuuid)
SAME_SIZE(CUtensorMap)
SAME_SIZE(CUctxCreateParams)
SAME_PLACE(CUctxCreateParams, cigParams)
SAME_SIZE(CUdevprop)
SAME_PLACE(CUdevprop, textureAlign)
SAME_SIZE(CUDA_MEMCPY2D)
SAME_PLACE(CUDA_MEMCPY2D, srcDevice)
SAME_PLACE(CUDA_MEMCPY2D, srcPitch)
SAME_PLACE(CUDA_MEMCPY2D, dstXInBytes)
SAME_PLACE(CUDA_MEMCPY2D, dstDevice)
SAME_PLACE(CUDA_MEMCPY2D, WidthInBytes)
SAME_SIZE(CUmemPoolProps)
SAME_PLACE(CUmemPoolProps, location)
SAME_PLACE(CUmemPoolProps, maxSize)
SAME_SIZE(CUlaunchAttributeValue)
SAME_PLACE(CUlaunchAttributeValue, programmaticEvent.triggerAtBlockStart)
SAME_SIZE(CUlaunchAttribute)
SAME_PLACE(CUlaunchAttribute, value)
SAME_SIZE(CUlaunchConfig)
SAME_PLACE(CUlaunchConfig, sharedMemBytes)
SAME_PLACE(CUlaunchConfig, hStream)
SAME_PLACE(CUlaunchConfig, attrs)
SAME_PLACE(CUlaunchConfig, numAttrs)
SAME_SIZE(CUDA_KERNEL_NODE_PARAMS)
SAME_PLACE(CUDA_KERNEL_NODE_PARAMS, kernelParams)
SAME_PLACE(CUDA_KERNEL_NODE_PARAMS, kern)
SAME_SIZE(CUgraphEdgeData)
SAME_SIZE(CUDA_GRAPH_INSTANTIATE_PARAMS)
SAME_PLACE(CUDA_GRAPH_INSTANTIATE_PARAMS, result_out)
SAME_SIZE(CUgraphExecUpdateResultInfo)
SAME_PLACE(CUgraphExecUpdateResultInfo, errorFromNode)

#define SAME_CALL(name) static_assert(sameFunction(&ours::name, &::name));
// clang-format off
SAME_CALL(cuInit) SAME_CALL(cuDriverGetVersion) SAME_CALL(cuGetErrorName)
SAME_CALL(cuGetErrorString) SAME_CALL(cuGetProcAddress)
SAME_CALL(cuGetProcAddress_v2) SAME_CALL(cuDeviceGet)
SAME_CALL(cuDeviceGetCount) SAME_CALL(cuDeviceGetName)
SAME_CALL(cuDeviceGetUuid) SAME_CALL(cuDeviceGetUuid_v2)
SAME_CALL(cuDeviceTotalMem_v2) SAME_CALL(cuDeviceGetAttribute)
SAME_CALL(cuDeviceGetProperties) SAME_CALL(cuDeviceComputeCapability)
SAME_CALL(cuDeviceGetPCIBusId) SAME_CALL(cuDeviceGetByPCIBusId)
SAME_CALL(cuDeviceCanAccessPeer) SAME_CALL(cuDeviceGetDefaultMemPool)
SAME_CALL(cuDeviceGetMemPool) SAME_CALL(cuDeviceSetMemPool)
SAME_CALL(cuDevicePrimaryCtxRetain) SAME_CALL(cuDevicePrimaryCtxRelease_v2)
SAME_CALL(cuDevicePrimaryCtxReset_v2) SAME_CALL(cuDevicePrimaryCtxSetFlags_v2)
SAME_CALL(cuDevicePrimaryCtxGetState) SAME_CALL(cuCtxCreate_v2)
SAME_CALL(cuCtxCreate_v4) SAME_CALL(cuCtxDestroy_v2)
SAME_CALL(cuCtxPushCurrent_v2) SAME_CALL(cuCtxPopCurrent_v2)
SAME_CALL(cuCtxSetCurrent) SAME_CALL(cuCtxGetCurrent) SAME_CALL(cuCtxGetDevice)
SAME_CALL(cuCtxGetFlags) SAME_CALL(cuCtxSetFlags) SAME_CALL(cuCtxGetId)
SAME_CALL(cuCtxSynchronize) SAME_CALL(cuCtxGetLimit) SAME_CALL(cuCtxSetLimit)
SAME_CALL(cuCtxGetCacheConfig) SAME_CALL(cuCtxSetCacheConfig)
SAME_CALL(cuCtxGetApiVersion) SAME_CALL(cuCtxGetStreamPriorityRange)
SAME_CALL(cuCtxResetPersistingL2Cache) SAME_CALL(cuMemGetInfo_v2)
SAME_CALL(cuMemAlloc_v2) SAME_CALL(cuMemAllocPitch_v2) SAME_CALL(cuMemFree_v2)
SAME_CALL(cuMemGetAddressRange_v2) SAME_CALL(cuMemAllocHost_v2)
SAME_CALL(cuMemFreeHost) SAME_CALL(cuMemHostAlloc)
SAME_CALL(cuMemHostGetDevicePointer_v2) SAME_CALL(cuMemHostGetFlags)
SAME_CALL(cuMemHostRegister_v2) SAME_CALL(cuMemHostUnregister)
SAME_CALL(cuMemAllocManaged) SAME_CALL(cuMemAllocAsync)
SAME_CALL(cuMemFreeAsync) SAME_CALL(cuMemAllocFromPoolAsync)
SAME_CALL(cuMemPoolCreate) SAME_CALL(cuMemPoolDestroy)
SAME_CALL(cuMemPoolTrimTo) SAME_CALL(cuMemPoolSetAttribute)
SAME_CALL(cuMemPoolGetAttribute) SAME_CALL(cuPointerGetAttribute)
SAME_CALL(cuPointerGetAttributes) SAME_CALL(cuMemcpy) SAME_CALL(cuMemcpyAsync)
SAME_CALL(cuMemcpyHtoD_v2) SAME_CALL(cuMemcpyDtoH_v2) SAME_CALL(cuMemcpyDtoD_v2)
SAME_CALL(cuMemcpyHtoDAsync_v2) SAME_CALL(cuMemcpyDtoHAsync_v2)
SAME_CALL(cuMemcpyDtoDAsync_v2) SAME_CALL(cuMemcpy2D_v2)
SAME_CALL(cuMemcpy2DUnaligned_v2) SAME_CALL(cuMemcpy2DAsync_v2)
SAME_CALL(cuMemsetD8_v2) SAME_CALL(cuMemsetD16_v2) SAME_CALL(cuMemsetD32_v2)
SAME_CALL(cuMemsetD2D8_v2) SAME_CALL(cuMemsetD2D16_v2)
SAME_CALL(cuMemsetD2D32_v2) SAME_CALL(cuMemsetD8Async)
SAME_CALL(cuMemsetD16Async) SAME_CALL(cuMemsetD32Async)
SAME_CALL(cuMemsetD2D8Async) SAME_CALL(cuMemsetD2D16Async)
SAME_CALL(cuMemsetD2D32Async) SAME_CALL(cuModuleLoad)
SAME_CALL(cuModuleLoadData) SAME_CALL(cuModuleLoadDataEx)
SAME_CALL(cuModuleLoadFatBinary) SAME_CALL(cuModuleUnload)
SAME_CALL(cuModuleGetLoadingMode) SAME_CALL(cuModuleGetFunction)
SAME_CALL(cuModuleGetFunctionCount) SAME_CALL(cuModuleEnumerateFunctions)
SAME_CALL(cuModuleGetGlobal_v2) SAME_CALL(cuLibraryLoadData)
SAME_CALL(cuLibraryLoadFromFile) SAME_CALL(cuLibraryUnload)
SAME_CALL(cuLibraryGetKernel) SAME_CALL(cuLibraryGetKernelCount)
SAME_CALL(cuLibraryEnumerateKernels) SAME_CALL(cuLibraryGetModule)
SAME_CALL(cuLibraryGetGlobal) SAME_CALL(cuKernelGetFunction)
SAME_CALL(cuKernelGetLibrary) SAME_CALL(cuKernelGetAttribute)
SAME_CALL(cuKernelSetAttribute) SAME_CALL(cuKernelSetCacheConfig)
SAME_CALL(cuKernelGetName) SAME_CALL(cuKernelGetParamInfo)
SAME_CALL(cuFuncGetAttribute) SAME_CALL(cuFuncSetAttribute)
SAME_CALL(cuFuncSetCacheConfig) SAME_CALL(cuFuncGetModule)
SAME_CALL(cuFuncGetName) SAME_CALL(cuFuncGetParamInfo) SAME_CALL(cuFuncIsLoaded)
SAME_CALL(cuFuncLoad) SAME_CALL(cuLaunchKernel) SAME_CALL(cuLaunchKernelEx)
SAME_CALL(cuLaunchCooperativeKernel) SAME_CALL(cuLaunchHostFunc)
SAME_CALL(cuOccupancyMaxActiveBlocksPerMultiprocessor)
SAME_CALL(cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags)
SAME_CALL(cuOccupancyMaxPotentialBlockSize)
SAME_CALL(cuOccupancyMaxPotentialBlockSizeWithFlags)
SAME_CALL(cuOccupancyAvailableDynamicSMemPerBlock)
SAME_CALL(cuOccupancyMaxPotentialClusterSize)
SAME_CALL(cuOccupancyMaxActiveClusters) SAME_CALL(cuStreamCreate)
SAME_CALL(cuStreamCreateWithPriority) SAME_CALL(cuStreamDestroy_v2)
SAME_CALL(cuStreamSynchronize) SAME_CALL(cuStreamQuery)
SAME_CALL(cuStreamWaitEvent) SAME_CALL(cuStreamGetPriority)
SAME_CALL(cuStreamGetFlags) SAME_CALL(cuStreamGetId)
SAME_CALL(cuStreamGetDevice) SAME_CALL(cuStreamGetCtx)
SAME_CALL(cuStreamAddCallback) SAME_CALL(cuEventCreate)
SAME_CALL(cuEventDestroy_v2) SAME_CALL(cuEventRecord)
SAME_CALL(cuEventRecordWithFlags) SAME_CALL(cuEventQuery)
SAME_CALL(cuEventSynchronize) SAME_CALL(cuEventElapsedTime)
SAME_CALL(cuEventElapsedTime_v2) SAME_CALL(cuStreamBeginCapture_v2)
SAME_CALL(cuStreamEndCapture) SAME_CALL(cuStreamIsCapturing)
SAME_CALL(cuStreamGetCaptureInfo_v2) SAME_CALL(cuStreamGetCaptureInfo_v3)
SAME_CALL(cuThreadExchangeStreamCaptureMode)
SAME_CALL(cuGraphInstantiateWithFlags) SAME_CALL(cuGraphInstantiateWithParams)
SAME_CALL(cuGraphLaunch) SAME_CALL(cuGraphUpload) SAME_CALL(cuGraphExecDestroy)
SAME_CALL(cuGraphDestroy) SAME_CALL(cuGraphExecGetFlags)
SAME_CALL(cuGraphGetNodes) SAME_CALL(cuGraphGetRootNodes)
SAME_CALL(cuGraphGetEdges_v2) SAME_CALL(cuGraphNodeGetType)
SAME_CALL(cuGraphNodeGetDependencies_v2)
SAME_CALL(cuGraphKernelNodeGetParams_v2)
SAME_CALL(cuGraphExecKernelNodeSetParams_v2) SAME_CALL(cuGraphExecUpdate_v2)
SAME_CALL(cuTensorMapEncodeTiled) SAME_CALL(cuTensorMapReplaceAddress)
// clang-format on

} // namespace
