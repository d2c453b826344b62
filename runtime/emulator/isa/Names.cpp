//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/isa/Names.h"

#include <algorithm>

namespace emulator {
namespace {

constexpr uint32_t mostLocalBytes = 512 * 1024;

void define(LexicalScope &scope, const std::string &name, Name meaning,
            ptx::Location at) {
  if (!scope.names.emplace(name, std::move(meaning)).second)
    throw ptx::Diagnostic(at, "`" + name + "` is declared twice");
}

} // namespace

Names::Names(const ModuleNames &module, const ptx::Function &function,
             Function &made)
    : module_(module), syntax_(function), made_(made) {
  scopes_.emplace_back();
  for (size_t i = 0; i < function.parameters.size(); ++i)
    declareParameter(function.parameters[i], made.parameters[i]);
  for (size_t i = 0; i < function.results.size(); ++i)
    declareParameter(function.results[i], made.results[i]);
  flatten(*function.body, scopes_.front());
}

/// A kernel's parameters lie in its parameter area, those of other functions in
/// their frame.
void Names::declareParameter(const ptx::Variable &variable,
                             Parameter &parameter) {
  if (variable.name.empty())
    return;
  if (variable.space == ptx::Space::Reg) {
    registerParameters.push_back(
        {&parameter, static_cast<uint32_t>(registers.size())});
    declare(variable, scopes_.front());
    // Calls write and read them.
    for (Register &reg : registers)
      reg.pinned = true;
    return;
  }
  if (!syntax_.kernel)
    parameter.offset =
        placeLocal(variable.bytes(), variable.alignment(), variable.at);
  Name name;
  name.kind = Name::Kind::Variable;
  name.space = syntax_.kernel ? ptx::Space::Param : ptx::Space::Local;
  name.variable = {&variable, parameter.offset};
  define(scopes_.front(), variable.name, name, variable.at);
}

uint32_t Names::placeLocal(uint64_t bytes, uint32_t align, ptx::Location at) {
  uint64_t offset = (uint64_t(made_.localBytes) + align - 1) & ~(align - 1ull);
  if (bytes > mostLocalBytes || offset + bytes > mostLocalBytes)
    throw ptx::Diagnostic(at, "local variables of a function are over 512 KiB");
  made_.localBytes = static_cast<uint32_t>(offset + bytes);
  return static_cast<uint32_t>(offset);
}

void Names::flatten(const ptx::Block &block, LexicalScope &scope) {
  for (const ptx::Statement &statement : block.statements) {
    if (auto *inner = std::get_if<std::unique_ptr<ptx::Block>>(&statement.is)) {
      scopes_.emplace_back();
      scopes_.back().parent = &scope;
      flatten(**inner, scopes_.back());
    } else if (auto *variable = std::get_if<ptx::Variable>(&statement.is)) {
      declare(*variable, scope);
    } else if (auto *label = std::get_if<ptx::Label>(&statement.is)) {
      this->label(*label, scope);
    } else {
      items.push_back({&std::get<ptx::Instruction>(statement.is), &scope});
    }
  }
}

void Names::label(const ptx::Label &label, LexicalScope &scope) {
  Name name;
  name.label = &label;
  name.index = static_cast<uint32_t>(items.size());
  switch (label.kind) {
  case ptx::Label::Kind::Code:
    name.kind = Name::Kind::Label;
    break;
  case ptx::Label::Kind::BranchTargets:
  case ptx::Label::Kind::CallTargets:
    name.kind = Name::Kind::Targets;
    break;
  case ptx::Label::Kind::Prototype:
    name.kind = Name::Kind::Prototype;
    break;
  }
  define(scope, label.name, name, label.at);
}

void Names::declare(const ptx::Variable &variable, LexicalScope &scope) {
  Name name;
  name.kind = Name::Kind::Variable;
  name.space = variable.space;
  name.variable.syntax = &variable;
  switch (variable.space) {
  case ptx::Space::Reg:
    if (!variable.extents.empty())
      throw ptx::Diagnostic(variable.at, "registers make no arrays");
    if (variable.family) {
      if (variable.vector != 1)
        throw ptx::Diagnostic(variable.at, "a family of vectors");
      scope.families[variable.name] = {*variable.family, variable.type};
      return;
    }
    name = newRegister(variable.type, variable.vector);
    break;
  case ptx::Space::Local:
  case ptx::Space::Param:
    name.space = ptx::Space::Local;
    name.variable.address =
        placeLocal(variable.bytes(), variable.alignment(), variable.at);
    break;
  case ptx::Space::Shared: {
    auto found = module_.sharedOffsets.find(&variable);
    name.variable.address =
        found == module_.sharedOffsets.end() ? 0 : found->second;
    break;
  }
  default:
    throw ptx::Diagnostic(variable.at, "a variable of a function is in the "
                                       "space reg, local, param or shared");
  }
  define(scope, variable.name, name, variable.at);
}

Name Names::newRegister(Type type, uint32_t count) const {
  Name name;
  name.kind = Name::Kind::Register;
  name.index = static_cast<uint32_t>(registers.size());
  name.count = count;
  Register made;
  made.type = type;
  registers.insert(registers.end(), count, made);
  return name;
}

/// `%r7` of a family `%r<8>`.
Name Names::findFamily(const LexicalScope &scope,
                       const std::string &name) const {
  size_t digits = name.size();
  while (digits && name[digits - 1] >= '0' && name[digits - 1] <= '9')
    --digits;
  // A family's own name may end in digits: `%x1<3>` has `%x12`.
  for (size_t at = digits; at < name.size(); ++at) {
    auto family = scope.families.find(std::string_view(name).substr(0, at));
    bool plain = at + 1 == name.size() || name[at] != '0';
    if (family == scope.families.end() || !plain || name.size() - at > 9 ||
        std::stoul(name.substr(at)) >= family->second.count)
      continue;
    Name made = newRegister(family->second.type, 1);
    scope.names.emplace(name, made);
    return made;
  }
  return {};
}

Name Names::find(const LexicalScope &scope, const std::string &name,
                 std::string_view component) const {
  for (const LexicalScope *at = &scope; at; at = at->parent) {
    auto found = at->names.find(name);
    Name meaning =
        found != at->names.end() ? found->second : findFamily(*at, name);
    if (meaning.kind == Name::Kind::None)
      continue;
    if (component.empty())
      return meaning;
    size_t element = std::string_view("xyzw").find(component);
    if (meaning.kind != Name::Kind::Register || element >= meaning.count)
      return {};
    meaning.index += static_cast<uint32_t>(element);
    meaning.count = 1;
    return meaning;
  }
  Name meaning;
  if (auto variable = module_.variables.find(name);
      variable != module_.variables.end()) {
    meaning.kind = Name::Kind::Variable;
    meaning.space = variable->second.syntax->space;
    meaning.variable = variable->second;
  } else if (auto function = module_.functions.find(name);
             function != module_.functions.end()) {
    meaning.kind = Name::Kind::Function;
    meaning.callable = function->second;
  } else if (name[0] == '%') {
    meaning.special = findSpecial(name, component);
    if (meaning.special == Special::Count)
      return component.empty() ? changing(name) : Name{};
    meaning.kind = Name::Kind::Special;
    return meaning;
  }
  return component.empty() ? meaning : Name{};
}

Name Names::changing(std::string_view name) const {
  static const std::string_view known[] = {"%clock",
                                           "%clock_hi",
                                           "%clock64",
                                           "%globaltimer",
                                           "%globaltimer_lo",
                                           "%globaltimer_hi",
                                           "%gridid",
                                           "%pm0",
                                           "%current_graph_exec"};
  Name meaning;
  if (std::find(std::begin(known), std::end(known), name) != std::end(known))
    meaning.kind = Name::Kind::Clock;
  return meaning;
}

} // namespace emulator
