//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The phases that a model goes through after import, as lists of passes.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_PIPELINE_H
#define COMPILER_PIPELINE_H

#include "codegen/Target.h"
#include "compiler/Fusions.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"

#include <functional>
#include <string>
#include <vector>

namespace moec {

/// Passes that run as one. After each phase the IR can be looked at.
struct Phase {
  std::string name; ///< as in the names of dumped files
  std::function<void(mlir::OpPassManager &)> addPasses;
};

/// What the phases for an x86-64 target depend on.
struct CpuOptions {
  std::string target = "host";
  Machine machine = Machine::X86;
  int64_t maxStepTokens = 512;
  bool isBatchInvariant = false; ///< see Target
  bool hasAmx = false;           ///< see Target
  /// The most tokens of all regimes but the last, ascending; at most two.
  llvm::SmallVector<int64_t> regimes = {8, 64};
  FusionChoice fusions;
  /// Logits of a row that @top gives; 0: there is no @top.
  int64_t topLogits = 1;
  FusionCost cost; ///< of the target
};

/// Once for a model: tidies the program up and checks that it is one.
std::vector<Phase> modelPhases();

/// For each target, on a clone of the model: from meaning to launches on
/// buffers with places.
std::vector<Phase> cpuPhases(const CpuOptions &options);

/// Registers all phases together as the pipeline `moec-cpu-pipeline`, for
/// moec-opt.
void registerPipelines();

/// Makes the dialects of a model, and of what it becomes up to exec, known.
void registerModelDialects(mlir::DialectRegistry &registry);

} // namespace moec

#endif // COMPILER_PIPELINE_H
