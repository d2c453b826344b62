//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What the stand-ins of other libraries of CUDA (cublaslt/), and tools that run
// single kernels, ask of the driver beyond NVIDIA's API. They get the functions
// through cuGetProcAddress, which NVIDIA's driver answers with "not found".
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
  const char *name; ///< in profiles; lives as long as the process
  /// Device memory that it reads and writes, each byte once.
  size_t readBytes, writtenBytes;
};

/// A kernel as its PTX declares it. Extents are 0 where it says nothing.
struct ExtensionKernel {
  const char *name;
  size_t parameters;
  unsigned requiredThreads[3], maxThreads[3], requiredCluster[3];
  bool cluster;       ///< it wants one, of any size
  unsigned registers; ///< 32-bit, that a thread is taken to use
  size_t sharedBytes; ///< without dynamic shared memory
  size_t localBytes;  ///< of a thread
};

struct ExtensionParameter {
  const char *name, *type; ///< "u64"; that of an element of an array
  size_t offset, bytes;
};

extern "C" {
/// Gives the lines that the driver would print on stderr to `take`: why it
/// refuses a setting, an image or a launch. Reports of faults are printed all
/// the same. To be called before cuInit, or while no other call is under way.
CUresult cuEmulatedComplaints(void (*take)(void *closure, const char *line),
                              void *closure);
/// Texts live as long as the module.
CUresult cuEmulatedKernel(CUfunction function, ExtensionKernel *kernel);
CUresult cuEmulatedParameter(CUfunction function, size_t index,
                             ExtensionParameter *parameter);
/// Puts work into a stream. Takes the closure over, in failure, too.
CUresult cuEmulatedEnqueue(CUstream stream, const ExtensionWork *work);
/// Copies between host memory and memory of the device, at once, as kernels
/// do: to be called from `run`.
CUresult cuEmulatedRead(void *to, CUdeviceptr from, size_t bytes);
CUresult cuEmulatedWrite(CUdeviceptr to, const void *from, size_t bytes);
}

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_EXTENSION_H
