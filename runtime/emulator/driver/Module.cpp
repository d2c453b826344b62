//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/driver/Module.h"
#include "runtime/emulator/driver/Context.h"
#include "runtime/emulator/driver/Driver.h"

namespace emulator::cuda {

namespace {

CUresult errorOf(LoadStatus status) {
  switch (status) {
  case LoadStatus::Loaded:
    return CUDA_SUCCESS;
  case LoadStatus::InvalidPtx:
    return CUDA_ERROR_INVALID_PTX;
  case LoadStatus::WrongTarget:
    return CUDA_ERROR_NO_BINARY_FOR_GPU;
  case LoadStatus::OutOfMemory:
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  return CUDA_ERROR_UNKNOWN;
}

} // namespace

std::shared_ptr<Module> Module::load(Device &device, const Code &code,
                                     CUresult &error, std::string &message) {
  LoadResult result =
      Program::load(code.ptx, code.file, device.profile, device.memory);
  error = errorOf(result.status);
  message = result.message;
  if (error != CUDA_SUCCESS)
    return nullptr;
  auto module = std::make_shared<Module>();
  module->program = std::move(result.program);
  return module;
}

std::shared_ptr<KernelFunction> Module::function(const std::string &name) {
  auto found = functions.find(name);
  if (found != functions.end())
    return found->second;
  const Function *code = program->kernel(name);
  if (!code)
    return nullptr;
  return functions[name] =
             std::make_shared<KernelFunction>(*this, program, *code);
}

CUresult parameterOf(const KernelFunction &function, size_t index,
                     size_t *offset, size_t *bytes) {
  if (!offset || index >= function.code.parameters.size())
    return CUDA_ERROR_INVALID_VALUE;
  const Parameter &parameter = function.code.parameters[index];
  *offset = parameter.offset;
  if (bytes)
    *bytes = parameter.bytes;
  return CUDA_SUCCESS;
}

CUresult globalOf(const Module &module, const char *name, CUdeviceptr *pointer,
                  size_t *bytes) {
  std::shared_ptr<const Region> variable = module.program->variable(name);
  if (!variable)
    return CUDA_ERROR_NOT_FOUND;
  if (pointer)
    *pointer = variable->base;
  if (bytes)
    *bytes = variable->bytes;
  return CUDA_SUCCESS;
}

std::shared_ptr<Module> Library::in(Context &context, Device &device,
                                    CUresult &error) {
  error = CUDA_SUCCESS;
  std::shared_ptr<Module> &module = instances[&context];
  if (module)
    return module;
  auto first = instances.find(nullptr);
  if (first != instances.end()) {
    module = first->second;
    instances.erase(first);
  } else {
    std::string message;
    module = Module::load(device, code, error, message);
  }
  if (module)
    module->context = &context;
  else
    instances.erase(&context);
  return module;
}

} // namespace emulator::cuda
