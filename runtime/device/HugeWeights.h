//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Weights in huge pages. A mapped file has pages of 4 KiB, and whoever reads
// gigabytes of it in every step waits for their addresses, too.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_DEVICE_HUGEWEIGHTS_H
#define RUNTIME_DEVICE_HUGEWEIGHTS_H

#include "runtime/Mapping.h"

namespace moert {
class Artifact;

/// A copy of an artifact's weights in memory of its own.
class HugeWeights {
public:
  /// Copies all weights. Fails, before it copies any, if the system gives no
  /// huge pages or has too little memory for them.
  Status load(const Artifact &artifact);

  /// Tensor `index` of the artifact.
  const uint8_t *tensor(uint32_t index) const;

private:
  Status copyAll(uint64_t bytes);

  const Artifact *artifact = nullptr;
  const uint8_t *first = nullptr; ///< of the artifact's weights
  Mapping copy;
};

/// Whether so many bytes of huge pages are to be had, or why not.
Status checkHugePages(uint64_t bytes);

} // namespace moert

#endif // RUNTIME_DEVICE_HUGEWEIGHTS_H
