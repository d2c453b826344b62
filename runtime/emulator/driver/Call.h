//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What every function of the API begins with.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_CALL_H
#define RUNTIME_EMULATOR_DRIVER_CALL_H

#include "runtime/emulator/driver/Driver.h"

#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

namespace emulator::cuda {

/// The stack of current contexts of the calling thread; the last is current.
std::vector<std::shared_ptr<Context>> &currentContexts();

/// How the calling thread looks at captures
/// (cuThreadExchangeStreamCaptureMode).
CUstreamCaptureMode &threadCaptureMode();

/// A call under way. It holds the driver's mutex but while it waits.
class Call {
public:
  explicit Call(Driver &driver) : driver(driver), lock_(driver.mutex) {}

  /// Makes the current context the call's: an error if there is none, it was
  /// destroyed, or it failed.
  CUresult enterContext();
  /// The stream behind a handle: null and 1 are the legacy stream, 2 is the
  /// thread's own. Null for a handle that is none.
  std::shared_ptr<Stream> stream(CUstream handle);
  /// The function behind a handle of a function or a kernel, or null.
  std::shared_ptr<KernelFunction> function(CUfunction handle);
  /// The function of a library's kernel in the call's context, or null with
  /// the error.
  std::shared_ptr<KernelFunction> function(LibraryKernel &kernel,
                                           CUresult &error);
  /// An error if a capture forbids calls that might disturb it.
  CUresult refuseInCapture();

  /// Waits without the mutex, and returns the error that the context is in.
  CUresult finish(TaskRef task);
  /// Has queued work begun, and gives it a moment, without the mutex.
  void hurry(const TaskRef &task);
  /// Waits for all work of the context.
  CUresult finishContext(Context &context);
  /// Waits for all work of all contexts.
  void finishAll();

  Driver &driver;
  std::shared_ptr<Context> context;

private:
  std::unique_lock<std::mutex> lock_;
};

/// The driver, or the error for which nothing can be called.
CUresult enterDriver(Driver *&driver);

/// Calls `body(call)`, and turns what it throws into an error.
template <class Body> CUresult anywhere(Body body) {
  Driver *driver;
  CUresult result = enterDriver(driver);
  if (result != CUDA_SUCCESS)
    return result;
  try {
    Call call(*driver);
    return body(call);
  } catch (const std::bad_alloc &) {
    return CUDA_ERROR_OUT_OF_MEMORY;
  } catch (const std::exception &exception) {
    complain(exception.what());
    return CUDA_ERROR_UNKNOWN;
  }
}

/// The same in the current context, if that has not failed.
template <class Body> CUresult inContext(Body body) {
  return anywhere([&](Call &call) {
    CUresult result = call.enterContext();
    return result == CUDA_SUCCESS ? body(call) : result;
  });
}

/// The same with the stream behind a handle.
template <class Body> CUresult inStream(CUstream handle, Body body) {
  return inContext([&](Call &call) {
    std::shared_ptr<Stream> stream = call.stream(handle);
    return stream ? body(call, *stream) : CUDA_ERROR_INVALID_HANDLE;
  });
}

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_CALL_H
