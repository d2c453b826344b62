//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A session on a GPU. A step is one graph: copies of its inputs, all launches,
// copies of its results; nothing is decided by the host in between.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_CUDAEXECUTION_H
#define RUNTIME_DEVICE_CUDAEXECUTION_H

#include "runtime/device/CudaMemory.h"
#include "runtime/device/CudaProgram.h"
#include "runtime/device/Device.h"

#include <deque>
#include <memory>

namespace moert {

/// What sessions share of a GPU.
struct CudaContext {
  std::shared_ptr<CudaDriver> driver;
  cuda::CUcontext context = nullptr;
  DeviceModel model;
  std::vector<CudaKernel> kernels;
  std::vector<cuda::CUdeviceptr> tensors; ///< by index; 0: not there
};

class CudaExecution final : public Execution {
public:
  CudaExecution(const CudaContext &gpu, const PageTable &pages)
      : gpu(gpu), driver(*gpu.driver), pages(pages) {}
  ~CudaExecution() override;

  Status allocate();
  Status pagesChanged(int64_t row, int64_t from, int64_t to) override;
  StepOutcome run(size_t program, StepSize size, double *seconds) override;
  Status measureMemory(double &bytesPerSecond) override;

private:
  /// Places in one allocation. Offsets are multiples of 256.
  struct Layout {
    uint64_t inputs, batch, table, status, finished, logits, topLogits,
        topTokens, arena, scratch, end;
  };
  /// A step that was captured.
  struct Graph {
    size_t program;
    StepSize size;
    cuda::CUgraphExec graph;
  };

  Status plan();
  Status checkFreeMemory() const;
  Status allocateMemory();
  Status bind();
  Status enqueueStep(size_t program, StepSize size, cuda::CUevent *events);
  Status capture(size_t program, StepSize size, Graph &graph);
  Status runGraph(size_t program, StepSize size);
  Status runMeasured(size_t program, StepSize size, double *seconds);

  const CudaContext &gpu;
  const CudaDriver &driver;
  const PageTable &pages;

  Layout layout{};
  uint64_t inputPitch = 0, scratchBytes = 0;
  size_t longest = 0; ///< launches of the longest program
  DeviceMemory step, cache;
  PinnedMemory hostInputs, hostResults, hostStatus;
  cuda::CUstream stream = nullptr;
  std::vector<std::unique_ptr<CudaProgram>> programs;
  std::deque<Graph> graphs; ///< the newest one last
};

} // namespace moert

#endif // RUNTIME_DEVICE_CUDAEXECUTION_H
