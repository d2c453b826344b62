//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "runtime/emulator/machine/Loader.h"

#include <algorithm>

namespace emulator {
namespace {

/// What a function mentions.
struct Uses {
  std::set<const ptx::Variable *> shared;
  std::set<std::string> calls;
};

class UseCollector {
public:
  UseCollector(const ModuleNames &names, Uses &uses)
      : names_(names), uses_(uses) {}

  void block(const ptx::Block &block) {
    for (const ptx::Statement &statement : block.statements) {
      if (auto *inner = std::get_if<std::unique_ptr<ptx::Block>>(&statement.is))
        this->block(**inner);
      else if (auto *variable = std::get_if<ptx::Variable>(&statement.is))
        declared(*variable);
      else if (auto *label = std::get_if<ptx::Label>(&statement.is))
        for (const std::string &target : label->targets)
          name(target);
      else
        for (const ptx::Operand &operand :
             std::get<ptx::Instruction>(statement.is).operands)
          this->operand(operand);
    }
  }

private:
  void declared(const ptx::Variable &variable) {
    if (variable.space == ptx::Space::Shared)
      uses_.shared.insert(&variable);
  }
  void operand(const ptx::Operand &operand) {
    name(operand.name);
    for (const ptx::Operand &element : operand.elements)
      this->operand(element);
  }
  void name(const std::string &name) {
    if (name.empty() || name[0] == '%')
      return;
    auto variable = names_.variables.find(name);
    if (variable != names_.variables.end())
      declared(*variable->second.syntax);
    if (names_.functions.count(name))
      uses_.calls.insert(name);
  }

  const ModuleNames &names_;
  Uses &uses_;
};

bool isDynamic(const ptx::Variable &variable) {
  return variable.linkage == ptx::Linkage::Extern;
}

class SharedLayout {
public:
  SharedLayout(const ptx::Module &module, ModuleNames &names)
      : module_(module), names_(names) {}

  void run() {
    for (const ptx::Function &function : module_.functions)
      if (function.body)
        UseCollector(names_, uses_[function.name]).block(*function.body);
    // An indirect call may reach any function whose address is taken, and that
    // is a mention, too; tables of functions reach every one.
    for (const ptx::Variable &variable : module_.variables)
      for (const ptx::Initializer &value : variable.initializers)
        if (names_.functions.count(value.symbol))
          tables_.insert(value.symbol);
    for (const ptx::Function &function : module_.functions)
      if (function.body && function.kernel)
        kernels_.push_back(reach(function.name));
    placeStatic();
    placeDynamic();
    setSizes();
  }

private:
  struct Kernel {
    Function *made;
    std::set<const ptx::Variable *> shared;
    uint64_t end = 0;
  };

  Kernel reach(const std::string &name) {
    Kernel kernel{names_.functions[name].function, {}, 0};
    std::vector<std::string> work{name};
    work.insert(work.end(), tables_.begin(), tables_.end());
    std::set<std::string> seen(work.begin(), work.end());
    while (!work.empty()) {
      const Uses &uses = uses_[work.back()];
      work.pop_back();
      kernel.shared.insert(uses.shared.begin(), uses.shared.end());
      for (const std::string &callee : uses.calls)
        if (seen.insert(callee).second)
          work.push_back(callee);
    }
    return kernel;
  }

  /// Variables in the order of the text, each beyond all that a kernel which
  /// uses it has already.
  void placeStatic() {
    std::vector<const ptx::Variable *> all;
    for (const Kernel &kernel : kernels_)
      all.insert(all.end(), kernel.shared.begin(), kernel.shared.end());
    std::sort(all.begin(), all.end(),
              [](const ptx::Variable *a, const ptx::Variable *b) {
                return std::tie(a->at.line, a->at.column, a->name) <
                       std::tie(b->at.line, b->at.column, b->name);
              });
    all.erase(std::unique(all.begin(), all.end()), all.end());
    for (const ptx::Variable *variable : all)
      if (!isDynamic(*variable))
        place(*variable, variable->bytes());
  }

  void place(const ptx::Variable &variable, uint64_t bytes) {
    uint64_t offset = 0, align = variable.alignment();
    for (const Kernel &kernel : kernels_)
      if (kernel.shared.count(&variable))
        offset = std::max(offset, kernel.end);
    offset = (offset + align - 1) / align * align;
    constexpr uint64_t most = uint64_t(1) << 23;
    if (offset > most || bytes > most - offset)
      throw ptx::Diagnostic(variable.at, "shared variables are over 8 MiB");
    for (Kernel &kernel : kernels_)
      if (kernel.shared.count(&variable))
        kernel.end = offset + bytes;
    record(variable, offset);
  }

  void record(const ptx::Variable &variable, uint64_t offset) {
    uint64_t address = sharedReserved + offset;
    placed_[&variable] = address;
    auto named = names_.variables.find(variable.name);
    if (named != names_.variables.end() && named->second.syntax == &variable)
      named->second.address = address;
    else
      names_.sharedOffsets[&variable] = static_cast<uint32_t>(address);
  }

  /// All unsized arrays begin at one place, beyond what is sized of every
  /// kernel that uses one of them.
  void placeDynamic() {
    uint64_t offset = 0, align = 16;
    std::set<const ptx::Variable *> dynamic;
    for (const Kernel &kernel : kernels_)
      for (const ptx::Variable *variable : kernel.shared)
        if (isDynamic(*variable)) {
          dynamic.insert(variable);
          offset = std::max(offset, kernel.end);
          align = std::max<uint64_t>(align, variable->alignment());
        }
    dynamic_ = (offset + align - 1) / align * align;
    for (const ptx::Variable *variable : dynamic)
      record(*variable, dynamic_);
  }

  void setSizes() {
    for (Kernel &kernel : kernels_) {
      bool uses =
          std::any_of(kernel.shared.begin(), kernel.shared.end(),
                      [](auto *variable) { return isDynamic(*variable); });
      nameVariables(kernel);
      kernel.made->staticSharedBytes = static_cast<uint32_t>(kernel.end);
      kernel.made->dynamicSharedOffset =
          static_cast<uint32_t>(uses ? dynamic_ : (kernel.end + 15) / 16 * 16);
    }
  }

  void nameVariables(const Kernel &kernel) {
    std::vector<SharedVariable> &named = kernel.made->sharedVariables;
    for (const ptx::Variable *variable : kernel.shared)
      if (!isDynamic(*variable))
        named.push_back({variable->name,
                         static_cast<uint32_t>(placed_[variable]),
                         static_cast<uint32_t>(variable->bytes())});
    std::sort(named.begin(), named.end(),
              [](const SharedVariable &a, const SharedVariable &b) {
                return a.offset < b.offset;
              });
  }

  const ptx::Module &module_;
  ModuleNames &names_;
  std::map<const ptx::Variable *, uint64_t> placed_; ///< PTX offsets
  std::map<std::string, Uses> uses_;
  std::set<std::string> tables_;
  std::vector<Kernel> kernels_;
  uint64_t dynamic_ = 0;
};

} // namespace

void placeShared(const ptx::Module &module, ModuleNames &names) {
  SharedLayout(module, names).run();
}

} // namespace emulator
