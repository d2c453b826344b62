//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Libraries: code that is loaded once for all contexts.
//
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Api.h"
#include "runtime/emulator/driver/Call.h"
#include "runtime/emulator/driver/JitOptions.h"

#include <set>

namespace emulator::cuda {

namespace {

/// Makes a library of code that is loaded for a try.
CUresult load(Call &call, CUlibrary *handle, Code code,
              const JitOptions &options) {
  auto library = std::make_shared<Library>();
  library->code = std::move(code);
  CUresult error;
  std::string message;
  std::shared_ptr<Module> module =
      Module::load(call.driver.device, library->code, error, message);
  if (!module) {
    options.report(message);
    return error;
  }
  for (const Function *kernel : module->program->kernels()) {
    auto entry =
        std::make_shared<LibraryKernel>(LibraryKernel{*library, kernel->name});
    library->kernels[kernel->name] = entry;
    call.driver.kernels.add(entry);
  }
  library->instances[nullptr] = module;
  *handle = call.driver.libraries.add(library);
  return CUDA_SUCCESS;
}

template <class Body> CUresult inLibrary(CUlibrary handle, Body body) {
  return anywhere([&](Call &call) {
    std::shared_ptr<Library> library = call.driver.libraries.find(handle);
    return library ? body(call, *library) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Calls `body(call, kernel)` with the kernel behind a handle.
template <class Body> CUresult inKernel(CUkernel handle, Body body) {
  return anywhere([&](Call &call) {
    std::shared_ptr<LibraryKernel> kernel = call.driver.kernels.find(handle);
    return kernel ? body(call, *kernel) : CUDA_ERROR_INVALID_HANDLE;
  });
}

/// Calls `body(call, function)` with the kernel's function in the current
/// context.
template <class Body> CUresult inFunction(CUkernel handle, Body body) {
  return inContext([&](Call &call) {
    std::shared_ptr<LibraryKernel> kernel = call.driver.kernels.find(handle);
    if (!kernel)
      return CUDA_ERROR_INVALID_HANDLE;
    CUresult error;
    std::shared_ptr<KernelFunction> function = call.function(*kernel, error);
    return function ? body(call, *function) : error;
  });
}

} // namespace

CUresult cuLibraryLoadData(CUlibrary *handle, const void *image,
                           CUjit_option *options, void **values, unsigned count,
                           CUlibraryOption *, void **, unsigned) {
  return anywhere([&](Call &call) {
    JitOptions jit(count, options, values);
    if (!handle || !image || !jit.valid())
      return CUDA_ERROR_INVALID_VALUE;
    Code code;
    std::string message;
    CUresult result = readImage(image, call.driver.device, code, message);
    if (result == CUDA_SUCCESS)
      return load(call, handle, std::move(code), jit);
    jit.report(message);
    return result;
  });
}

CUresult cuLibraryLoadFromFile(CUlibrary *handle, const char *path,
                               CUjit_option *options, void **values,
                               unsigned count, CUlibraryOption *, void **,
                               unsigned) {
  return anywhere([&](Call &call) {
    JitOptions jit(count, options, values);
    if (!handle || !path || !jit.valid())
      return CUDA_ERROR_INVALID_VALUE;
    Code code;
    std::string message;
    CUresult result = readFile(path, call.driver.device, code, message);
    if (result == CUDA_SUCCESS)
      return load(call, handle, std::move(code), jit);
    jit.report(message);
    return result;
  });
}

CUresult cuLibraryUnload(CUlibrary handle) {
  return inLibrary(handle, [&](Call &call, Library &library) {
    call.finishAll();
    std::set<const Module *> unloaded;
    for (const auto &instance : library.instances)
      unloaded.insert(instance.second.get());
    Driver &driver = call.driver;
    driver.functions.removeIf([&](KernelFunction &function) {
      return unloaded.count(&function.module) != 0;
    });
    driver.kernels.removeIf(
        [&](LibraryKernel &kernel) { return &kernel.library == &library; });
    driver.modules.removeIf(
        [&](Module &module) { return unloaded.count(&module) != 0; });
    driver.libraries.remove(handle);
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetKernel(CUkernel *handle, CUlibrary libraryHandle,
                            const char *name) {
  return inLibrary(libraryHandle, [&](Call &call, Library &library) {
    if (!handle || !name)
      return CUDA_ERROR_INVALID_VALUE;
    auto found = library.kernels.find(name);
    if (found == library.kernels.end())
      return CUDA_ERROR_NOT_FOUND;
    *handle = call.driver.kernels.of(found->second.get());
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetKernelCount(unsigned *count, CUlibrary handle) {
  return inLibrary(handle, [&](Call &, Library &library) {
    if (!count)
      return CUDA_ERROR_INVALID_VALUE;
    *count = static_cast<unsigned>(library.kernels.size());
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryEnumerateKernels(CUkernel *kernels, unsigned count,
                                   CUlibrary handle) {
  return inLibrary(handle, [&](Call &call, Library &library) {
    if (!kernels || !count)
      return CUDA_ERROR_INVALID_VALUE;
    for (auto &[name, kernel] : library.kernels) {
      if (!count--)
        break;
      *kernels++ = call.driver.kernels.of(kernel.get());
    }
    return CUDA_SUCCESS;
  });
}

CUresult cuLibraryGetModule(CUmodule *handle, CUlibrary libraryHandle) {
  return inContext([&](Call &call) {
    auto library = call.driver.libraries.find(libraryHandle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!handle)
      return CUDA_ERROR_INVALID_VALUE;
    CUresult error;
    auto module = library->in(*call.context, call.driver.device, error);
    if (module)
      *handle = call.driver.modules.add(module);
    return error;
  });
}

CUresult cuLibraryGetGlobal(CUdeviceptr *pointer, size_t *bytes,
                            CUlibrary handle, const char *name) {
  return inContext([&](Call &call) {
    auto library = call.driver.libraries.find(handle);
    if (!library)
      return CUDA_ERROR_INVALID_HANDLE;
    if (!name)
      return CUDA_ERROR_INVALID_VALUE;
    CUresult error;
    auto module = library->in(*call.context, call.driver.device, error);
    return module ? globalOf(*module, name, pointer, bytes) : error;
  });
}

CUresult cuKernelGetFunction(CUfunction *handle, CUkernel kernel) {
  return inFunction(kernel, [&](Call &call, KernelFunction &function) {
    if (!handle)
      return CUDA_ERROR_INVALID_VALUE;
    *handle = call.driver.functions.of(&function);
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetLibrary(CUlibrary *handle, CUkernel kernelHandle) {
  return inKernel(kernelHandle, [&](Call &call, LibraryKernel &kernel) {
    if (!handle)
      return CUDA_ERROR_INVALID_VALUE;
    *handle = call.driver.libraries.of(&kernel.library);
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetAttribute(int *value, CUfunction_attribute attribute,
                              CUkernel kernel, CUdevice device) {
  return inFunction(kernel, [&](Call &call, KernelFunction &function) {
    if (device != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    return value ? function.attribute(call.driver.device, attribute, *value)
                 : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuKernelSetAttribute(CUfunction_attribute attribute, int value,
                              CUkernel kernel, CUdevice device) {
  return inFunction(kernel, [&](Call &call, KernelFunction &function) {
    return device == 0
               ? function.setAttribute(call.driver.device, attribute, value)
               : CUDA_ERROR_INVALID_DEVICE;
  });
}

CUresult cuKernelSetCacheConfig(CUkernel kernel, CUfunc_cache config,
                                CUdevice device) {
  return inKernel(kernel, [&](Call &, LibraryKernel &) {
    if (device != 0)
      return CUDA_ERROR_INVALID_DEVICE;
    return config <= CU_FUNC_CACHE_PREFER_EQUAL ? CUDA_SUCCESS
                                                : CUDA_ERROR_INVALID_VALUE;
  });
}

CUresult cuKernelGetName(const char **name, CUkernel handle) {
  return inKernel(handle, [&](Call &, LibraryKernel &kernel) {
    if (!name)
      return CUDA_ERROR_INVALID_VALUE;
    *name = kernel.name.c_str();
    return CUDA_SUCCESS;
  });
}

CUresult cuKernelGetParamInfo(CUkernel kernel, size_t index, size_t *offset,
                              size_t *bytes) {
  return inFunction(kernel, [&](Call &, KernelFunction &function) {
    return parameterOf(function, index, offset, bytes);
  });
}

} // namespace emulator::cuda
