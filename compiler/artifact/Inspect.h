//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// `moec inspect`: what is in an artifact.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_INSPECT_H
#define COMPILER_ARTIFACT_INSPECT_H

#include "compiler/artifact/MemoryMap.h"

#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

#include <optional>
#include <string>

namespace moec {

struct InspectOptions {
  std::string path;
  bool json = false;         ///< one JSON object in place of text for people
  bool fusionReport = false; ///< what fusion made of the programs, alone
  bool kernels = false;      ///< the kernels alone
  /// The memory plan alone.
  std::optional<MemoryMapForm> memoryMap;
};

/// Prints the model, what memory it needs, targets, programs, tensors and
/// segments of an artifact. Fails if it does not verify; weights are not read.
llvm::Error inspectArtifact(const InspectOptions &options,
                            llvm::raw_ostream &output);

} // namespace moec

#endif // COMPILER_ARTIFACT_INSPECT_H
