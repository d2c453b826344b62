//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The functions of the driver API that the emulated device has, under the names
// of NVIDIA's symbols. What they do is what NVIDIA documents; where the device
// differs, the definition says so.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_API_H
#define RUNTIME_EMULATOR_DRIVER_API_H

#include "runtime/emulator/driver/Cuda.h"

/// CudaCheck.cpp, which sees cuda.h too, declares them with C++ linkage.
#ifndef CUDA_API
#define CUDA_API extern "C" __attribute__((visibility("default")))
#endif

namespace emulator::cuda {

// Initialisation, versions and errors.
CUDA_API CUresult cuInit(unsigned);
CUDA_API CUresult cuDriverGetVersion(int *);
CUDA_API CUresult cuGetErrorName(CUresult, const char **);
CUDA_API CUresult cuGetErrorString(CUresult, const char **);
CUDA_API CUresult cuGetProcAddress(const char *, void **, int, cuuint64_t);
CUDA_API CUresult cuGetProcAddress_v2(const char *, void **, int, cuuint64_t,
                                      CUdriverProcAddressQueryResult *);

// The device.
CUDA_API CUresult cuDeviceGet(CUdevice *, int);
CUDA_API CUresult cuDeviceGetCount(int *);
CUDA_API CUresult cuDeviceGetName(char *, int, CUdevice);
CUDA_API CUresult cuDeviceGetUuid(CUuuid *, CUdevice);
CUDA_API CUresult cuDeviceGetUuid_v2(CUuuid *, CUdevice);
CUDA_API CUresult cuDeviceTotalMem_v2(size_t *, CUdevice);
CUDA_API CUresult cuDeviceGetAttribute(int *, CUdevice_attribute, CUdevice);
CUDA_API CUresult cuDeviceGetProperties(CUdevprop *, CUdevice);
CUDA_API CUresult cuDeviceComputeCapability(int *, int *, CUdevice);
CUDA_API CUresult cuDeviceGetPCIBusId(char *, int, CUdevice);
CUDA_API CUresult cuDeviceGetByPCIBusId(CUdevice *, const char *);
CUDA_API CUresult cuDeviceCanAccessPeer(int *, CUdevice, CUdevice);
CUDA_API CUresult cuDeviceGetDefaultMemPool(CUmemoryPool *, CUdevice);
CUDA_API CUresult cuDeviceGetMemPool(CUmemoryPool *, CUdevice);
CUDA_API CUresult cuDeviceSetMemPool(CUdevice, CUmemoryPool);

// Contexts.
CUDA_API CUresult cuDevicePrimaryCtxRetain(CUcontext *, CUdevice);
CUDA_API CUresult cuDevicePrimaryCtxRelease_v2(CUdevice);
CUDA_API CUresult cuDevicePrimaryCtxReset_v2(CUdevice);
CUDA_API CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice, unsigned);
CUDA_API CUresult cuDevicePrimaryCtxGetState(CUdevice, unsigned *, int *);
CUDA_API CUresult cuCtxCreate_v2(CUcontext *, unsigned, CUdevice);
CUDA_API CUresult cuCtxCreate_v4(CUcontext *, CUctxCreateParams *, unsigned,
                                 CUdevice);
CUDA_API CUresult cuCtxDestroy_v2(CUcontext);
CUDA_API CUresult cuCtxPushCurrent_v2(CUcontext);
CUDA_API CUresult cuCtxPopCurrent_v2(CUcontext *);
CUDA_API CUresult cuCtxSetCurrent(CUcontext);
CUDA_API CUresult cuCtxGetCurrent(CUcontext *);
CUDA_API CUresult cuCtxGetDevice(CUdevice *);
CUDA_API CUresult cuCtxGetFlags(unsigned *);
CUDA_API CUresult cuCtxSetFlags(unsigned);
CUDA_API CUresult cuCtxGetId(CUcontext, unsigned long long *);
CUDA_API CUresult cuCtxSynchronize();
CUDA_API CUresult cuCtxGetLimit(size_t *, CUlimit);
CUDA_API CUresult cuCtxSetLimit(CUlimit, size_t);
CUDA_API CUresult cuCtxGetCacheConfig(CUfunc_cache *);
CUDA_API CUresult cuCtxSetCacheConfig(CUfunc_cache);
CUDA_API CUresult cuCtxGetApiVersion(CUcontext, unsigned *);
CUDA_API CUresult cuCtxGetStreamPriorityRange(int *, int *);
CUDA_API CUresult cuCtxResetPersistingL2Cache();

// Memory.
CUDA_API CUresult cuMemGetInfo_v2(size_t *, size_t *);
CUDA_API CUresult cuMemAlloc_v2(CUdeviceptr *, size_t);
CUDA_API CUresult cuMemAllocPitch_v2(CUdeviceptr *, size_t *, size_t, size_t,
                                     unsigned);
CUDA_API CUresult cuMemFree_v2(CUdeviceptr);
CUDA_API CUresult cuMemGetAddressRange_v2(CUdeviceptr *, size_t *, CUdeviceptr);
CUDA_API CUresult cuMemAllocHost_v2(void **, size_t);
CUDA_API CUresult cuMemFreeHost(void *);
CUDA_API CUresult cuMemHostAlloc(void **, size_t, unsigned);
CUDA_API CUresult cuMemHostGetDevicePointer_v2(CUdeviceptr *, void *, unsigned);
CUDA_API CUresult cuMemHostGetFlags(unsigned *, void *);
CUDA_API CUresult cuMemHostRegister_v2(void *, size_t, unsigned);
CUDA_API CUresult cuMemHostUnregister(void *);
CUDA_API CUresult cuMemAllocManaged(CUdeviceptr *, size_t, unsigned);
CUDA_API CUresult cuMemAllocAsync(CUdeviceptr *, size_t, CUstream);
CUDA_API CUresult cuMemFreeAsync(CUdeviceptr, CUstream);
CUDA_API CUresult cuMemAllocFromPoolAsync(CUdeviceptr *, size_t, CUmemoryPool,
                                          CUstream);
CUDA_API CUresult cuMemPoolCreate(CUmemoryPool *, const CUmemPoolProps *);
CUDA_API CUresult cuMemPoolDestroy(CUmemoryPool);
CUDA_API CUresult cuMemPoolTrimTo(CUmemoryPool, size_t);
CUDA_API CUresult cuMemPoolSetAttribute(CUmemoryPool, CUmemPool_attribute,
                                        void *);
CUDA_API CUresult cuMemPoolGetAttribute(CUmemoryPool, CUmemPool_attribute,
                                        void *);
CUDA_API CUresult cuPointerGetAttribute(void *, CUpointer_attribute,
                                        CUdeviceptr);
CUDA_API CUresult cuPointerGetAttributes(unsigned, CUpointer_attribute *,
                                         void **, CUdeviceptr);

// Copies and fills.
CUDA_API CUresult cuMemcpy(CUdeviceptr, CUdeviceptr, size_t);
CUDA_API CUresult cuMemcpyAsync(CUdeviceptr, CUdeviceptr, size_t, CUstream);
CUDA_API CUresult cuMemcpyHtoD_v2(CUdeviceptr, const void *, size_t);
CUDA_API CUresult cuMemcpyDtoH_v2(void *, CUdeviceptr, size_t);
CUDA_API CUresult cuMemcpyDtoD_v2(CUdeviceptr, CUdeviceptr, size_t);
CUDA_API CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr, const void *, size_t,
                                       CUstream);
CUDA_API CUresult cuMemcpyDtoHAsync_v2(void *, CUdeviceptr, size_t, CUstream);
CUDA_API CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr, CUdeviceptr, size_t,
                                       CUstream);
CUDA_API CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *);
CUDA_API CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *);
CUDA_API CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *, CUstream);
CUDA_API CUresult cuMemsetD8_v2(CUdeviceptr, unsigned char, size_t);
CUDA_API CUresult cuMemsetD16_v2(CUdeviceptr, unsigned short, size_t);
CUDA_API CUresult cuMemsetD32_v2(CUdeviceptr, unsigned, size_t);
CUDA_API CUresult cuMemsetD2D8_v2(CUdeviceptr, size_t, unsigned char, size_t,
                                  size_t);
CUDA_API CUresult cuMemsetD2D16_v2(CUdeviceptr, size_t, unsigned short, size_t,
                                   size_t);
CUDA_API CUresult cuMemsetD2D32_v2(CUdeviceptr, size_t, unsigned, size_t,
                                   size_t);
CUDA_API CUresult cuMemsetD8Async(CUdeviceptr, unsigned char, size_t, CUstream);
CUDA_API CUresult cuMemsetD16Async(CUdeviceptr, unsigned short, size_t,
                                   CUstream);
CUDA_API CUresult cuMemsetD32Async(CUdeviceptr, unsigned, size_t, CUstream);
CUDA_API CUresult cuMemsetD2D8Async(CUdeviceptr, size_t, unsigned char, size_t,
                                    size_t, CUstream);
CUDA_API CUresult cuMemsetD2D16Async(CUdeviceptr, size_t, unsigned short,
                                     size_t, size_t, CUstream);
CUDA_API CUresult cuMemsetD2D32Async(CUdeviceptr, size_t, unsigned, size_t,
                                     size_t, CUstream);

// Modules and libraries.
CUDA_API CUresult cuModuleLoad(CUmodule *, const char *);
CUDA_API CUresult cuModuleLoadData(CUmodule *, const void *);
CUDA_API CUresult cuModuleLoadDataEx(CUmodule *, const void *, unsigned,
                                     CUjit_option *, void **);
CUDA_API CUresult cuModuleLoadFatBinary(CUmodule *, const void *);
CUDA_API CUresult cuModuleUnload(CUmodule);
CUDA_API CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *);
CUDA_API CUresult cuModuleGetFunction(CUfunction *, CUmodule, const char *);
CUDA_API CUresult cuModuleGetFunctionCount(unsigned *, CUmodule);
CUDA_API CUresult cuModuleEnumerateFunctions(CUfunction *, unsigned, CUmodule);
CUDA_API CUresult cuModuleGetGlobal_v2(CUdeviceptr *, size_t *, CUmodule,
                                       const char *);
CUDA_API CUresult cuLibraryLoadData(CUlibrary *, const void *, CUjit_option *,
                                    void **, unsigned, CUlibraryOption *,
                                    void **, unsigned);
CUDA_API CUresult cuLibraryLoadFromFile(CUlibrary *, const char *,
                                        CUjit_option *, void **, unsigned,
                                        CUlibraryOption *, void **, unsigned);
CUDA_API CUresult cuLibraryUnload(CUlibrary);
CUDA_API CUresult cuLibraryGetKernel(CUkernel *, CUlibrary, const char *);
CUDA_API CUresult cuLibraryGetKernelCount(unsigned *, CUlibrary);
CUDA_API CUresult cuLibraryEnumerateKernels(CUkernel *, unsigned, CUlibrary);
CUDA_API CUresult cuLibraryGetModule(CUmodule *, CUlibrary);
CUDA_API CUresult cuLibraryGetGlobal(CUdeviceptr *, size_t *, CUlibrary,
                                     const char *);
CUDA_API CUresult cuKernelGetFunction(CUfunction *, CUkernel);
CUDA_API CUresult cuKernelGetLibrary(CUlibrary *, CUkernel);
CUDA_API CUresult cuKernelGetAttribute(int *, CUfunction_attribute, CUkernel,
                                       CUdevice);
CUDA_API CUresult cuKernelSetAttribute(CUfunction_attribute, int, CUkernel,
                                       CUdevice);
CUDA_API CUresult cuKernelSetCacheConfig(CUkernel, CUfunc_cache, CUdevice);
CUDA_API CUresult cuKernelGetName(const char **, CUkernel);
CUDA_API CUresult cuKernelGetParamInfo(CUkernel, size_t, size_t *, size_t *);

// Functions and launches.
CUDA_API CUresult cuFuncGetAttribute(int *, CUfunction_attribute, CUfunction);
CUDA_API CUresult cuFuncSetAttribute(CUfunction, CUfunction_attribute, int);
CUDA_API CUresult cuFuncSetCacheConfig(CUfunction, CUfunc_cache);
CUDA_API CUresult cuFuncGetModule(CUmodule *, CUfunction);
CUDA_API CUresult cuFuncGetName(const char **, CUfunction);
CUDA_API CUresult cuFuncGetParamInfo(CUfunction, size_t, size_t *, size_t *);
CUDA_API CUresult cuFuncIsLoaded(CUfunctionLoadingState *, CUfunction);
CUDA_API CUresult cuFuncLoad(CUfunction);
CUDA_API CUresult cuLaunchKernel(CUfunction, unsigned, unsigned, unsigned,
                                 unsigned, unsigned, unsigned, unsigned,
                                 CUstream, void **, void **);
CUDA_API CUresult cuLaunchKernelEx(const CUlaunchConfig *, CUfunction, void **,
                                   void **);
CUDA_API CUresult cuLaunchCooperativeKernel(CUfunction, unsigned, unsigned,
                                            unsigned, unsigned, unsigned,
                                            unsigned, unsigned, CUstream,
                                            void **);
CUDA_API CUresult cuLaunchHostFunc(CUstream, CUhostFn, void *);

// Occupancy.
CUDA_API CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *, CUfunction,
                                                              int, size_t);
CUDA_API CUresult cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags(
    int *, CUfunction, int, size_t, unsigned);
CUDA_API CUresult cuOccupancyMaxPotentialBlockSize(int *, int *, CUfunction,
                                                   CUoccupancyB2DSize, size_t,
                                                   int);
CUDA_API CUresult cuOccupancyMaxPotentialBlockSizeWithFlags(
    int *, int *, CUfunction, CUoccupancyB2DSize, size_t, int, unsigned);
CUDA_API CUresult cuOccupancyAvailableDynamicSMemPerBlock(size_t *, CUfunction,
                                                          int, int);
CUDA_API CUresult cuOccupancyMaxPotentialClusterSize(int *, CUfunction,
                                                     const CUlaunchConfig *);
CUDA_API CUresult cuOccupancyMaxActiveClusters(int *, CUfunction,
                                               const CUlaunchConfig *);

// Streams and events.
CUDA_API CUresult cuStreamCreate(CUstream *, unsigned);
CUDA_API CUresult cuStreamCreateWithPriority(CUstream *, unsigned, int);
CUDA_API CUresult cuStreamDestroy_v2(CUstream);
CUDA_API CUresult cuStreamSynchronize(CUstream);
CUDA_API CUresult cuStreamQuery(CUstream);
CUDA_API CUresult cuStreamWaitEvent(CUstream, CUevent, unsigned);
CUDA_API CUresult cuStreamGetPriority(CUstream, int *);
CUDA_API CUresult cuStreamGetFlags(CUstream, unsigned *);
CUDA_API CUresult cuStreamGetId(CUstream, unsigned long long *);
CUDA_API CUresult cuStreamGetDevice(CUstream, CUdevice *);
CUDA_API CUresult cuStreamGetCtx(CUstream, CUcontext *);
CUDA_API CUresult cuStreamAddCallback(CUstream, CUstreamCallback, void *,
                                      unsigned);
CUDA_API CUresult cuEventCreate(CUevent *, unsigned);
CUDA_API CUresult cuEventDestroy_v2(CUevent);
CUDA_API CUresult cuEventRecord(CUevent, CUstream);
CUDA_API CUresult cuEventRecordWithFlags(CUevent, CUstream, unsigned);
CUDA_API CUresult cuEventQuery(CUevent);
CUDA_API CUresult cuEventSynchronize(CUevent);
CUDA_API CUresult cuEventElapsedTime(float *, CUevent, CUevent);
CUDA_API CUresult cuEventElapsedTime_v2(float *, CUevent, CUevent);

// Capture and graphs.
CUDA_API CUresult cuStreamBeginCapture_v2(CUstream, CUstreamCaptureMode);
CUDA_API CUresult cuStreamEndCapture(CUstream, CUgraph *);
CUDA_API CUresult cuStreamIsCapturing(CUstream, CUstreamCaptureStatus *);
CUDA_API CUresult cuStreamGetCaptureInfo_v2(CUstream, CUstreamCaptureStatus *,
                                            cuuint64_t *, CUgraph *,
                                            const CUgraphNode **, size_t *);
CUDA_API CUresult cuStreamGetCaptureInfo_v3(CUstream, CUstreamCaptureStatus *,
                                            cuuint64_t *, CUgraph *,
                                            const CUgraphNode **,
                                            const CUgraphEdgeData **, size_t *);
CUDA_API CUresult cuThreadExchangeStreamCaptureMode(CUstreamCaptureMode *);
CUDA_API CUresult cuGraphInstantiateWithFlags(CUgraphExec *, CUgraph,
                                              unsigned long long);
CUDA_API CUresult cuGraphInstantiateWithParams(CUgraphExec *, CUgraph,
                                               CUDA_GRAPH_INSTANTIATE_PARAMS *);
CUDA_API CUresult cuGraphLaunch(CUgraphExec, CUstream);
CUDA_API CUresult cuGraphUpload(CUgraphExec, CUstream);
CUDA_API CUresult cuGraphExecDestroy(CUgraphExec);
CUDA_API CUresult cuGraphDestroy(CUgraph);
CUDA_API CUresult cuGraphExecGetFlags(CUgraphExec, cuuint64_t *);
CUDA_API CUresult cuGraphGetNodes(CUgraph, CUgraphNode *, size_t *);
CUDA_API CUresult cuGraphGetRootNodes(CUgraph, CUgraphNode *, size_t *);
CUDA_API CUresult cuGraphGetEdges_v2(CUgraph, CUgraphNode *, CUgraphNode *,
                                     CUgraphEdgeData *, size_t *);
CUDA_API CUresult cuGraphNodeGetType(CUgraphNode, CUgraphNodeType *);
CUDA_API CUresult cuGraphNodeGetDependencies_v2(CUgraphNode, CUgraphNode *,
                                                CUgraphEdgeData *, size_t *);
CUDA_API CUresult cuGraphKernelNodeGetParams_v2(CUgraphNode,
                                                CUDA_KERNEL_NODE_PARAMS *);
CUDA_API CUresult cuGraphExecKernelNodeSetParams_v2(
    CUgraphExec, CUgraphNode, const CUDA_KERNEL_NODE_PARAMS *);
CUDA_API CUresult cuGraphExecUpdate_v2(CUgraphExec, CUgraph,
                                       CUgraphExecUpdateResultInfo *);

// Tensor maps.
CUDA_API CUresult cuTensorMapEncodeTiled(
    CUtensorMap *, CUtensorMapDataType, cuuint32_t, void *, const cuuint64_t *,
    const cuuint64_t *, const cuuint32_t *, const cuuint32_t *,
    CUtensorMapInterleave, CUtensorMapSwizzle, CUtensorMapL2promotion,
    CUtensorMapFloatOOBfill);
CUDA_API CUresult cuTensorMapReplaceAddress(CUtensorMap *, void *);

// Profiling.
CUDA_API CUresult cuProfilerStart();
CUDA_API CUresult cuProfilerStop();

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_API_H
