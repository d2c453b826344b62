//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Initialisation and the device. There is one device, number 0.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Call.h"
#include "runtime/emulator/driver/Symbols.h"

#include <algorithm>
#include <cstring>

namespace emulator::cuda {

namespace {

constexpr char pciBusId[] = "0000:01:00.0";

/// Calls `body(driver)` if `device` is the device.
template <class Body> CUresult onDevice(CUdevice device, Body body) {
  Driver *driver;
  CUresult result = enterDriver(driver);
  if (result != CUDA_SUCCESS)
    return result;
  return device == 0 ? body(*driver) : CUDA_ERROR_INVALID_DEVICE;
}

/// Copies a string, cut to `length` bytes with its zero.
CUresult copyString(const std::string &text, char *to, int length) {
  if (!to || length <= 0)
    return CUDA_ERROR_INVALID_VALUE;
  size_t count = std::min<size_t>(text.size(), length - 1);
  std::memcpy(to, text.data(), count);
  to[count] = 0;
  return CUDA_SUCCESS;
}

} // namespace

CUresult cuInit(unsigned flags) {
  return flags ? CUDA_ERROR_INVALID_VALUE : Driver::initialize();
}

CUresult cuDriverGetVersion(int *version) {
  if (!version)
    return CUDA_ERROR_INVALID_VALUE;
  *version = driverVersion;
  return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult error, const char **name) {
  if (!name)
    return CUDA_ERROR_INVALID_VALUE;
  *name = nullptr;
  switch (error) {
#define ERROR(id, number, text)                                                \
  case id:                                                                     \
    *name = #id;                                                               \
    return CUDA_SUCCESS;
#include "runtime/emulator/driver/Errors.def"
  }
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetErrorString(CUresult error, const char **string) {
  if (!string)
    return CUDA_ERROR_INVALID_VALUE;
  *string = nullptr;
  switch (error) {
#define ERROR(id, number, text)                                                \
  case id:                                                                     \
    *string = text;                                                            \
    return CUDA_SUCCESS;
#include "runtime/emulator/driver/Errors.def"
  }
  return CUDA_ERROR_INVALID_VALUE;
}

CUresult cuGetProcAddress_v2(const char *name, void **function, int version,
                             cuuint64_t flags,
                             CUdriverProcAddressQueryResult *status) {
  if (!name || !function || version < 0 ||
      flags > CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM)
    return CUDA_ERROR_INVALID_VALUE;
  FoundSymbol found = findSymbol(
      name, version, flags == CU_GET_PROC_ADDRESS_PER_THREAD_DEFAULT_STREAM);
  *function = found.function;
  if (status)
    *status = found.function ? CU_GET_PROC_ADDRESS_SUCCESS
              : found.known  ? CU_GET_PROC_ADDRESS_VERSION_NOT_SUFFICIENT
                             : CU_GET_PROC_ADDRESS_SYMBOL_NOT_FOUND;
  return found.function ? CUDA_SUCCESS : CUDA_ERROR_NOT_FOUND;
}

CUresult cuGetProcAddress(const char *name, void **function, int version,
                          cuuint64_t flags) {
  return cuGetProcAddress_v2(name, function, version, flags, nullptr);
}

CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  return onDevice(ordinal, [&](Driver &) {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    *device = 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetCount(int *count) {
  return onDevice(0, [&](Driver &) {
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = 1;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  return onDevice(device, [&](Driver &driver) {
    return copyString("Emulated " + driver.device.profile.arch, name, length);
  });
}

CUresult cuDeviceGetUuid(CUuuid *uuid, CUdevice device) {
  return cuDeviceGetUuid_v2(uuid, device);
}

CUresult cuDeviceGetUuid_v2(CUuuid *uuid, CUdevice device) {
  return onDevice(device, [&](Driver &driver) {
    if (!uuid)
      return CUDA_ERROR_INVALID_VALUE;
    char text[sizeof(uuid->bytes) + 1] = "moec emulated   ";
    text[14] = static_cast<char>('0' + driver.device.profile.major);
    text[15] = static_cast<char>('0' + driver.device.profile.minor);
    std::memcpy(uuid->bytes, text, sizeof(uuid->bytes));
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device) {
  return onDevice(device, [&](Driver &driver) {
    if (!bytes)
      return CUDA_ERROR_INVALID_VALUE;
    *bytes = driver.device.memory.capacity();
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute,
                              CUdevice device) {
  return onDevice(device, [&](Driver &driver) {
    return value && driver.device.attribute(attribute, *value)
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuDeviceGetProperties(CUdevprop *properties, CUdevice device) {
  return onDevice(device, [&](Driver &driver) {
    if (!properties)
      return CUDA_ERROR_INVALID_VALUE;
    const Profile &p = driver.device.profile;
    *properties = {static_cast<int>(p.threadsPerBlock),
                   {1024, 1024, 64},
                   {2147483647, 65535, 65535},
                   static_cast<int>(p.sharedPerBlock),
                   65536,
                   32,
                   2147483647,
                   65536,
                   driver.device.facts.clockKHz,
                   512};
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceComputeCapability(int *major, int *minor, CUdevice device) {
  return onDevice(device, [&](Driver &driver) {
    if (!major || !minor)
      return CUDA_ERROR_INVALID_VALUE;
    *major = static_cast<int>(driver.device.profile.major);
    *minor = static_cast<int>(driver.device.profile.minor);
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceGetPCIBusId(char *id, int length, CUdevice device) {
  return onDevice(device,
                  [&](Driver &) { return copyString(pciBusId, id, length); });
}

CUresult cuDeviceGetByPCIBusId(CUdevice *device, const char *id) {
  return onDevice(0, [&](Driver &) {
    if (!device || !id)
      return CUDA_ERROR_INVALID_VALUE;
    if (std::strcmp(id, pciBusId) != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    *device = 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuDeviceCanAccessPeer(int *can, CUdevice device, CUdevice peer) {
  return onDevice(device, [&](Driver &) {
    if (peer != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    if (!can)
      return CUDA_ERROR_INVALID_VALUE;
    *can = 0;
    return CUDA_SUCCESS;
  });
}

} // namespace emulator::cuda
