//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Loader.h"

#include "runtime/emulator/isa/Binder.h"
#include "runtime/emulator/ptx/Parser.h"

#include <algorithm>
#include <cstring>

namespace emulator {
namespace {

constexpr uint32_t mostParameterBytes = 32764; ///< of sm_70 and later

bool inModule(const ptx::Variable &variable) {
  return variable.space == ptx::Space::Global ||
         variable.space == ptx::Space::Const;
}

/// `sm_90a` as 90 and its suffix.
void parseTarget(const std::string &target, ModuleNames &names) {
  unsigned number = 0;
  size_t at = 3;
  for (; at < target.size() && at < 6 && target[at] >= '0' && target[at] <= '9';
       ++at)
    number = number * 10 + static_cast<unsigned>(target[at] - '0');
  std::string suffix = target.substr(std::min(at, target.size()));
  if (number < 20 || (!suffix.empty() && suffix != "a" && suffix != "f"))
    throw ptx::Diagnostic({1, 1}, "target `" + target + "` is unknown");
  names.arch = number;
  names.accelerated = suffix == "a";
  names.family = suffix == "f";
}

} // namespace

LoadStatus Loader::load(std::string_view text, const std::string &file,
                        std::string &message) {
  module_ = ptx::parse(text, file);
  parseTarget(module_.target, names_);
  names_.ptxVersion = module_.versionMajor * 10 + module_.versionMinor;
  program_.file_ = file;
  program_.target_ = module_.target;
  program_.ptxVersion_ = names_.ptxVersion;
  program_.sources_ = module_.sources;
  if (!fitsDevice(message))
    return LoadStatus::WrongTarget;
  declareFunctions();
  if (!placeVariables(message))
    return LoadStatus::OutOfMemory;
  placeShared(module_, names_);
  for (const ptx::Variable &variable : module_.variables)
    if (inModule(variable))
      initialize(variable);
  bindBodies();
  return LoadStatus::Loaded;
}

/// PTX runs on its target and on all later architectures; that of an `a` on its
/// target alone, that of an `f` on its family.
bool Loader::fitsDevice(std::string &message) {
  unsigned device = profile_.number();
  bool fits = names_.arch <= device;
  if (names_.accelerated)
    fits = names_.arch == device && profile_.accelerated;
  if (names_.family)
    fits = names_.arch / 10 == device / 10 && names_.arch <= device;
  if (!fits)
    message = module_.file + ": .target " + module_.target +
              " does not run on " + profile_.arch;
  return fits;
}

void Loader::declareFunctions() {
  for (const ptx::Function &syntax : module_.functions)
    declare(syntax);
  for (const ptx::Alias &alias : module_.aliases) {
    auto aliasee = names_.functions.find(alias.aliasee);
    if (aliasee == names_.functions.end())
      throw ptx::Diagnostic(alias.at,
                            "`" + alias.aliasee + "` is not declared");
    names_.functions[alias.name] = aliasee->second;
    program_.byName_[alias.name] = aliasee->second.function;
  }
}

Function &Loader::declare(const ptx::Function &syntax) {
  auto known = names_.functions.find(syntax.name);
  bool fresh = known == names_.functions.end();
  if (!fresh && known->second.function->defined && syntax.body)
    throw ptx::Diagnostic(syntax.at,
                          "function `" + syntax.name + "` is defined twice");
  if (fresh) {
    uint64_t address = codeBase + codeStep * program_.functions_.size();
    program_.functions_.push_back(std::make_unique<Function>());
    names_.functions[syntax.name] = {program_.functions_.back().get(), address};
  }
  Function &made = *names_.functions[syntax.name].function;
  if (!fresh && !syntax.body)
    return made;
  made.name = syntax.name;
  made.program = &program_;
  made.kernel = syntax.kernel;
  made.defined = syntax.body != nullptr;
  made.noReturn = syntax.noReturn;
  made.limits = syntax.limits;
  made.parameters.clear();
  made.results.clear();
  layOutParameters(syntax.parameters, made.parameters, syntax.kernel, made);
  layOutParameters(syntax.results, made.results, false, made);
  program_.byName_[syntax.name] = &made;
  return made;
}

/// A kernel's parameters follow each other, each at its alignment.
void Loader::layOutParameters(const std::vector<ptx::Variable> &from,
                              std::vector<Parameter> &to, bool kernel,
                              Function &made) {
  uint64_t end = 0;
  for (const ptx::Variable &variable : from) {
    Parameter parameter;
    parameter.name = variable.name;
    parameter.type = variable.type;
    parameter.bytes = static_cast<uint32_t>(variable.bytes());
    parameter.align = variable.alignment();
    if (kernel) {
      end = (end + parameter.align - 1) / parameter.align * parameter.align;
      parameter.offset = static_cast<uint32_t>(end);
      end += parameter.bytes;
    }
    if (end > mostParameterBytes)
      throw ptx::Diagnostic(variable.at, "parameters are over 32764 bytes");
    to.push_back(std::move(parameter));
  }
  if (kernel)
    made.parameterBytes = static_cast<uint32_t>(end);
}

bool Loader::placeVariables(std::string &message) {
  for (const ptx::Variable &variable : module_.variables) {
    if (names_.functions.count(variable.name))
      throw ptx::Diagnostic(variable.at,
                            "`" + variable.name + "` is declared twice");
    auto known = names_.variables.find(variable.name);
    bool declaredBefore = known != names_.variables.end();
    if (declaredBefore &&
        known->second.syntax->linkage != ptx::Linkage::Extern &&
        variable.linkage != ptx::Linkage::Extern)
      throw ptx::Diagnostic(variable.at,
                            "`" + variable.name + "` is declared twice");
    if (declaredBefore && variable.linkage == ptx::Linkage::Extern)
      continue;
    PlacedVariable placed{&variable, 0};
    if (inModule(variable) && variable.linkage == ptx::Linkage::Extern &&
        !declaredBefore) {
      names_.variables[variable.name] = placed;
      continue;
    }
    if (inModule(variable)) {
      placed.address = program_.memory_.allocate(
          std::max<uint64_t>(1, variable.bytes()),
          std::max(256u, variable.alignment()),
          variable.space == ptx::Space::Const ? RegionKind::Constant
                                              : RegionKind::Variable,
          variable.name);
      if (!placed.address) {
        message = module_.file + ": variable " + variable.name + " of " +
                  std::to_string(variable.bytes()) +
                  " bytes does not fit in device memory";
        return false;
      }
      program_.variables_[variable.name] = placed.address;
    }
    names_.variables[variable.name] = placed;
  }
  for (const auto &[name, placed] : names_.variables)
    if (inModule(*placed.syntax) && !placed.address)
      throw ptx::Diagnostic(placed.syntax->at, "external variable `" + name +
                                                   "` is defined nowhere");
  return true;
}

uint64_t Loader::cellOf(const ptx::Initializer &value) const {
  if (value.symbol.empty())
    return value.bits;
  uint64_t address = 0;
  if (auto variable = names_.variables.find(value.symbol);
      variable != names_.variables.end() && inModule(*variable->second.syntax))
    address = variable->second.address;
  else if (auto function = names_.functions.find(value.symbol);
           function != names_.functions.end())
    address = function->second.address;
  else
    throw ptx::Diagnostic(value.at, "`" + value.symbol +
                                        "` has no address in global memory");
  address += static_cast<uint64_t>(value.offset);
  return (address & value.mask) >> value.shift;
}

/// Fills a variable: zeros where nothing is written.
void Loader::initialize(const ptx::Variable &variable) {
  auto placed = names_.variables.find(variable.name);
  if (placed->second.syntax != &variable)
    return;
  std::shared_ptr<const Region> region =
      program_.memory_.lookup(placed->second.address, 1);
  std::memset(region->host, 0,
              std::min<uint64_t>(region->bytes, uint64_t(256) << 20));
  uint32_t step = bytesOf(variable.type);
  std::byte *at = region->host;
  for (const ptx::Initializer &value : variable.initializers) {
    uint64_t cell = cellOf(value);
    std::memcpy(at, &cell, std::min<uint32_t>(step, sizeof cell));
    at += step;
  }
}

void Loader::bindBodies() {
  for (const ptx::Function &syntax : module_.functions)
    if (syntax.body)
      bindFunction(names_, syntax, *names_.functions[syntax.name].function);
}

} // namespace emulator
