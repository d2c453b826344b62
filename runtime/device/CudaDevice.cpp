//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// An NVIDIA GPU as a device: code is a fat binary, weights are copied to its
// memory once.
//
//===----------------------------------------------------------------------===//

#include "runtime/artifact/Artifact.h"
#include "runtime/device/CudaExecution.h"
#include "runtime/device/DeviceChoice.h"

#include <algorithm>
#include <cstring>

using namespace moert;

namespace {

class CudaDevice final : public Device {
public:
  CudaDevice(const DeviceModel &model, const CudaChoice &choice)
      : choice(choice) {
    gpu.driver = choice.driver;
    gpu.model = model;
  }
  ~CudaDevice() override;

  Status load();
  const std::string &name() const override { return choice.name; }
  const std::string &description() const override { return choice.description; }
  int64_t cacheBytes() const override;
  bool usesThreads() const override { return false; }
  Status createExecution(const PageTable &pages, ThreadPool &pool,
                         std::unique_ptr<Execution> &execution) const override;

private:
  Status loadCode();
  Status findKernel(const format::Kernel &kernel);
  Status makeProduct(const format::Kernel &kernel);
  uint64_t placeTensors();
  Status checkFreeMemory(uint64_t needed) const;
  Status uploadTensors();

  CudaChoice choice;
  CudaContext gpu;
  std::shared_ptr<const CublasLibrary> library; ///< if a kernel needs it
  cuda::CUdevice device = 0;
  cuda::CUmodule module = nullptr;
  DeviceMemory weights;
};

/// Copies pageable memory of the host, a mapped file say, through two pinned
/// buffers: one is filled while the other is on its way.
class Upload {
public:
  explicit Upload(const CudaDriver &driver) : driver(driver) {}
  ~Upload();

  Status prepare();
  Status copy(cuda::CUdeviceptr to, ByteSpan from);
  Status finish();

private:
  static constexpr uint64_t pieceBytes = 16 << 20;

  const CudaDriver &driver;
  PinnedMemory buffers[2];
  cuda::CUevent sent[2] = {nullptr, nullptr};
  cuda::CUstream stream = nullptr;
  int next = 0;
};

} // namespace

//===----------------------------------------------------------------------===//
// Upload
//===----------------------------------------------------------------------===//

Upload::~Upload() {
  if (stream) {
    driver.cuStreamSynchronize(stream);
    driver.cuStreamDestroy_v2(stream);
  }
  for (cuda::CUevent event : sent)
    if (event)
      driver.cuEventDestroy_v2(event);
}

Status Upload::prepare() {
  Status status =
      driver.check(driver.cuStreamCreate(&stream, cuda::CU_STREAM_NON_BLOCKING),
                   "make a stream");
  for (int i = 0; i < 2 && status.ok(); ++i) {
    status = PinnedMemory::allocate(driver, pieceBytes, buffers[i]);
    if (status.ok())
      status = driver.check(
          driver.cuEventCreate(&sent[i], cuda::CU_EVENT_DISABLE_TIMING),
          "make an event");
    if (status.ok())
      status = driver.check(driver.cuEventRecord(sent[i], stream),
                            "record an event");
  }
  return status;
}

Status Upload::copy(cuda::CUdeviceptr to, ByteSpan from) {
  for (uint64_t done = 0; done < from.size;) {
    uint64_t count = std::min(pieceBytes, from.size - done);
    Status status =
        driver.check(driver.cuEventSynchronize(sent[next]), "copy the weights");
    if (!status.ok())
      return status;
    std::memcpy(buffers[next].data(), from.data + done, count);
    status = driver.check(driver.cuMemcpyHtoDAsync_v2(
                              to + done, buffers[next].data(), count, stream),
                          "copy the weights");
    if (status.ok())
      status = driver.check(driver.cuEventRecord(sent[next], stream),
                            "copy the weights");
    if (!status.ok())
      return status;
    next ^= 1;
    done += count;
  }
  return {};
}

Status Upload::finish() {
  return driver.check(driver.cuStreamSynchronize(stream), "copy the weights");
}

//===----------------------------------------------------------------------===//
// The device
//===----------------------------------------------------------------------===//

CudaDevice::~CudaDevice() {
  if (!gpu.context)
    return;
  {
    CudaScope scope(*gpu.driver, gpu.context);
    weights = {};
    gpu.kernels.clear();
    library = nullptr;
    if (module)
      gpu.driver->cuModuleUnload(module);
  }
  gpu.driver->cuDevicePrimaryCtxRelease_v2(device);
}

Status CudaDevice::findKernel(const format::Kernel &kernel) {
  const CudaDriver &driver = *gpu.driver;
  CudaKernel found{nullptr, *kernel.block(), kernel.tensor_maps(), nullptr};
  std::string purpose = "find the kernel " + kernel.symbol()->str();
  Status status =
      driver.check(driver.cuModuleGetFunction(&found.function, module,
                                              kernel.symbol()->c_str()),
                   purpose.c_str());
  // More than what every launch may have must be asked for.
  constexpr uint32_t always = 48 << 10;
  uint32_t shared = found.block.shared_bytes();
  if (status.ok() && shared > always)
    status =
        driver.check(driver.cuFuncSetAttribute(
                         found.function,
                         cuda::CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                         static_cast<int>(shared)),
                     ("give " + std::to_string(shared) +
                      " bytes of shared memory to " + kernel.symbol()->str())
                         .c_str());
  gpu.kernels.push_back(found);
  return status;
}

Status CudaDevice::loadCode() {
  ByteSpan bytes = gpu.model.artifact->segment(gpu.model.target->code());
  Status status = gpu.driver->check(
      gpu.driver->cuModuleLoadData(&module, bytes.data), "load the code");
  for (const format::Kernel *kernel : *gpu.model.target->kernels())
    if (status.ok())
      status = kernel->library() ? makeProduct(*kernel) : findKernel(*kernel);
  return status;
}

/// The most rows of any launch of a kernel.
static int64_t mostRows(const DeviceModel &model, uint32_t kernel) {
  int64_t most = 1;
  for (const format::Program *program : model.programs)
    for (const format::Launch *launch : *program->launches())
      if (launch->kernel() == kernel)
        most =
            std::max(most, evaluate(*launch->rows(), {program->max_tokens(),
                                                      program->max_tokens()}));
  return most;
}

Status CudaDevice::makeProduct(const format::Kernel &kernel) {
  Status status;
  if (!library)
    status = CublasLibrary::load(choice.cublasPath, library);
  if (!status.ok())
    return status;
  auto product = std::make_shared<CublasProduct>(library, kernel);
  status = product->prepare(
      mostRows(gpu.model, static_cast<uint32_t>(gpu.kernels.size())));
  gpu.kernels.push_back({nullptr, {}, nullptr, std::move(product)});
  return status;
}

/// Gives the tensors that the programs read their places, from 0 on; returns
/// the bytes of all.
uint64_t CudaDevice::placeTensors() {
  constexpr uint64_t alignment = 256, unused = UINT64_MAX;
  const auto &tensors = *gpu.model.artifact->table().tensors();
  gpu.tensors.assign(tensors.size(), unused);
  uint64_t end = 0;
  for (const format::Program *program : gpu.model.programs)
    for (const format::Launch *launch : *program->launches())
      for (const format::Argument *argument : *launch->arguments()) {
        if (argument->kind() != format::ArgumentKind::Tensor ||
            gpu.tensors[argument->index()] != unused)
          continue;
        gpu.tensors[argument->index()] = end;
        // They all lie in one file, so the sum fits.
        end =
            *roundUp(end + tensors.Get(argument->index())->length(), alignment);
      }
  return end;
}

Status CudaDevice::checkFreeMemory(uint64_t needed) const {
  size_t free = 0, total = 0;
  Status status = gpu.driver->check(gpu.driver->cuMemGetInfo_v2(&free, &total),
                                    "tell its memory");
  if (!status.ok() || needed <= free)
    return status;
  return {MOERT_NO_MEMORY,
          choice.name + " (" + choice.description + ") has " +
              std::to_string(free) + " of " + std::to_string(total) +
              " bytes free, but the weights need " + std::to_string(needed) +
              "; run it on a GPU with more memory, or with --device=cpu"};
}

Status CudaDevice::uploadTensors() {
  uint64_t needed = placeTensors();
  Status status = checkFreeMemory(needed);
  if (status.ok())
    status = DeviceMemory::allocate(*gpu.driver, needed, "weights", weights);
  Upload upload(*gpu.driver);
  if (status.ok())
    status = upload.prepare();
  for (uint32_t i = 0; i < gpu.tensors.size() && status.ok(); ++i) {
    cuda::CUdeviceptr &place = gpu.tensors[i];
    if (place == UINT64_MAX) {
      place = 0;
      continue;
    }
    place += weights.get();
    status = upload.copy(place, gpu.model.artifact->tensor(i));
  }
  return status.ok() ? upload.finish() : status;
}

Status CudaDevice::load() {
  const CudaDriver &driver = *gpu.driver;
  Status status =
      driver.check(driver.cuDeviceGet(&device, choice.ordinal), "be found");
  if (status.ok())
    status = driver.check(driver.cuDevicePrimaryCtxRetain(&gpu.context, device),
                          "be used");
  if (!status.ok())
    return status;
  CudaScope scope(driver, gpu.context);
  status = loadCode();
  return status.ok() ? uploadTensors() : status;
}

int64_t CudaDevice::cacheBytes() const {
  CudaScope scope(*gpu.driver, gpu.context);
  size_t free = 0, total = 0;
  gpu.driver->cuMemGetInfo_v2(&free, &total);
  return static_cast<int64_t>(free / 2);
}

Status
CudaDevice::createExecution(const PageTable &pages, ThreadPool &,
                            std::unique_ptr<Execution> &execution) const {
  auto made = std::make_unique<CudaExecution>(gpu, pages);
  Status status = made->allocate();
  if (status.ok())
    execution = std::move(made);
  return status;
}

Status moert::createCudaDevice(const DeviceModel &model,
                               const CudaChoice &choice,
                               std::unique_ptr<Device> &device) {
  auto made = std::make_unique<CudaDevice>(model, choice);
  Status status = made->load();
  if (status.ok())
    device = std::move(made);
  return status;
}
