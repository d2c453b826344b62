//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What memory a model needs to run, as a function of context and batch.
///
//===----------------------------------------------------------------------===//

#ifndef COMPILER_ARTIFACT_MEMORYNEEDS_H
#define COMPILER_ARTIFACT_MEMORYNEEDS_H

#include "runtime/abi/artifact_generated.h"

#include <cstdint>

namespace moec {

/// The terms of
///
///     weights + arena + workspace + threads * scratch + batch * logitsRow
///             + batch * roundUp(context, pagePositions) * cachePosition
///
/// in bytes. Weights are mapped from the file: the system can take back what is
/// not in use.
struct MemoryNeeds {
  explicit MemoryNeeds(const moert::format::Artifact &table);

  uint64_t weights = 0; ///< stored tensors
  uint64_t arena = 0;   ///< of the program that needs most, on any target
  uint64_t workspace = 0; ///< of a library, on the target that needs most
  uint64_t scratch = 0; ///< of a thread, on the target that needs most
  uint64_t logitsRow = 0;
  uint64_t cachePosition = 0; ///< keys and values of a position, all layers
  uint64_t pagePositions = 0;

  /// Of `batch` sequences of `context` positions each.
  uint64_t cache(uint64_t context, uint64_t batch) const;
  uint64_t total(uint64_t context, uint64_t batch, uint64_t threads) const;
};

} // namespace moec

#endif // COMPILER_ARTIFACT_MEMORYNEEDS_H
