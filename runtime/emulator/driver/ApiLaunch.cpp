//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Launches, and work that the host or another library of CUDA does.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Extension.h"
#include "runtime/emulator/driver/Launch.h"

namespace emulator::cuda {

namespace {

CUresult launchIn(const LaunchCall &wanted) {
  return inStream(wanted.config.hStream, [&](Call &call, Stream &stream) {
    std::shared_ptr<KernelLaunch> launch;
    CUresult result = prepareLaunch(call, wanted, launch);
    if (result != CUDA_SUCCESS)
      return result;
    return stream.context.submit(stream, workOf(call.driver, launch));
  });
}

LaunchCall launchOf(CUfunction function, const CUlaunchConfig &config,
                    void **parameters, void **extra) {
  LaunchCall wanted;
  wanted.config = config;
  wanted.function = function;
  wanted.parameters = parameters;
  wanted.extra = extra;
  return wanted;
}

/// What is known of the work of a library.
LaunchCounts countsOf(const ExtensionWork &work, CUresult result) {
  LaunchCounts counts;
  counts.kernel = work.name;
  counts.library = true;
  counts.arch = Driver::get()->device.profile.arch;
  counts.faulted = result != CUDA_SUCCESS;
  counts.uniqueRead = work.readBytes;
  counts.uniqueWritten = work.writtenBytes;
  return counts;
}

} // namespace

CUresult cuLaunchKernel(CUfunction function, unsigned gridX, unsigned gridY,
                        unsigned gridZ, unsigned blockX, unsigned blockY,
                        unsigned blockZ, unsigned sharedBytes, CUstream stream,
                        void **parameters, void **extra) {
  return launchIn(launchOf(function,
                           {gridX, gridY, gridZ, blockX, blockY, blockZ,
                            sharedBytes, stream, nullptr, 0},
                           parameters, extra));
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function,
                          void **parameters, void **extra) {
  return config ? launchIn(launchOf(function, *config, parameters, extra))
                : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned gridX,
                                   unsigned gridY, unsigned gridZ,
                                   unsigned blockX, unsigned blockY,
                                   unsigned blockZ, unsigned sharedBytes,
                                   CUstream stream, void **parameters) {
  LaunchCall wanted = launchOf(function,
                               {gridX, gridY, gridZ, blockX, blockY, blockZ,
                                sharedBytes, stream, nullptr, 0},
                               parameters, nullptr);
  wanted.cooperative = true;
  return launchIn(wanted);
}

CUresult cuLaunchHostFunc(CUstream handle, CUhostFn function, void *data) {
  return inStream(handle, [&](Call &, Stream &stream) {
    if (!function)
      return CUDA_ERROR_INVALID_VALUE;
    Work work;
    work.type = CU_GRAPH_NODE_TYPE_HOST;
    work.action = [function, data] {
      function(data);
      return CUDA_SUCCESS;
    };
    return stream.context.submit(stream, std::move(work));
  });
}

CUresult cuStreamAddCallback(CUstream handle, CUstreamCallback callback,
                             void *data, unsigned flags) {
  return inStream(handle, [&](Call &, Stream &stream) {
    if (!callback || flags)
      return CUDA_ERROR_INVALID_VALUE;
    if (stream.capture)
      return stream.capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
    stream.context.enqueueAlways(
        stream, [=](CUresult status) { callback(handle, status, data); });
    return CUDA_SUCCESS;
  });
}

CUresult cuEmulatedEnqueue(CUstream handle, const ExtensionWork *work) {
  std::shared_ptr<void> closure(work->closure, work->release);
  return inStream(handle, [&](Call &call, Stream &stream) {
    Work queued;
    queued.type = CU_GRAPH_NODE_TYPE_KERNEL;
    queued.action = [closure, work = *work, &profiles = call.driver.profiles] {
      const CUresult result = work.run(closure.get());
      if (profiles.active())
        profiles.write(countsOf(work, result));
      return result;
    };
    return stream.context.submit(stream, std::move(queued));
  });
}

CUresult cuEmulatedRead(void *to, CUdeviceptr from, size_t bytes) {
  Driver *driver = Driver::get();
  return driver && driver->device.memory.read(to, from, bytes)
             ? CUDA_SUCCESS
             : CUDA_ERROR_ILLEGAL_ADDRESS;
}

CUresult cuEmulatedWrite(CUdeviceptr to, const void *from, size_t bytes) {
  Driver *driver = Driver::get();
  return driver && driver->device.memory.write(to, from, bytes)
             ? CUDA_SUCCESS
             : CUDA_ERROR_ILLEGAL_ADDRESS;
}

} // namespace emulator::cuda
