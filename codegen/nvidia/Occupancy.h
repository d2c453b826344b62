//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// How many blocks of a kernel a multiprocessor holds at once.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_NVIDIA_OCCUPANCY_H
#define CODEGEN_NVIDIA_OCCUPANCY_H

#include "codegen/Target.h"

namespace moec {

/// What a block takes.
struct BlockNeeds {
  int64_t threads;
  int64_t registers;   ///< 32-bit, of a thread
  int64_t sharedBytes; ///< static and dynamic
};

/// Blocks that are resident on a multiprocessor; 0 if it cannot hold one. CUDA
/// C++ Programming Guide, "Compute Capabilities".
int64_t residentBlocks(const GpuFeatures &gpu, const BlockNeeds &needs);

} // namespace moec

#endif // CODEGEN_NVIDIA_OCCUPANCY_H
