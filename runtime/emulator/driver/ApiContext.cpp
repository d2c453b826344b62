//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Contexts. A context that was reset is as good as new under its old handle.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Call.h"

namespace emulator::cuda {

namespace {

bool validFlags(unsigned flags) {
  unsigned schedule = flags & CU_CTX_SCHED_MASK;
  return !(flags & ~CU_CTX_FLAGS_MASK) &&
         (schedule <= 2 || schedule == 4); // auto, spin, yield, blocking
}

/// Waits for a context's work, then frees what it owns.
void empty(Call &call, Context &context) {
  call.finishContext(context);
  call.driver.clear(context);
}

CUresult create(CUcontext *handle, unsigned flags, CUdevice device) {
  return anywhere([&](Call &call) {
    if (device != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    if (!handle || !validFlags(flags))
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<Context> context = call.driver.createContext(flags);
    currentContexts().push_back(context);
    *handle = call.driver.contexts.of(context.get());
    return CUDA_SUCCESS;
  });
}

/// Calls `body(call, primary context)`.
template <class Body> CUresult onPrimary(CUdevice device, Body body) {
  return anywhere([&](Call &call) {
    return device == 0 ? body(call, *call.driver.primary())
                       : CUDA_ERROR_INVALID_DEVICE;
  });
}

} // namespace

CUresult cuDevicePrimaryCtxRetain(CUcontext *handle, CUdevice device) {
  return onPrimary(device, [&](Call &call, Context &primary) {
    if (!handle)
      return CUDA_ERROR_INVALID_VALUE;
    ++primary.retained;
    primary.alive = true;
    *handle = call.driver.contexts.of(&primary);
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device) {
  return onPrimary(device, [&](Call &call, Context &primary) {
    if (!primary.retained)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (--primary.retained)
      return CUDA_SUCCESS;
    primary.alive = false;
    empty(call, primary);
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxReset_v2(CUdevice device) {
  return onPrimary(device, [&](Call &call, Context &primary) {
    empty(call, primary);
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxSetFlags_v2(CUdevice device, unsigned flags) {
  return onPrimary(device, [&](Call &, Context &primary) {
    if (!validFlags(flags))
      return CUDA_ERROR_INVALID_VALUE;
    primary.flags = flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuDevicePrimaryCtxGetState(CUdevice device, unsigned *flags,
                                    int *active) {
  return onPrimary(device, [&](Call &, Context &primary) {
    if (!flags || !active)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = primary.flags;
    *active = primary.alive;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device) {
  return create(context, flags, device);
}

CUresult cuCtxCreate_v4(CUcontext *context, CUctxCreateParams *parameters,
                        unsigned flags, CUdevice device) {
  if (parameters &&
      (parameters->numExecAffinityParams || parameters->cigParams))
    return CUDA_ERROR_NOT_SUPPORTED;
  return create(context, flags, device);
}

CUresult cuCtxDestroy_v2(CUcontext handle) {
  return anywhere([&](Call &call) {
    std::shared_ptr<Context> context = call.driver.contexts.find(handle);
    if (!context || context->primary)
      return CUDA_ERROR_INVALID_CONTEXT;
    context->alive = false;
    empty(call, *context);
    call.driver.contexts.remove(handle);
    auto &stack = currentContexts();
    if (!stack.empty() && stack.back() == context)
      stack.pop_back();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPushCurrent_v2(CUcontext handle) {
  return anywhere([&](Call &call) {
    std::shared_ptr<Context> context = call.driver.contexts.find(handle);
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    currentContexts().push_back(context);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxPopCurrent_v2(CUcontext *handle) {
  return anywhere([&](Call &call) {
    auto &stack = currentContexts();
    if (stack.empty())
      return CUDA_ERROR_INVALID_CONTEXT;
    if (handle)
      *handle = call.driver.contexts.of(stack.back().get());
    stack.pop_back();
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetCurrent(CUcontext handle) {
  return anywhere([&](Call &call) {
    auto &stack = currentContexts();
    std::shared_ptr<Context> context = call.driver.contexts.find(handle);
    if (handle && !context)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!stack.empty())
      stack.pop_back();
    if (context)
      stack.push_back(context);
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCurrent(CUcontext *handle) {
  return anywhere([&](Call &call) {
    if (!handle)
      return CUDA_ERROR_INVALID_VALUE;
    auto &stack = currentContexts();
    *handle =
        stack.empty() ? nullptr : call.driver.contexts.of(stack.back().get());
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetDevice(CUdevice *device) {
  return inContext([&](Call &) {
    if (!device)
      return CUDA_ERROR_INVALID_VALUE;
    *device = 0;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetFlags(unsigned *flags) {
  return inContext([&](Call &call) {
    if (!flags)
      return CUDA_ERROR_INVALID_VALUE;
    *flags = call.context->flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSetFlags(unsigned flags) {
  return inContext([&](Call &call) {
    if (!validFlags(flags))
      return CUDA_ERROR_INVALID_VALUE;
    call.context->flags = flags;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetId(CUcontext handle, unsigned long long *id) {
  return anywhere([&](Call &call) {
    auto &stack = currentContexts();
    std::shared_ptr<Context> context =
        handle ? call.driver.contexts.find(handle)
               : (stack.empty() ? nullptr : stack.back());
    if (!context)
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!id)
      return CUDA_ERROR_INVALID_VALUE;
    *id = context->id;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxSynchronize() {
  return inContext([&](Call &call) {
    CUresult refused = call.refuseInCapture();
    return refused == CUDA_SUCCESS ? call.finishContext(*call.context)
                                   : refused;
  });
}

CUresult cuCtxGetLimit(size_t *value, CUlimit limit) {
  return inContext([&](Call &call) {
    if (!value)
      return CUDA_ERROR_INVALID_VALUE;
    if (limit >= std::size(call.context->limits))
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    *value = call.context->limits[limit];
    return CUDA_SUCCESS;
  });
}

/// Kept for cuCtxGetLimit. The emulated device has no limit of its own on what
/// these are about.
CUresult cuCtxSetLimit(CUlimit limit, size_t value) {
  return inContext([&](Call &call) {
    if (limit >= std::size(call.context->limits))
      return CUDA_ERROR_UNSUPPORTED_LIMIT;
    call.context->limits[limit] = value;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetCacheConfig(CUfunc_cache *config) {
  return inContext([&](Call &) {
    if (!config)
      return CUDA_ERROR_INVALID_VALUE;
    *config = CU_FUNC_CACHE_PREFER_NONE;
    return CUDA_SUCCESS;
  });
}

/// A preference, which a device without caches may ignore.
CUresult cuCtxSetCacheConfig(CUfunc_cache config) {
  return inContext([&](Call &) {
    return config <= CU_FUNC_CACHE_PREFER_EQUAL ? CUDA_SUCCESS
                                                : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuCtxGetApiVersion(CUcontext handle, unsigned *version) {
  return anywhere([&](Call &call) {
    if (handle && !call.driver.contexts.find(handle))
      return CUDA_ERROR_INVALID_CONTEXT;
    if (!version)
      return CUDA_ERROR_INVALID_VALUE;
    *version = 3020; // of the second version of the context functions
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxGetStreamPriorityRange(int *least, int *greatest) {
  return inContext([&](Call &) {
    if (least)
      *least = 0;
    if (greatest)
      *greatest = -5;
    return CUDA_SUCCESS;
  });
}

CUresult cuCtxResetPersistingL2Cache() {
  return inContext([](Call &) { return CUDA_SUCCESS; });
}

} // namespace emulator::cuda
