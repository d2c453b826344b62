//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// What a machine charges for traffic, arithmetic and launches, as far as it
/// decides what is fused. Fusions know a machine by these numbers alone.
///
//===----------------------------------------------------------------------===//

#ifndef PASSES_FUSIONCOST_H
#define PASSES_FUSIONCOST_H

#include <cstdint>

namespace moec {

/// The prices of a machine.
struct FusionCost {
  double bytesPerSecond = 2e10;
  double flopsPerSecond = 1e12;
  double launchSeconds = 2e-6;
  /// Memory in which a kernel can keep what it does not write: a core's cache,
  /// the shared memory of a multiprocessor.
  int64_t onChipBytes = 1 << 20;

  /// Seconds that a fusion saves; negative if it costs more than it saves.
  double gain(double savedBytes, double savedLaunches,
              double addedFlops = 0) const {
    return savedBytes / bytesPerSecond + savedLaunches * launchSeconds -
           addedFlops / flopsPerSecond;
  }
};

} // namespace moec

#endif // PASSES_FUSIONCOST_H
