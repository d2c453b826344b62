//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Copies and fills.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Copy.h"

namespace emulator::cuda {

namespace {

CopyShape row(uint64_t to, uint64_t from, size_t bytes) {
  CopyShape shape;
  shape.to = to;
  shape.from = from;
  shape.width = bytes;
  return shape;
}

uint64_t addressOf(const void *pointer) {
  return reinterpret_cast<uint64_t>(pointer);
}

CopyShape toDevice(CUdeviceptr to, const void *from, size_t bytes) {
  CopyShape shape = row(to, addressOf(from), bytes);
  shape.fromHost = true;
  return shape;
}

CopyShape toHost(void *to, CUdeviceptr from, size_t bytes) {
  CopyShape shape = row(addressOf(to), from, bytes);
  shape.toHost = true;
  return shape;
}

/// Of a unified address space: either side may be host memory.
CopyShape anyToAny(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  CopyShape shape = row(to, from, bytes);
  shape.toHost = shape.fromHost = true;
  return shape;
}

/// The address of one side of a 2D copy. False for an array, which there are
/// none of.
bool side(CUmemorytype type, const void *host, CUdeviceptr device,
          uint64_t &address) {
  if (type < CU_MEMORYTYPE_HOST || type > CU_MEMORYTYPE_UNIFIED ||
      type == CU_MEMORYTYPE_ARRAY)
    return false;
  address = type == CU_MEMORYTYPE_HOST ? addressOf(host) : device;
  return true;
}

CUresult shapeOf(const CUDA_MEMCPY2D *copy, CopyShape &shape) {
  if (!copy)
    return CUDA_ERROR_INVALID_VALUE;
  if (copy->srcMemoryType == CU_MEMORYTYPE_ARRAY ||
      copy->dstMemoryType == CU_MEMORYTYPE_ARRAY) {
    complain("copies of CUDA arrays are not supported by the emulated device");
    return CUDA_ERROR_NOT_SUPPORTED;
  }
  if (!side(copy->dstMemoryType, copy->dstHost, copy->dstDevice, shape.to) ||
      !side(copy->srcMemoryType, copy->srcHost, copy->srcDevice, shape.from))
    return CUDA_ERROR_INVALID_VALUE;
  shape.width = copy->WidthInBytes;
  shape.rows = copy->Height;
  shape.toPitch = copy->dstPitch ? copy->dstPitch : shape.width;
  shape.fromPitch = copy->srcPitch ? copy->srcPitch : shape.width;
  constexpr uint64_t most = uint64_t(1) << 47;
  if (shape.toPitch < shape.width || shape.fromPitch < shape.width ||
      copy->dstY > most / (shape.toPitch + 1) ||
      copy->srcY > most / (shape.fromPitch + 1))
    return CUDA_ERROR_INVALID_VALUE;
  shape.to += copy->dstY * shape.toPitch + copy->dstXInBytes;
  shape.from += copy->srcY * shape.fromPitch + copy->srcXInBytes;
  shape.toHost = copy->dstMemoryType != CU_MEMORYTYPE_DEVICE;
  shape.fromHost = copy->srcMemoryType != CU_MEMORYTYPE_DEVICE;
  return CUDA_SUCCESS;
}

CUresult now(const CopyShape &shape) {
  return inContext([&](Call &call) { return copyNow(call, shape); });
}

CUresult async(const CopyShape &shape, CUstream handle) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    return copyAsync(call, stream, shape);
  });
}

CUresult fill(const FillShape &shape) {
  return inContext([&](Call &call) { return fillNow(call, shape); });
}

CUresult fill(const FillShape &shape, CUstream handle) {
  return inStream(handle, [&](Call &call, Stream &stream) {
    return fillAsync(call, stream, shape);
  });
}

template <class T> FillShape elements(CUdeviceptr to, T value, size_t count) {
  return {to, count, 1, 0, value, sizeof(T)};
}

template <class T>
FillShape rows(CUdeviceptr to, size_t pitch, T value, size_t width,
               size_t height) {
  return {to, width, height, pitch, value, sizeof(T)};
}

} // namespace

CUresult cuMemcpy(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return now(anyToAny(to, from, bytes));
}

CUresult cuMemcpyAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                       CUstream stream) {
  return async(anyToAny(to, from, bytes), stream);
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes) {
  return now(toDevice(to, from, bytes));
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes) {
  return now(toHost(to, from, bytes));
}

CUresult cuMemcpyDtoD_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return now(row(to, from, bytes));
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes,
                              CUstream stream) {
  return async(toDevice(to, from, bytes), stream);
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  return async(toHost(to, from, bytes), stream);
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes,
                              CUstream stream) {
  return async(row(to, from, bytes), stream);
}

CUresult cuMemcpy2D_v2(const CUDA_MEMCPY2D *copy) {
  CopyShape shape;
  CUresult result = shapeOf(copy, shape);
  return result == CUDA_SUCCESS ? now(shape) : result;
}

CUresult cuMemcpy2DUnaligned_v2(const CUDA_MEMCPY2D *copy) {
  return cuMemcpy2D_v2(copy);
}

CUresult cuMemcpy2DAsync_v2(const CUDA_MEMCPY2D *copy, CUstream stream) {
  CopyShape shape;
  CUresult result = shapeOf(copy, shape);
  return result == CUDA_SUCCESS ? async(shape, stream) : result;
}

CUresult cuMemsetD8_v2(CUdeviceptr to, unsigned char value, size_t count) {
  return fill(elements(to, value, count));
}

CUresult cuMemsetD16_v2(CUdeviceptr to, unsigned short value, size_t count) {
  return fill(elements(to, value, count));
}

CUresult cuMemsetD32_v2(CUdeviceptr to, unsigned value, size_t count) {
  return fill(elements(to, value, count));
}

CUresult cuMemsetD2D8_v2(CUdeviceptr to, size_t pitch, unsigned char value,
                         size_t width, size_t height) {
  return fill(rows(to, pitch, value, width, height));
}

CUresult cuMemsetD2D16_v2(CUdeviceptr to, size_t pitch, unsigned short value,
                          size_t width, size_t height) {
  return fill(rows(to, pitch, value, width, height));
}

CUresult cuMemsetD2D32_v2(CUdeviceptr to, size_t pitch, unsigned value,
                          size_t width, size_t height) {
  return fill(rows(to, pitch, value, width, height));
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count,
                         CUstream stream) {
  return fill(elements(to, value, count), stream);
}

CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count,
                          CUstream stream) {
  return fill(elements(to, value, count), stream);
}

CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count,
                          CUstream stream) {
  return fill(elements(to, value, count), stream);
}

CUresult cuMemsetD2D8Async(CUdeviceptr to, size_t pitch, unsigned char value,
                           size_t width, size_t height, CUstream stream) {
  return fill(rows(to, pitch, value, width, height), stream);
}

CUresult cuMemsetD2D16Async(CUdeviceptr to, size_t pitch, unsigned short value,
                            size_t width, size_t height, CUstream stream) {
  return fill(rows(to, pitch, value, width, height), stream);
}

CUresult cuMemsetD2D32Async(CUdeviceptr to, size_t pitch, unsigned value,
                            size_t width, size_t height, CUstream stream) {
  return fill(rows(to, pitch, value, width, height), stream);
}

} // namespace emulator::cuda
