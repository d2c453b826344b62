//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Modules.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Call.h"
#include "runtime/emulator/driver/JitOptions.h"

namespace emulator::cuda {

namespace {

/// Loads code into the call's context.
CUresult load(Call &call, CUmodule *handle, const Code &code,
              const JitOptions &options) {
  CUresult error;
  std::string message;
  std::shared_ptr<Module> module =
      Module::load(call.driver.device, code, error, message);
  if (!module) {
    options.report(message);
    return error;
  }
  module->context = call.context.get();
  *handle = call.driver.modules.add(module);
  return CUDA_SUCCESS;
}

CUresult loadImage(CUmodule *handle, const void *image,
                   const JitOptions &options) {
  return inContext([&](Call &call) {
    if (!handle || !image || !options.valid())
      return CUDA_ERROR_INVALID_VALUE;
    Code code;
    std::string message;
    CUresult result = readImage(image, call.driver.device, code, message);
    if (result == CUDA_SUCCESS)
      return load(call, handle, code, options);
    options.report(message);
    return result;
  });
}

/// Calls `body(call, module)` with the module behind a handle.
template <class Body> CUresult inModule(CUmodule handle, Body body) {
  return inContext([&](Call &call) {
    std::shared_ptr<Module> module = call.driver.modules.find(handle);
    return module ? body(call, *module) : CUDA_ERROR_INVALID_HANDLE;
  });
}

} // namespace

CUresult cuModuleLoad(CUmodule *handle, const char *path) {
  return inContext([&](Call &call) {
    if (!handle || !path)
      return CUDA_ERROR_INVALID_VALUE;
    Code code;
    std::string message;
    CUresult result = readFile(path, call.driver.device, code, message);
    if (result == CUDA_SUCCESS)
      return load(call, handle, code, JitOptions());
    JitOptions().report(message);
    return result;
  });
}

CUresult cuModuleLoadData(CUmodule *handle, const void *image) {
  return loadImage(handle, image, JitOptions());
}

CUresult cuModuleLoadDataEx(CUmodule *handle, const void *image, unsigned count,
                            CUjit_option *options, void **values) {
  return loadImage(handle, image, JitOptions(count, options, values));
}

CUresult cuModuleLoadFatBinary(CUmodule *handle, const void *image) {
  return loadImage(handle, image, JitOptions());
}

CUresult cuModuleUnload(CUmodule handle) {
  return inModule(handle, [&](Call &call, Module &module) {
    CUresult result = call.finishContext(*call.context);
    call.driver.functions.removeIf(
        [&](KernelFunction &function) { return &function.module == &module; });
    call.driver.modules.remove(handle);
    return result;
  });
}

CUresult cuModuleGetLoadingMode(CUmoduleLoadingMode *mode) {
  return anywhere([&](Call &) {
    if (!mode)
      return CUDA_ERROR_INVALID_VALUE;
    *mode = CU_MODULE_EAGER_LOADING;
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetFunction(CUfunction *handle, CUmodule moduleHandle,
                             const char *name) {
  return inModule(moduleHandle, [&](Call &call, Module &module) {
    if (!handle || !name)
      return CUDA_ERROR_INVALID_VALUE;
    std::shared_ptr<KernelFunction> function = module.function(name);
    if (!function)
      return CUDA_ERROR_NOT_FOUND;
    *handle = call.driver.functions.add(function);
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetFunctionCount(unsigned *count, CUmodule handle) {
  return inModule(handle, [&](Call &, Module &module) {
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = static_cast<unsigned>(module.program->kernels().size());
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleEnumerateFunctions(CUfunction *functions, unsigned count,
                                    CUmodule handle) {
  return inModule(handle, [&](Call &call, Module &module) {
    if (!functions || !count)
      return CUDA_ERROR_INVALID_VALUE;
    for (const Function *kernel : module.program->kernels()) {
      if (!count--)
        break;
      *functions++ = call.driver.functions.add(module.function(kernel->name));
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuModuleGetGlobal_v2(CUdeviceptr *pointer, size_t *bytes,
                              CUmodule handle, const char *name) {
  return inModule(handle, [&](Call &, Module &module) {
    if (!name)
      return CUDA_ERROR_INVALID_VALUE;
    return globalOf(module, name, pointer, bytes);
  });
}

} // namespace emulator::cuda
