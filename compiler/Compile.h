//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The whole way from a model to an artifact, or to any form between.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_COMPILE_H
#define COMPILER_COMPILE_H

#include "compiler/Fusions.h"
#include "compiler/Progress.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace moec {

/// Where compilation stops.
enum class EmitKind {
  MoE,      ///< the model's program, tidied up
  Exec,     ///< kernels and launches for one target
  LLVM,     ///< LLVM IR of one target's kernels
  Assembly, ///< assembly of one target's kernels
  Artifact
};

struct CompileOptions {
  /// A checkpoint folder, a model of the Hugging Face cache, or an .mlir file.
  std::string model;
  /// A path; empty: `defaultOutput` for an artifact, else standard output,
  /// which "-" also names.
  std::string output;
  std::vector<std::string> targets = {"host"};
  EmitKind emit = EmitKind::Artifact;
  /// A folder for the IR after each phase; empty: none.
  std::string dumpPhasesTo;
  /// Random weights from this seed, for all parameters.
  std::optional<uint64_t> randomSeed;
  /// A folder that the byte ranges of an .mlir file's parameters refer to.
  std::string weightsFolder;
  /// A SentencePiece model; empty: that of the checkpoint, if it has one.
  std::string tokenizer;
  int64_t maxStepTokens = 512;
  /// The most tokens of the regimes `decode` and `skinny`; at most two. Those of
  /// each target if not given.
  std::optional<llvm::SmallVector<int64_t>> regimes;
  /// Whether a row's bits must not depend on the other rows of its step.
  bool isBatchInvariant = false;
  FusionChoice fusions;
  /// Logits of a row that steps for the best ones give; 0: no such steps.
  int64_t topLogits = 1;
};

/// NAME.moe in the current folder, where NAME is the last part of the model's
/// name, without .mlir.
std::string defaultOutput(llvm::StringRef model);

/// Where an artifact is written.
std::string artifactPath(const CompileOptions &options);

/// Compiles; writes the output whole or not at all. Fails with one line that
/// names the file or flag that is wrong.
llvm::Error compileModel(const CompileOptions &options, Progress &progress);

} // namespace moec

#endif // COMPILER_COMPILE_H
