//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/DeviceChoice.h"

#include "runtime/CpuFeatures.h"
#include "runtime/artifact/Artifact.h"
#include "runtime/device/EmulatorPath.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>

using namespace moert;

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

static std::string targetNames(const Artifact &artifact) {
  std::string names;
  for (const format::Target *target : *artifact.table().targets())
    names += (names.empty() ? "" : ", ") + target->name()->str();
  return names;
}

static bool isFor(const format::Target &target, format::Machine machine,
                  const char *name) {
  return target.machine() == machine &&
         (!name || target.name()->string_view() == name);
}

static Status noSuchTarget(const Artifact &artifact, const char *name) {
  return {MOERT_INVALID, artifact.path() + ": the artifact has no target '" +
                             name + "'; it has " + targetNames(artifact)};
}

static bool hasTarget(const Artifact &artifact, const char *name) {
  for (const format::Target *target : *artifact.table().targets())
    if (target->name()->string_view() == name)
      return true;
  return false;
}

/// What the target needs and this CPU lacks; empty if nothing.
static std::string missingFeatures(const format::Target &target) {
  std::string missing;
  for (const flatbuffers::String *feature : *target.features()) {
    if (cpuHasFeature(feature->string_view()))
      continue;
    missing += (missing.empty() ? "" : ", ") + feature->str();
  }
  return missing;
}

/// The target of that name, or the most demanding one that runs on this CPU.
static Status chooseCpuTarget(const Artifact &artifact, const char *name,
                              const format::Target *&chosen) {
  std::string lacking;
  for (const format::Target *target : *artifact.table().targets()) {
    if (!isFor(*target, format::Machine::X86, name))
      continue;
    std::string missing = missingFeatures(*target);
    if (!missing.empty()) {
      lacking += (lacking.empty() ? "" : "; ") + ("'" + target->name()->str()) +
                 "' needs " + missing;
      continue;
    }
    if (!chosen || target->features()->size() >= chosen->features()->size())
      chosen = target;
  }
  if (chosen)
    return {};
  if (!lacking.empty())
    return {MOERT_UNSUPPORTED,
            artifact.path() + ": this CPU cannot run " +
                (name ? "the target: " : "any target of the artifact: ") +
                lacking +
                (name ? "; the artifact has " + targetNames(artifact)
                      : "; compile it with --target=host")};
  return {MOERT_UNSUPPORTED,
          artifact.path() + ": the artifact has no target for a CPU; it has " +
              targetNames(artifact)};
}

/// Whether machine code for `target` runs on a GPU: "sm_90a" on that one alone,
/// others on later ones of the same generation. CUDA C++ Programming Guide,
/// "Application Compatibility".
static bool runsOn(const format::Target &target, int capability) {
  std::string_view arch = target.name()->string_view();
  constexpr std::string_view prefix = "sm_";
  if (arch.substr(0, prefix.size()) != prefix)
    return false;
  int number = 0;
  const char *end = arch.data() + arch.size();
  auto parsed = std::from_chars(arch.data() + prefix.size(), end, number);
  if (parsed.ec != std::errc())
    return false;
  if (parsed.ptr != end) // of this GPU alone
    return number == capability;
  return number / 10 == capability / 10 && number <= capability;
}

/// The target of that name, or the closest one to the GPU.
static Status chooseGpuTarget(const Artifact &artifact, const char *name,
                              const CudaChoice &gpu,
                              const format::Target *&chosen) {
  for (const format::Target *target : *artifact.table().targets())
    if (isFor(*target, format::Machine::Nvidia, name) &&
        runsOn(*target, gpu.capability) &&
        (!chosen ||
         target->name()->string_view() > chosen->name()->string_view()))
      chosen = target;
  if (chosen)
    return {};
  std::string arch = "sm_" + std::to_string(gpu.capability);
  return {MOERT_UNSUPPORTED,
          artifact.path() + ": " + gpu.name + " (" + gpu.description + ", " +
              arch + ") cannot run " +
              (name ? "the target '" + std::string(name) + "'"
                    : "any target of the artifact") +
              "; it has " + targetNames(artifact)};
}

//===----------------------------------------------------------------------===//
// GPUs
//===----------------------------------------------------------------------===//

static Status describeGpu(CudaChoice &gpu) {
  const CudaDriver &driver = *gpu.driver;
  int count = 0;
  Status status = driver.check(driver.cuDeviceGetCount(&count), "be counted");
  if (!status.ok())
    return status;
  if (gpu.ordinal >= count)
    return {MOERT_UNSUPPORTED, "there is no " + gpu.name + ", but " +
                                   std::to_string(count) + " GPUs"};
  cuda::CUdevice device;
  status = driver.check(driver.cuDeviceGet(&device, gpu.ordinal), "be found");
  char name[256] = "";
  int major = 0, minor = 0;
  if (status.ok())
    status = driver.check(driver.cuDeviceGetName(name, sizeof(name), device),
                          "name itself");
  for (auto [attribute, value] :
       {std::pair(cuda::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &major),
        std::pair(cuda::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &minor)})
    if (status.ok())
      status =
          driver.check(driver.cuDeviceGetAttribute(value, attribute, device),
                       "tell its compute capability");
  gpu.description = name;
  gpu.capability = 10 * major + minor;
  return status;
}

/// MOERT_LIBCUBLASLT names another cuBLASLt than the usual one.
static std::string cublasPath(const std::string &usual) {
  const char *path = std::getenv("MOERT_LIBCUBLASLT");
  return path ? path : usual;
}

static constexpr const char *cublasName = "libcublasLt.so.13";

/// MOERT_LIBCUDA names another driver than NVIDIA's.
static Status findGpu(int ordinal, CudaChoice &gpu) {
  const char *path = std::getenv("MOERT_LIBCUDA");
  gpu.ordinal = ordinal;
  gpu.name = "cuda:" + std::to_string(ordinal);
  gpu.cublasPath = cublasPath(cublasName);
  Status status = CudaDriver::load(path ? path : "", gpu.driver);
  return status.ok() ? describeGpu(gpu) : status;
}

static Status findEmulated(const std::string &arch, CudaChoice &gpu) {
  setenv("MOEC_EMULATED_ARCH", arch.c_str(), /*replace=*/1);
  gpu.name = "emulated:" + arch;
  std::string driver = emulatorPath();
  gpu.cublasPath =
      cublasPath(std::filesystem::path(driver).replace_filename(cublasName));
  Status status = CudaDriver::load(driver, gpu.driver);
  return status.ok() ? describeGpu(gpu) : status;
}

//===----------------------------------------------------------------------===//
// Choosing
//===----------------------------------------------------------------------===//

static bool hasGpuTarget(const Artifact &artifact, const char *name) {
  for (const format::Target *target : *artifact.table().targets())
    if (isFor(*target, format::Machine::Nvidia, name))
      return true;
  return false;
}

/// "cuda" and "cuda:3".
static bool parseCuda(std::string_view text, int &ordinal) {
  constexpr std::string_view prefix = "cuda";
  if (text.substr(0, prefix.size()) != prefix)
    return false;
  text.remove_prefix(prefix.size());
  if (text.empty())
    return true;
  const char *end = text.data() + text.size();
  auto parsed = std::from_chars(text.data() + 1, end, ordinal);
  return text[0] == ':' && parsed.ec == std::errc() && parsed.ptr == end &&
         ordinal >= 0;
}

/// A GPU that the artifact has a target for, else the CPU. Why there is no GPU
/// matters where the CPU cannot run the model either.
static Status chooseAny(const Artifact &artifact, const char *target,
                        DeviceChoice &choice) {
  Status gpu(MOERT_UNSUPPORTED, "");
  if (hasGpuTarget(artifact, target)) {
    gpu = findGpu(0, choice.gpu);
    if (gpu.ok())
      gpu = chooseGpuTarget(artifact, target, choice.gpu, choice.target);
    if (gpu.ok())
      return gpu;
    choice = {};
  }
  Status cpu = chooseCpuTarget(artifact, target, choice.target);
  if (cpu.ok() || gpu.message.empty())
    return cpu;
  return {cpu.code, cpu.message + "; and no GPU can: " + gpu.message};
}

Status moert::chooseDevice(const Artifact &artifact,
                           const moert_model_options &options,
                           DeviceChoice &choice) {
  const char *target = options.target;
  if (target && !hasTarget(artifact, target))
    return noSuchTarget(artifact, target);
  std::string device = options.device ? options.device : "auto";
  if (device == "auto")
    return chooseAny(artifact, target, choice);
  if (device == "none") {
    choice.isNowhere = true;
    choice.target = artifact.table().targets()->Get(0);
    return {};
  }
  if (device == "cpu")
    return chooseCpuTarget(artifact, target, choice.target);
  constexpr std::string_view emulated = "emulated:";
  int ordinal = 0;
  Status status;
  if (device.compare(0, emulated.size(), emulated) == 0)
    status = findEmulated(device.substr(emulated.size()), choice.gpu);
  else if (parseCuda(device, ordinal))
    status = findGpu(ordinal, choice.gpu);
  else
    return {MOERT_INVALID, "there is no device '" + device +
                               "'; expected auto, cpu, cuda, cuda:N, "
                               "none, or emulated:ARCH like emulated:sm_90a"};
  if (!status.ok())
    return {status.code, "device '" + device + "': " + status.message};
  return chooseGpuTarget(artifact, target, choice.gpu, choice.target);
}

Status DeviceChoice::create(const DeviceModel &model,
                            std::unique_ptr<Device> &device) const {
  if (isNowhere)
    return createNoDevice(device);
  return gpu.driver ? createCudaDevice(model, gpu, device)
                    : createCpuDevice(model, usesHugePages, device);
}
