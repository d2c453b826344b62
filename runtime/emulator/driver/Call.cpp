//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Call.h"

namespace emulator::cuda {

std::vector<std::shared_ptr<Context>> &currentContexts() {
  thread_local std::vector<std::shared_ptr<Context>> contexts;
  return contexts;
}

CUstreamCaptureMode &threadCaptureMode() {
  thread_local CUstreamCaptureMode mode = CU_STREAM_CAPTURE_MODE_GLOBAL;
  return mode;
}

CUresult enterDriver(Driver *&driver) {
  driver = Driver::get();
  if (!driver)
    return CUDA_ERROR_NOT_INITIALIZED;
  if (Driver::stopped())
    return CUDA_ERROR_DEINITIALIZED;
  return Engine::insideTask() ? CUDA_ERROR_NOT_PERMITTED : CUDA_SUCCESS;
}

CUresult Call::enterContext() {
  if (currentContexts().empty() || !currentContexts().back())
    return CUDA_ERROR_INVALID_CONTEXT;
  context = currentContexts().back();
  return context->alive ? context->error->get()
                        : CUDA_ERROR_CONTEXT_IS_DESTROYED;
}

std::shared_ptr<Stream> Call::stream(CUstream handle) {
  auto number = reinterpret_cast<uintptr_t>(handle);
  if (number == 0 || number == streamLegacy)
    return context->legacy();
  if (number == streamPerThread)
    return context->perThread();
  return driver.streams.find(handle);
}

std::shared_ptr<KernelFunction> Call::function(LibraryKernel &kernel,
                                               CUresult &error) {
  std::shared_ptr<Module> module =
      kernel.library.in(*context, driver.device, error);
  if (!module)
    return nullptr;
  std::shared_ptr<KernelFunction> function = module->function(kernel.name);
  if (function)
    driver.functions.add(function);
  else
    error = CUDA_ERROR_NOT_FOUND;
  return function;
}

std::shared_ptr<KernelFunction> Call::function(CUfunction handle) {
  if (std::shared_ptr<KernelFunction> function = driver.functions.find(handle))
    return function;
  auto kernel = driver.kernels.find(reinterpret_cast<CUkernel>(handle));
  CUresult error;
  return kernel ? function(*kernel, error) : nullptr;
}

CUresult Call::refuseInCapture() {
  if (threadCaptureMode() == CU_STREAM_CAPTURE_MODE_RELAXED)
    return CUDA_SUCCESS;
  bool global = threadCaptureMode() == CU_STREAM_CAPTURE_MODE_GLOBAL;
  for (const std::shared_ptr<Capture> &capture : driver.captures) {
    bool mine = capture->thread == std::this_thread::get_id() &&
                capture->mode != CU_STREAM_CAPTURE_MODE_RELAXED;
    bool everybodys = global && capture->mode == CU_STREAM_CAPTURE_MODE_GLOBAL;
    if (mine || everybodys)
      return capture->breakFor(CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED);
  }
  return CUDA_SUCCESS;
}

CUresult Call::finish(TaskRef task) {
  std::shared_ptr<StickyError> error = context->error;
  lock_.unlock();
  driver.engine.finish(task);
  lock_.lock();
  return error->get();
}

void Call::hurry(const TaskRef &task) {
  lock_.unlock();
  driver.engine.hurry(task);
  lock_.lock();
}

CUresult Call::finishContext(Context &waited) {
  std::shared_ptr<StickyError> error = waited.error;
  TaskRef barrier = waited.barrier();
  lock_.unlock();
  driver.engine.finish(barrier);
  lock_.lock();
  return error->get();
}

void Call::finishAll() {
  std::vector<TaskRef> barriers;
  driver.contexts.forEach(
      [&](Context &each) { barriers.push_back(each.barrier()); });
  lock_.unlock();
  for (const TaskRef &barrier : barriers)
    driver.engine.finish(barrier);
  lock_.lock();
}

} // namespace emulator::cuda
