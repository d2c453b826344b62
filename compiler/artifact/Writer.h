//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// Writing artifacts.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_WRITER_H
#define COMPILER_ARTIFACT_WRITER_H

#include "passes/FusionCost.h"
#include "runtime/abi/artifact_generated.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace moec {

class WeightFiles;

/// What a kernel takes of a GPU, beside what its exec.block says.
struct GpuResources {
  uint32_t registers = 0; ///< 32-bit, of a thread
  uint32_t staticBytes =
      0;                   ///< shared memory of a block, beside the dynamic one
  uint32_t localBytes = 0; ///< of a thread
  uint32_t residentBlocks = 0; ///< that a multiprocessor holds at once
};

/// What an artifact holds for one target.
struct TargetCode {
  std::string name;                  ///< "x86-64-v4"
  std::vector<std::string> features; ///< that the CPU needs, in LLVM's names
  /// After lower-to-exec and plan-memory: exec.program, exec.kernel,
  /// exec.tensor, moe.parameter, and a complete `moe.model`.
  mlir::ModuleOp module;
  std::string code;          ///< as format::Machine says
  FusionCost cost;           ///< what the programs were fused for
  uint64_t scratchBytes = 0; ///< of each thread: the most of any kernel
  moert::format::Machine machine = moert::format::Machine::X86;
  bool isBatchInvariant = true; ///< see format::Target
  llvm::StringMap<GpuResources> resources; ///< by kernel; of a GPU
};

/// What goes into an artifact.
struct ArtifactContents {
  /// At least one. All come from the same model; the first one describes it.
  llvm::ArrayRef<TargetCode> targets;
  /// The folder of the byte ranges of parameters; null if there is none.
  WeightFiles *weights = nullptr;
  /// All parameters get random values from this seed, whatever their source.
  std::optional<uint64_t> randomSeed;
  /// Names of parameters of which the model only looks up rows.
  llvm::StringSet<> tables;
  /// The bytes of a SentencePiece model; none if empty.
  llvm::StringRef tokenizer;
  /// Called now and then: bytes of weights written, and all. By any thread, one
  /// at a time.
  std::function<void(uint64_t done, uint64_t total)> progress;
};

/// Writes an artifact. Equal contents give equal bytes. A parameter that
/// several targets want in the same layout is stored once. The file appears
/// under its name when it is complete and has been verified; after a failure,
/// nothing is left of it.
///
/// Fails if a module lacks something that the format needs, a parameter has no
/// values, or the file cannot be written. Memory does not grow with the
/// weights.
llvm::Error writeArtifact(llvm::StringRef path,
                          const ArtifactContents &contents);

} // namespace moec

#endif // COMPILER_ARTIFACT_WRITER_H
