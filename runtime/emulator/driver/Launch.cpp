//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Launch.h"

#include "runtime/emulator/check/MonitorChain.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace emulator::cuda {

namespace {

CUresult errorOf(LaunchStatus status) {
  switch (status) {
  case LaunchStatus::Done:
    return CUDA_SUCCESS;
  case LaunchStatus::Faulted:
    return CUDA_ERROR_LAUNCH_FAILED;
  case LaunchStatus::InvalidValue:
    return CUDA_ERROR_INVALID_VALUE;
  case LaunchStatus::OutOfResources:
    return CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES;
  case LaunchStatus::InvalidCluster:
    return CUDA_ERROR_INVALID_CLUSTER_SIZE;
  case LaunchStatus::CooperativeTooLarge:
    return CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE;
  }
  return CUDA_ERROR_UNKNOWN;
}

CUresult refuse(const char *what) {
  complain(std::string(what) + " is not supported by the emulated device");
  return CUDA_ERROR_NOT_SUPPORTED;
}

/// Takes one attribute over. Hints about caches, priorities and scheduling
/// change nothing in what a kernel computes, and neither does a later start
/// than programmatic serialization allows.
CUresult takeAttribute(const CUlaunchAttribute &attribute,
                       LaunchRequest &request) {
  const CUlaunchAttributeValue &value = attribute.value;
  switch (attribute.id) {
  case CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
    request.cooperative = value.cooperative != 0;
    return CUDA_SUCCESS;
  case CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
    request.cluster = {value.clusterDim.x, value.clusterDim.y,
                       value.clusterDim.z};
    request.hasCluster = true;
    return CUDA_SUCCESS;
  case CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_EVENT:
    return refuse("the launch attribute PROGRAMMATIC_EVENT");
  case CU_LAUNCH_ATTRIBUTE_LAUNCH_COMPLETION_EVENT:
    return refuse("the launch attribute LAUNCH_COMPLETION_EVENT");
  case CU_LAUNCH_ATTRIBUTE_DEVICE_UPDATABLE_KERNEL_NODE:
    return refuse("the launch attribute DEVICE_UPDATABLE_KERNEL_NODE");
  default:
    return attribute.id <= CU_LAUNCH_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT
               ? CUDA_SUCCESS
               : CUDA_ERROR_INVALID_VALUE;
  }
}

CUresult takeAttributes(const CUlaunchConfig &config, LaunchRequest &request) {
  if (config.numAttrs && !config.attrs)
    return CUDA_ERROR_INVALID_VALUE;
  for (unsigned i = 0; i != config.numAttrs; ++i) {
    CUresult result = takeAttribute(config.attrs[i], request);
    if (result != CUDA_SUCCESS)
      return result;
  }
  return CUDA_SUCCESS;
}

/// Copies the buffer that `extra` names.
CUresult takeBuffer(void **extra, std::vector<std::byte> &parameters) {
  const void *buffer = nullptr;
  const size_t *bytes = nullptr;
  for (; reinterpret_cast<uintptr_t>(*extra) != paramEnd; extra += 2) {
    auto tag = reinterpret_cast<uintptr_t>(*extra);
    if (tag == paramBufferPointer)
      buffer = extra[1];
    else if (tag == paramBufferSize)
      bytes = static_cast<const size_t *>(extra[1]);
    else
      return CUDA_ERROR_INVALID_VALUE;
  }
  if (!bytes || *bytes > parameters.size() || (*bytes && !buffer))
    return CUDA_ERROR_INVALID_VALUE;
  std::memcpy(parameters.data(), buffer, *bytes);
  return CUDA_SUCCESS;
}

/// Copies the parameters, each as large as the kernel declares it.
CUresult takeParameters(const LaunchCall &wanted, LaunchRequest &request) {
  const Function &kernel = *request.kernel;
  request.parameters.assign(kernel.parameterBytes, std::byte(0));
  if (kernel.parameters.empty())
    return CUDA_SUCCESS;
  if (wanted.parameters && wanted.extra)
    return CUDA_ERROR_INVALID_VALUE;
  if (wanted.extra)
    return takeBuffer(wanted.extra, request.parameters);
  if (!wanted.parameters)
    return CUDA_ERROR_INVALID_VALUE;
  for (size_t i = 0; i != kernel.parameters.size(); ++i) {
    const Parameter &parameter = kernel.parameters[i];
    if (!wanted.parameters[i])
      return CUDA_ERROR_INVALID_VALUE;
    std::memcpy(request.parameters.data() + parameter.offset,
                wanted.parameters[i], parameter.bytes);
  }
  return CUDA_SUCCESS;
}

/// What the function brings to a launch.
LaunchRequest requestOf(const Driver &driver, const KernelFunction &function) {
  LaunchRequest request;
  request.program = function.program;
  request.kernel = &function.code;
  request.maxDynamicSharedBytes =
      function.maxDynamicShared(driver.device.profile);
  request.nonPortableCluster = function.nonPortableCluster;
  request.settings = driver.environment.settings;
  request.profile = driver.device.profile;
  const ptx::Extents &required = function.code.limits.requiredCluster;
  const uint32_t *cluster = required[0] ? required.data() : function.cluster;
  if (cluster[0]) {
    request.cluster = {cluster[0], std::max(cluster[1], 1u),
                       std::max(cluster[2], 1u)};
    request.hasCluster = true;
  }
  return request;
}

/// What watches a launch.
struct Watch {
  std::unique_ptr<Monitor> monitor; ///< null if nothing does
  Profiler *profiler = nullptr;     ///< in it, if launches are profiled
};

Watch watchOf(Driver &driver) {
  Watch watch;
  watch.monitor = makeChecks(driver.environment.checks);
  if (!driver.profiles.active())
    return watch;
  auto profiler = std::make_unique<Profiler>();
  watch.profiler = profiler.get();
  std::vector<std::unique_ptr<Monitor>> monitors;
  monitors.push_back(std::move(profiler));
  if (watch.monitor)
    monitors.push_back(std::move(watch.monitor));
  watch.monitor = std::make_unique<MonitorChain>(std::move(monitors));
  return watch;
}

} // namespace

CUresult errorOf(FaultKind kind) {
  switch (kind) {
  case FaultKind::None:
    return CUDA_SUCCESS;
  case FaultKind::IllegalAddress:
    return CUDA_ERROR_ILLEGAL_ADDRESS;
  case FaultKind::MisalignedAddress:
    return CUDA_ERROR_MISALIGNED_ADDRESS;
  case FaultKind::InvalidAddressSpace:
    return CUDA_ERROR_INVALID_ADDRESS_SPACE;
  case FaultKind::IllegalInstruction:
    return CUDA_ERROR_ILLEGAL_INSTRUCTION;
  case FaultKind::Assert:
    return CUDA_ERROR_ASSERT;
  case FaultKind::Deadlock:
  case FaultKind::Timeout:
    return CUDA_ERROR_LAUNCH_TIMEOUT;
  case FaultKind::StackOverflow:
  case FaultKind::Trap:
  case FaultKind::Undefined:
  case FaultKind::Check:
    return CUDA_ERROR_LAUNCH_FAILED;
  }
  return CUDA_ERROR_UNKNOWN;
}

CUresult prepareLaunch(Call &call, const LaunchCall &wanted,
                       std::shared_ptr<KernelLaunch> &launch) {
  std::shared_ptr<KernelFunction> function = call.function(wanted.function);
  if (!function)
    return CUDA_ERROR_INVALID_HANDLE;
  const CUlaunchConfig &config = wanted.config;
  launch = std::make_shared<KernelLaunch>();
  launch->handle = wanted.function;
  LaunchRequest &request = launch->request;
  request = requestOf(call.driver, *function);
  request.grid = {config.gridDimX, config.gridDimY, config.gridDimZ};
  request.block = {config.blockDimX, config.blockDimY, config.blockDimZ};
  request.dynamicSharedBytes = config.sharedMemBytes;
  request.cooperative = wanted.cooperative;
  CUresult result = takeAttributes(config, request);
  if (result == CUDA_SUCCESS)
    result = takeParameters(wanted, request);
  if (result != CUDA_SUCCESS)
    return result;
  for (const Parameter &parameter : request.kernel->parameters)
    launch->parameters.push_back(request.parameters.data() + parameter.offset);
  LaunchResult check = checkLaunch(request);
  if (check.status == LaunchStatus::Done)
    return CUDA_SUCCESS;
  complain("launch of " + request.kernel->name + " refused: " + check.message);
  return errorOf(check.status);
}

Work workOf(Driver &driver, std::shared_ptr<const KernelLaunch> launch) {
  Work work;
  work.type = CU_GRAPH_NODE_TYPE_KERNEL;
  work.kernel = launch;
  work.action = [&driver, launch] {
    LaunchRequest request = launch->request;
    Watch watch = watchOf(driver);
    request.monitor = watch.monitor.get();
    LaunchResult result = emulator::launch(driver.device.memory, request);
    if (watch.monitor)
      std::fputs(watch.monitor->summary().c_str(), stderr);
    if (watch.profiler)
      driver.profiles.write(watch.profiler->counts());
    if (result.status == LaunchStatus::Done)
      return CUDA_SUCCESS;
    if (result.status != LaunchStatus::Faulted) {
      complain("launch of " + launch->request.kernel->name +
               " refused: " + result.message);
      return errorOf(result.status);
    }
    std::fputs(result.fault.render().c_str(), stderr);
    return errorOf(result.fault.kind);
  };
  return work;
}

} // namespace emulator::cuda
