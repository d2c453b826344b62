//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaProgram.h"

#include "runtime/abi/GpuKernel.h"
#include "runtime/artifact/CheckedArithmetic.h"
#include "runtime/artifact/TensorLayout.h"

#include <algorithm>

using namespace moert;

uint64_t CudaKernel::scratchPitch() const {
  // The artifact's verifier bounds the size.
  constexpr uint64_t alignment = 64;
  return *roundUp(block.scratch_bytes(), alignment);
}

static uint64_t blocksFor(int64_t tasks, const CudaKernel &kernel) {
  uint64_t each = kernel.block.tasks();
  return (static_cast<uint64_t>(tasks) + each - 1) / each;
}

uint64_t CudaProgram::scratchBytes(const format::Program &table,
                                   const std::vector<CudaKernel> &kernels) {
  StepSize largest{table.max_tokens(), table.max_tokens()};
  uint64_t most = 0;
  for (const format::Launch *launch : *table.launches()) {
    const CudaKernel &kernel = kernels[launch->kernel()];
    if (kernel.product) {
      most = std::max(most, kernel.product->shape().workspace_bytes());
      continue;
    }
    uint64_t threads = blocksFor(launchTasks(*launch, largest), kernel) *
                       kernel.block.threads();
    most = std::max(most, threads * kernel.scratchPitch());
  }
  return most;
}

cuda::CUdeviceptr CudaProgram::resolve(const format::Argument &argument) const {
  switch (argument.kind()) {
  case format::ArgumentKind::Buffer:
    return memory.arena + program.buffers()->Get(argument.index())->offset();
  case format::ArgumentKind::Tensor:
    return (*memory.tensors)[argument.index()];
  case format::ArgumentKind::Cache:
    return memory.cache + argument.index() * memory.layerBytes;
  case format::ArgumentKind::Logits:
    return memory.logits;
  case format::ArgumentKind::Top:
    return argument.index() == 0 ? memory.topLogits : memory.topTokens;
  case format::ArgumentKind::Input:
    break;
  }
  switch (static_cast<format::InputKind>(argument.index())) {
  case format::InputKind::Tokens:
    return memory.tokens;
  case format::InputKind::Rows:
    return memory.rows;
  case format::InputKind::Batch:
    return memory.batch;
  }
  return 0;
}

CudaProgram::CudaProgram(const CudaDriver &driver, const format::Program &table,
                         const std::vector<CudaKernel> &kernels,
                         const CudaStepMemory &memory)
    : driver(driver), program(table), memory(memory) {
  for (const format::Launch *launch : *table.launches()) {
    launches.push_back({launch, &kernels[launch->kernel()], {}});
    for (const format::Argument *argument : *launch->arguments())
      launches.back().arguments.push_back(resolve(*argument));
  }
}

static cuda::CUtensorMapDataType toMapType(format::DataType type) {
  switch (type) {
  case format::DataType::F32:
    return cuda::CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
  case format::DataType::F16:
    return cuda::CU_TENSOR_MAP_DATA_TYPE_FLOAT16;
  case format::DataType::BF16:
    break;
  }
  return cuda::CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
}

/// The map of a tensor at an address, see runtime/abi/GpuKernel.h.
static Status encode(const CudaDriver &driver, const format::Tensor &tensor,
                     cuda::CUdeviceptr address, uint32_t boxRows,
                     cuda::CUtensorMap &map) {
  constexpr uint32_t boxBytes = 128;
  uint64_t each = elementBytes(tensor.type());
  uint64_t columns = tensor.shape()->Get(tensor.shape()->size() - 1), rows = 1;
  for (uint32_t i = 0; i + 1 < tensor.shape()->size(); ++i)
    rows *= tensor.shape()->Get(i);
  cuda::cuuint64_t extents[] = {columns, rows}, strides[] = {columns * each};
  cuda::cuuint32_t box[] = {static_cast<uint32_t>(boxBytes / each), boxRows};
  cuda::cuuint32_t steps[] = {1, 1};
  return driver.check(
      driver.cuTensorMapEncodeTiled(
          &map, toMapType(tensor.type()), 2, reinterpret_cast<void *>(address),
          extents, strides, box, steps, cuda::CU_TENSOR_MAP_INTERLEAVE_NONE,
          cuda::CU_TENSOR_MAP_SWIZZLE_128B,
          cuda::CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
          cuda::CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE),
      ("make a tensor map of " + tensor.name()->str()).c_str());
}

Status CudaProgram::makeTensorMaps(const format::Artifact &artifact) {
  std::vector<cuda::CUtensorMap> maps;
  std::vector<Launch *> owners; // of each map
  for (Launch &launch : launches) {
    if (!launch.kernel->tensorMaps)
      continue;
    for (const format::TensorMap *map : *launch.kernel->tensorMaps) {
      uint32_t tensor = launch.table->arguments()->Get(map->operand())->index();
      owners.push_back(&launch);
      Status status = encode(driver, *artifact.tensors()->Get(tensor),
                             launch.arguments[map->operand()], map->box_rows(),
                             maps.emplace_back());
      if (!status.ok())
        return status;
    }
  }
  if (maps.empty())
    return {};
  uint64_t bytes = maps.size() * sizeof(cuda::CUtensorMap);
  Status status =
      DeviceMemory::allocate(driver, bytes, "tensor maps", tensorMaps);
  if (status.ok())
    status = driver.check(
        driver.cuMemcpyHtoD_v2(tensorMaps.get(), maps.data(), bytes),
        "take the tensor maps");
  for (size_t i = 0; i < maps.size(); ++i)
    owners[i]->arguments.push_back(tensorMaps.get() +
                                   i * sizeof(cuda::CUtensorMap));
  return status;
}

Status CudaProgram::enqueueProduct(cuda::CUstream stream, const Launch &launch,
                                   StepSize size) const {
  const format::LibraryProduct &shape = launch.kernel->product->shape();
  uint32_t operands = static_cast<uint32_t>(launch.arguments.size() - 1);
  ProductMemory matrices{
      launch.arguments[shape.rows()], launch.arguments[shape.weight()],
      launch.arguments[operands],
      shape.residual() < operands ? launch.arguments[shape.residual()] : 0,
      memory.scratch};
  return launch.kernel->product->enqueue(
      stream, evaluate(*launch.table->rows(), size), matrices);
}

Status CudaProgram::enqueue(cuda::CUstream stream, size_t index,
                            StepSize size) const {
  const Launch &launch = launches[index];
  int64_t tasks = launchTasks(*launch.table, size);
  if (tasks == 0)
    return {};
  if (launch.kernel->product)
    return enqueueProduct(stream, launch, size);
  const format::Block &block = launch.kernel->block;
  auto pointer = [](cuda::CUdeviceptr address) {
    return reinterpret_cast<void *>(address);
  };
  moert_gpu_launch last{
      evaluate(*launch.table->rows(), size),
      tasks,
      static_cast<int32_t *>(pointer(memory.status + index * sizeof(int32_t))),
      static_cast<int64_t *>(
          pointer(memory.finished + index * sizeof(int64_t))),
      pointer(memory.scratch),
      static_cast<int64_t>(launch.kernel->scratchPitch())};
  std::vector<void *> parameters;
  for (const cuda::CUdeviceptr &argument : launch.arguments)
    parameters.push_back(const_cast<cuda::CUdeviceptr *>(&argument));
  parameters.push_back(&last);
  // The verifier of artifacts bounds the tasks of a step.
  unsigned blocks = static_cast<unsigned>(blocksFor(tasks, *launch.kernel));
  return driver.check(driver.cuLaunchKernel(launch.kernel->function, blocks, 1,
                                            1, block.threads(), 1, 1,
                                            block.shared_bytes(), stream,
                                            parameters.data(), nullptr),
                      "launch a kernel");
}

Status CudaProgram::enqueue(cuda::CUstream stream, StepSize size,
                            AfterLaunch after, void *context) const {
  for (size_t i = 0; i < launches.size(); ++i) {
    Status status = enqueue(stream, i, size);
    if (status.ok() && after)
      status = after(context, i);
    if (!status.ok())
      return status;
  }
  return {};
}
