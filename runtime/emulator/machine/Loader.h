//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Loading of a module: its variables, its functions, its code.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_LOADER_H
#define RUNTIME_EMULATOR_MACHINE_LOADER_H

#include "runtime/emulator/isa/Names.h"
#include "runtime/emulator/machine/Launch.h"

#include <set>

namespace emulator {

/// The n-th function of a module has the address `codeBase + n * codeStep`.
constexpr uint64_t codeBase = uint64_t(5) << 40;
constexpr uint64_t codeStep = 256;

class Loader {
public:
  Loader(Program &program, const Profile &profile)
      : program_(program), profile_(profile) {}

  /// Throws ptx::Diagnostic for PTX that is not well-formed.
  LoadStatus load(std::string_view text, const std::string &file,
                  std::string &message);

private:
  bool fitsDevice(std::string &message);
  void declareFunctions();
  Function &declare(const ptx::Function &syntax);
  void layOutParameters(const std::vector<ptx::Variable> &from,
                        std::vector<Parameter> &to, bool kernel,
                        Function &made);
  bool placeVariables(std::string &message);
  void initialize(const ptx::Variable &variable);
  uint64_t cellOf(const ptx::Initializer &value) const;
  void bindBodies();

  Program &program_;
  const Profile &profile_;
  ptx::Module module_;
  ModuleNames names_;
};

/// Gives every shared variable of a module an offset, such that those which one
/// kernel uses, by itself or by what it calls, do not overlap; sets the sizes
/// of shared memory of each kernel.
void placeShared(const ptx::Module &module, ModuleNames &names);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_LOADER_H
