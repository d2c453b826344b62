//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Launch.h"

#include "runtime/emulator/machine/Loader.h"

namespace emulator {

LoadResult Program::load(std::string_view text, const std::string &file,
                         const Profile &profile, DeviceMemory &memory) {
  LoadResult result;
  result.program.reset(new Program(memory));
  Loader loader(*result.program, profile);
  try {
    result.status = loader.load(text, file, result.message);
  } catch (const ptx::Diagnostic &diagnostic) {
    result.status = LoadStatus::InvalidPtx;
    result.message = ptx::render(file, diagnostic);
  }
  if (result.status != LoadStatus::Loaded)
    result.program.reset();
  return result;
}

Program::~Program() {
  for (const auto &variable : variables_)
    memory_.free(variable.second);
}

const Function *Program::kernel(std::string_view name) const {
  auto found = byName_.find(name);
  return found != byName_.end() && found->second->kernel ? found->second
                                                         : nullptr;
}

std::vector<const Function *> Program::kernels() const {
  std::vector<const Function *> kernels;
  for (const auto &function : functions_)
    if (function->kernel && function->defined)
      kernels.push_back(function.get());
  return kernels;
}

std::shared_ptr<const Region> Program::variable(std::string_view name) const {
  auto found = variables_.find(name);
  return found == variables_.end() ? nullptr : memory_.lookup(found->second, 1);
}

uint64_t Program::constantBytes() const {
  uint64_t bytes = 0;
  for (const auto &variable : variables_) {
    std::shared_ptr<const Region> region = memory_.lookup(variable.second, 1);
    if (region && region->kind == RegionKind::Constant)
      bytes += region->bytes;
  }
  return bytes;
}

const std::string &Program::source(uint32_t file) const {
  static const std::string none;
  return file < sources_.size() ? sources_[file] : none;
}

const Function *Program::functionAt(uint64_t address) const {
  uint64_t index = (address - codeBase) / codeStep;
  bool valid = address >= codeBase && (address - codeBase) % codeStep == 0 &&
               index < functions_.size();
  return valid ? functions_[index].get() : nullptr;
}

} // namespace emulator
