//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// A program of an artifact, bound to memory of a GPU.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_CUDAPROGRAM_H
#define RUNTIME_DEVICE_CUDAPROGRAM_H

#include "runtime/artifact/Cost.h"
#include "runtime/device/CublasProduct.h"
#include "runtime/device/CudaDriver.h"
#include "runtime/device/CudaMemory.h"

#include <vector>

namespace moert {

/// What a program's arguments point to; all are addresses of the device.
struct CudaStepMemory {
  const std::vector<cuda::CUdeviceptr> *tensors; ///< by index; 0: not there
  cuda::CUdeviceptr cache;
  int64_t layerBytes; ///< of the cache's pages of a layer
  cuda::CUdeviceptr arena, tokens, rows, batch, logits, topLogits, topTokens;
  cuda::CUdeviceptr status;   ///< int32 [launches of the longest program]
  cuda::CUdeviceptr finished; ///< int64 of as many
  cuda::CUdeviceptr scratch;
};

/// A kernel that was loaded.
struct CudaKernel {
  cuda::CUfunction function;
  format::Block block;
  const flatbuffers::Vector<const format::TensorMap *> *tensorMaps; ///< or null
  /// Computes it instead of a function; or null.
  std::shared_ptr<const CublasProduct> product;

  /// From one thread's scratch memory to the next one's.
  uint64_t scratchPitch() const;
};

class CudaProgram {
public:
  /// All arguments outlive the program. `kernels` are the target's.
  CudaProgram(const CudaDriver &driver, const format::Program &table,
              const std::vector<CudaKernel> &kernels,
              const CudaStepMemory &memory);

  /// Makes the tensor maps of all launches; before the first step.
  Status makeTensorMaps(const format::Artifact &artifact);

  /// Called after launch `index` was put into the stream.
  using AfterLaunch = Status (*)(void *context, size_t index);

  /// Puts all launches of a step into the stream.
  Status enqueue(cuda::CUstream stream, StepSize size,
                 AfterLaunch after = nullptr, void *context = nullptr) const;

  size_t size() const { return launches.size(); }

  /// Scratch memory that the launches of a program need in its largest step, the
  /// workspace of the library included.
  static uint64_t scratchBytes(const format::Program &table,
                               const std::vector<CudaKernel> &kernels);

private:
  struct Launch {
    const format::Launch *table;
    const CudaKernel *kernel;
    std::vector<cuda::CUdeviceptr> arguments; ///< and tensor maps
  };

  cuda::CUdeviceptr resolve(const format::Argument &argument) const;
  Status enqueue(cuda::CUstream stream, size_t index, StepSize size) const;
  Status enqueueProduct(cuda::CUstream stream, const Launch &launch,
                        StepSize size) const;

  const CudaDriver &driver;
  const format::Program &program;
  CudaStepMemory memory;
  std::vector<Launch> launches;
  DeviceMemory tensorMaps;
};

} // namespace moert

#endif // RUNTIME_DEVICE_CUDAPROGRAM_H
