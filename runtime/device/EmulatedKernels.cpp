//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/EmulatedKernels.h"

#include "runtime/device/EmulatorPath.h"
#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Extension.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <sys/mman.h>
#include <unistd.h>

using namespace moert;
namespace cuda = emulator::cuda;

//===----------------------------------------------------------------------===//
// The driver
//===----------------------------------------------------------------------===//

#define DRIVER_FUNCTIONS(X)                                                    \
  X(cuInit)                                                                    \
  X(cuGetErrorName)                                                            \
  X(cuGetErrorString)                                                          \
  X(cuDevicePrimaryCtxRetain)                                                  \
  X(cuCtxSetCurrent)                                                           \
  X(cuCtxSynchronize)                                                          \
  X(cuMemAlloc_v2)                                                             \
  X(cuMemcpyHtoD_v2)                                                           \
  X(cuMemcpyDtoH_v2)                                                           \
  X(cuModuleLoad)                                                              \
  X(cuModuleGetFunctionCount)                                                  \
  X(cuModuleEnumerateFunctions)                                                \
  X(cuFuncSetAttribute)                                                        \
  X(cuLaunchKernelEx)                                                          \
  X(cuTensorMapEncodeTiled)

/// Those of driver/Extension.h.
#define EXTENSION_FUNCTIONS(X)                                                 \
  X(cuEmulatedComplaints)                                                      \
  X(cuEmulatedKernel)                                                          \
  X(cuEmulatedParameter)

struct EmulatedKernels::Driver {
#define X(name) decltype(&cuda::name) name = nullptr;
  DRIVER_FUNCTIONS(X)
  EXTENSION_FUNCTIONS(X)
#undef X
  std::vector<cuda::CUfunction> functions; ///< by index of the kernel
  int profile = -1;                        ///< a file in memory
  mutable std::string complaint;           ///< the latest that was not told

  ~Driver() {
    if (cuEmulatedComplaints)
      cuEmulatedComplaints(nullptr, nullptr);
    if (profile >= 0)
      close(profile);
  }
  Status open(const std::string &path);
  Status start(const EmulatedSettings &settings);
  Status check(cuda::CUresult result, const std::string &what) const;
};

/// What the driver complained of, if it did, says more than its error code.
Status EmulatedKernels::Driver::check(cuda::CUresult result,
                                      const std::string &what) const {
  const std::string complaint = std::move(this->complaint);
  this->complaint.clear();
  if (result == cuda::CUDA_SUCCESS)
    return {};
  if (!complaint.empty())
    return {MOERT_DEVICE, complaint};
  const char *name = "", *text = "";
  cuGetErrorName(result, &name);
  cuGetErrorString(result, &text);
  return {MOERT_DEVICE, what + ": " + text + " (" + name + ")"};
}

Status EmulatedKernels::Driver::open(const std::string &path) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *reason = dlerror();
    return {MOERT_UNSUPPORTED, std::string("the emulated device cannot be "
                                           "loaded: ") +
                                   (reason ? reason : path.c_str())};
  }
  const char *missing = nullptr;
  auto getProcAddress = reinterpret_cast<decltype(&cuda::cuGetProcAddress_v2)>(
      dlsym(library, "cuGetProcAddress_v2"));
  void *symbol = nullptr;
#define X(name)                                                                \
  symbol = dlsym(library, #name);                                              \
  name = reinterpret_cast<decltype(name)>(symbol);                             \
  missing = symbol ? missing : #name;
  DRIVER_FUNCTIONS(X)
#undef X
#define X(name)                                                                \
  symbol = nullptr;                                                            \
  if (getProcAddress)                                                          \
    getProcAddress(#name, &symbol, cuda::driverVersion, 0, nullptr);           \
  name = reinterpret_cast<decltype(name)>(symbol);                             \
  missing = symbol ? missing : #name;
  EXTENSION_FUNCTIONS(X)
#undef X
  if (!missing)
    return {};
  return {MOERT_UNSUPPORTED,
          path + " is not the emulated device: it has no " + missing};
}

Status EmulatedKernels::Driver::start(const EmulatedSettings &settings) {
  const std::pair<const char *, const std::string &> variables[] = {
      {"MOEC_EMULATED_ARCH", settings.arch},
      {"MOEC_EMULATED_SMS", settings.multiprocessors},
      {"MOEC_EMULATED_ORDER", settings.order},
      {"MOEC_EMULATED_ASYNC", settings.completion},
      {"MOEC_EMULATED_CHECK", settings.checks},
  };
  for (const auto &[name, value] : variables)
    if (!value.empty())
      setenv(name, value.c_str(), /*replace=*/1);
  if (settings.profile) {
    profile = memfd_create("profile", MFD_CLOEXEC);
    if (profile < 0)
      return {MOERT_IO,
              std::string("the profile has no place: ") + std::strerror(errno)};
    const std::string path = (settings.lines ? "lines:" : "") +
                             ("/proc/self/fd/" + std::to_string(profile));
    setenv("MOEC_EMULATED_PROFILE", path.c_str(), /*replace=*/1);
  }
  cuEmulatedComplaints(
      [](void *own, const char *line) {
        static_cast<Driver *>(own)->complaint = line;
      },
      this);
  cuda::CUresult result = cuInit(0);
  Status status = check(result, "the emulated device cannot be used");
  if (result == cuda::CUDA_ERROR_INVALID_VALUE)
    status.code = MOERT_INVALID; // a setting
  cuda::CUcontext context = nullptr;
  if (status.ok())
    status = check(cuDevicePrimaryCtxRetain(&context, 0), "no context");
  if (status.ok())
    status = check(cuCtxSetCurrent(context), "no context");
  return status;
}

//===----------------------------------------------------------------------===//
// The image
//===----------------------------------------------------------------------===//

EmulatedKernels::EmulatedKernels(std::unique_ptr<Driver> driver)
    : driver_(std::move(driver)) {}
EmulatedKernels::~EmulatedKernels() = default;

Status EmulatedKernels::load(const EmulatedSettings &settings,
                             const std::string &path,
                             std::unique_ptr<EmulatedKernels> &loaded) {
  auto driver = std::make_unique<Driver>();
  Status status = driver->open(emulatorPath());
  if (status.ok())
    status = driver->start(settings);
  if (!status.ok())
    return status;
  cuda::CUmodule module = nullptr;
  status = driver->check(driver->cuModuleLoad(&module, path.c_str()), path);
  if (!status.ok())
    return status;
  unsigned count = 0;
  driver->cuModuleGetFunctionCount(&count, module);
  driver->functions.resize(count);
  if (count)
    driver->cuModuleEnumerateFunctions(driver->functions.data(), count, module);
  loaded.reset(new EmulatedKernels(std::move(driver)));
  return loaded->describe();
}

Status EmulatedKernels::describe() {
  for (cuda::CUfunction function : driver_->functions) {
    cuda::ExtensionKernel own;
    Status status = driver_->check(driver_->cuEmulatedKernel(function, &own),
                                   "a kernel cannot be described");
    if (!status.ok())
      return status;
    KernelInfo kernel;
    kernel.name = own.name;
    for (size_t index = 0; index != own.parameters; ++index) {
      cuda::ExtensionParameter parameter{};
      driver_->cuEmulatedParameter(function, index, &parameter);
      kernel.parameters.push_back(
          {parameter.name, parameter.type, parameter.bytes});
    }
    std::copy_n(own.requiredThreads, 3, kernel.requiredThreads.begin());
    std::copy_n(own.maxThreads, 3, kernel.maxThreads.begin());
    std::copy_n(own.requiredCluster, 3, kernel.requiredCluster.begin());
    kernel.registers = own.registers;
    kernel.sharedBytes = own.sharedBytes;
    kernel.localBytes = own.localBytes;
    kernels_.push_back(std::move(kernel));
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

Status EmulatedKernels::allocate(size_t bytes, uint64_t &address) {
  cuda::CUdeviceptr pointer = 0;
  cuda::CUresult result =
      driver_->cuMemAlloc_v2(&pointer, std::max<size_t>(bytes, 1));
  address = pointer;
  return driver_->check(result,
                        "no place for " + std::to_string(bytes) + " bytes");
}

Status EmulatedKernels::write(uint64_t to, const void *from, size_t bytes) {
  return bytes ? driver_->check(driver_->cuMemcpyHtoD_v2(to, from, bytes),
                                "an array cannot be copied to the device")
               : Status();
}

Status EmulatedKernels::read(void *to, uint64_t from, size_t bytes) {
  return bytes ? driver_->check(driver_->cuMemcpyDtoH_v2(to, from, bytes),
                                "an array cannot be copied from the device")
               : Status();
}

static bool findElement(const std::string &type,
                        cuda::CUtensorMapDataType &found, unsigned &bytes) {
  struct Element {
    const char *type;
    cuda::CUtensorMapDataType code;
    unsigned bytes;
  };
  const Element elements[] = {
      {"u8", cuda::CU_TENSOR_MAP_DATA_TYPE_UINT8, 1},
      {"s8", cuda::CU_TENSOR_MAP_DATA_TYPE_UINT8, 1},
      {"e4m3", cuda::CU_TENSOR_MAP_DATA_TYPE_UINT8, 1},
      {"e5m2", cuda::CU_TENSOR_MAP_DATA_TYPE_UINT8, 1},
      {"u16", cuda::CU_TENSOR_MAP_DATA_TYPE_UINT16, 2},
      {"s16", cuda::CU_TENSOR_MAP_DATA_TYPE_UINT16, 2},
      {"u32", cuda::CU_TENSOR_MAP_DATA_TYPE_UINT32, 4},
      {"s32", cuda::CU_TENSOR_MAP_DATA_TYPE_INT32, 4},
      {"u64", cuda::CU_TENSOR_MAP_DATA_TYPE_UINT64, 8},
      {"s64", cuda::CU_TENSOR_MAP_DATA_TYPE_INT64, 8},
      {"f16", cuda::CU_TENSOR_MAP_DATA_TYPE_FLOAT16, 2},
      {"bf16", cuda::CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 2},
      {"f32", cuda::CU_TENSOR_MAP_DATA_TYPE_FLOAT32, 4},
      {"f64", cuda::CU_TENSOR_MAP_DATA_TYPE_FLOAT64, 8},
  };
  for (const Element &element : elements)
    if (type == element.type) {
      found = element.code;
      bytes = element.bytes;
      return true;
    }
  return false;
}

Status EmulatedKernels::encode(const TensorView &view,
                               std::vector<std::byte> &map) {
  cuda::CUtensorMapDataType type;
  unsigned bytes = 0;
  if (!findElement(view.type, type, bytes))
    return {MOERT_INVALID, "a tensor map cannot have elements of " + view.type};
  // The manual's order is the innermost first, without its stride.
  std::vector<uint64_t> shape(view.shape.rbegin(), view.shape.rend()), strides;
  std::vector<uint32_t> box(view.box.rbegin(), view.box.rend());
  const std::vector<uint32_t> steps(box.size(), 1);
  uint64_t stride = bytes;
  for (size_t axis = 0; axis + 1 < shape.size(); ++axis)
    strides.push_back(stride *= shape[axis]);
  using Swizzle = cuda::CUtensorMapSwizzle;
  const Swizzle swizzle = view.swizzle == 32   ? cuda::CU_TENSOR_MAP_SWIZZLE_32B
                          : view.swizzle == 64 ? cuda::CU_TENSOR_MAP_SWIZZLE_64B
                          : view.swizzle == 128
                              ? cuda::CU_TENSOR_MAP_SWIZZLE_128B
                              : cuda::CU_TENSOR_MAP_SWIZZLE_NONE;
  cuda::CUtensorMap made;
  cuda::CUresult result = driver_->cuTensorMapEncodeTiled(
      &made, type, static_cast<uint32_t>(shape.size()),
      reinterpret_cast<void *>(view.address), shape.data(), strides.data(),
      box.data(), steps.data(), cuda::CU_TENSOR_MAP_INTERLEAVE_NONE, swizzle,
      cuda::CU_TENSOR_MAP_L2_PROMOTION_NONE,
      cuda::CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
  const auto *first = reinterpret_cast<const std::byte *>(&made);
  map.assign(first, first + sizeof(made));
  return driver_->check(result, "the tensor map is refused");
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

static std::vector<cuda::CUlaunchAttribute>
attributesOf(const LaunchShape &shape) {
  std::vector<cuda::CUlaunchAttribute> attributes;
  cuda::CUlaunchAttribute attribute{};
  if (shape.cluster[0]) {
    attribute.id = cuda::CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
    attribute.value.clusterDim = {shape.cluster[0], shape.cluster[1],
                                  shape.cluster[2]};
    attributes.push_back(attribute);
  }
  if (shape.cooperative) {
    attribute = {};
    attribute.id = cuda::CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
    attribute.value.cooperative = 1;
    attributes.push_back(attribute);
  }
  return attributes;
}

Status EmulatedKernels::launch(size_t kernel, const LaunchShape &shape,
                               std::vector<std::vector<std::byte>> &parameters,
                               std::string &profile) {
  cuda::CUfunction function = driver_->functions[kernel];
  const std::string &name = kernels_[kernel].name;
  if (shape.sharedBytes) {
    Status status = driver_->check(
        driver_->cuFuncSetAttribute(
            function, cuda::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
            static_cast<int>(shape.sharedBytes)),
        name + ": " + std::to_string(shape.sharedBytes) +
            " bytes of dynamic shared memory are refused, beside " +
            std::to_string(kernels_[kernel].sharedBytes) + " static ones");
    if (!status.ok())
      return status;
  }
  if (shape.cluster[0])
    driver_->cuFuncSetAttribute(
        function, cuda::CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1);
  std::vector<void *> pointers;
  for (std::vector<std::byte> &parameter : parameters)
    pointers.push_back(parameter.data());
  std::vector<cuda::CUlaunchAttribute> attributes = attributesOf(shape);
  const cuda::CUlaunchConfig config = {
      shape.grid[0],     shape.grid[1],
      shape.grid[2],     shape.block[0],
      shape.block[1],    shape.block[2],
      shape.sharedBytes, nullptr,
      attributes.data(), static_cast<unsigned>(attributes.size())};
  Status status = driver_->check(
      driver_->cuLaunchKernelEx(&config, function, pointers.data(), nullptr),
      name + " is not launched");
  if (!status.ok())
    return status;
  status =
      driver_->check(driver_->cuCtxSynchronize(), name + " does not come to "
                                                         "its end");
  profile = readProfile();
  return status;
}

/// The last line of the profile.
std::string EmulatedKernels::readProfile() const {
  std::string text;
  char part[1 << 16];
  while (driver_->profile >= 0) {
    const ssize_t count = pread(driver_->profile, part, sizeof part,
                                static_cast<off_t>(text.size()));
    if (count <= 0)
      break;
    text.append(part, static_cast<size_t>(count));
  }
  while (!text.empty() && text.back() == '\n')
    text.pop_back();
  const size_t line = text.rfind('\n');
  return line == std::string::npos ? text : text.substr(line + 1);
}
