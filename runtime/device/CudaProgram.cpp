//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/device/CudaProgram.h"

#include "runtime/abi/GpuKernel.h"
#include "runtime/artifact/CheckedArithmetic.h"

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

Status CudaProgram::enqueue(cuda::CUstream stream, size_t index,
                            StepSize size) const {
  const Launch &launch = launches[index];
  int64_t tasks = launchTasks(*launch.table, size);
  if (tasks == 0)
    return {};
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
