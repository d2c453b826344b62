//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The fusions that moec makes, by name, in the order in which they are tried.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_FUSIONS_H
#define COMPILER_FUSIONS_H

#include "codegen/Target.h"
#include "passes/FusionCost.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"

#include <string>
#include <vector>

namespace moec {

struct Fusion {
  llvm::StringRef name;
  llvm::StringRef summary; ///< what becomes one kernel
  /// Adds the pass that makes the groups, to passes on functions.
  void (*addPass)(mlir::OpPassManager &, FusionCost);
};

/// All fusions whose kernels can be built.
llvm::ArrayRef<Fusion> allFusions();

/// Which fusions a compilation makes.
struct FusionChoice {
  std::vector<std::string> disabled; ///< names, or "all"
  std::vector<std::string> required; ///< names; compilation fails without

  bool isOn(llvm::StringRef fusion) const;
};

/// Adds the chosen fusions, and the check of the required ones, to passes on a
/// module.
void addFusionPasses(mlir::OpPassManager &passes, const FusionChoice &choice,
                     FusionCost cost);

/// What a target charges.
FusionCost costOf(const Target &target);

} // namespace moec

#endif // COMPILER_FUSIONS_H
