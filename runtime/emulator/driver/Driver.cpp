//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Driver.h"

#include "runtime/emulator/driver/Extension.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace emulator::cuda {

namespace {

std::atomic<Driver *> instance{nullptr};
std::atomic<bool> ending{false};
void (*takeComplaint)(void *, const char *) = nullptr;
void *complaintClosure = nullptr;

/// Leaves no thread in the middle of a kernel while static objects go away.
void endProcess() {
  ending.store(true);
  instance.load()->engine.stop();
}

} // namespace

void complain(const std::string &line) {
  if (takeComplaint)
    return takeComplaint(complaintClosure, line.c_str());
  std::fprintf(stderr, "emulated device: %s\n", line.c_str());
}

CUresult cuEmulatedComplaints(void (*take)(void *, const char *),
                              void *closure) {
  takeComplaint = take;
  complaintClosure = closure;
  return CUDA_SUCCESS;
}

Driver::Driver(const Environment &environment)
    : environment(environment), device(environment.profile),
      engine(environment.settings) {
  pools.add(defaultPool);
}

Driver *Driver::get() { return instance.load(); }

bool Driver::stopped() { return ending.load(); }

CUresult Driver::initialize() {
  static std::mutex once;
  std::lock_guard<std::mutex> lock(once);
  if (instance.load())
    return CUDA_SUCCESS;
  Environment environment;
  std::string message;
  if (!environment.read(message)) {
    complain(message);
    return CUDA_ERROR_INVALID_VALUE;
  }
  auto driver = std::make_unique<Driver>(environment);
  if (!environment.profileTarget.path.empty() &&
      !driver->profiles.open(environment.profileTarget, message)) {
    complain(message);
    return CUDA_ERROR_INVALID_VALUE;
  }
  instance.store(driver.release());
  std::atexit(endProcess);
  return CUDA_SUCCESS;
}

std::shared_ptr<Context> Driver::primary() {
  if (!primary_) {
    primary_ = std::make_shared<Context>(engine, /*primary=*/true, nextId++);
    primary_->alive = false;
    contexts.add(primary_);
  }
  return primary_;
}

std::shared_ptr<Context> Driver::createContext(unsigned flags) {
  auto context = std::make_shared<Context>(engine, /*primary=*/false, nextId++);
  context->flags = flags;
  contexts.add(context);
  return context;
}

void Driver::clear(Context &context) {
  streams.removeIf([&](Stream &s) { return &s.context == &context; });
  events.removeIf([&](Event &e) { return e.context == &context; });
  auto mine = [&](Module &module) { return module.context == &context; };
  functions.removeIf([&](KernelFunction &f) { return mine(f.module); });
  modules.removeIf(mine);
  libraries.forEach(
      [&](Library &library) { library.instances.erase(&context); });
  allocations.releaseAllOf(&context);
  context.clear();
}

} // namespace emulator::cuda
