//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What the stand-ins of other libraries of CUDA (cublaslt/) ask of the driver
// beyond NVIDIA's API. They get the functions through cuGetProcAddress, which
// NVIDIA's driver answers with "not found".
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_EXTENSION_H
#define RUNTIME_EMULATOR_DRIVER_EXTENSION_H

#include "runtime/emulator/driver/Cuda.h"

namespace emulator::cuda {

/// Work for a stream. `run` is called in the stream's order, more than once if
/// the stream was captured into a graph; an error that it returns becomes the
/// context's. `release` is called once, after the last run or without one.
struct ExtensionWork {
  void *closure;
  CUresult (*run)(void *closure);
  void (*release)(void *closure);
};

extern "C" {
/// Puts work into a stream. Takes the closure over, in failure, too.
CUresult cuEmulatedEnqueue(CUstream stream, const ExtensionWork *work);
/// Copies between host memory and memory of the device, at once, as kernels
/// do: to be called from `run`.
CUresult cuEmulatedRead(void *to, CUdeviceptr from, size_t bytes);
CUresult cuEmulatedWrite(CUdeviceptr to, const void *from, size_t bytes);
}

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_EXTENSION_H
