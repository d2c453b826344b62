//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//

#include "codegen/nvidia/Occupancy.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

using namespace moec;

// Registers are given to warps, shared memory to blocks, in whole units.
static constexpr int64_t warpThreads = 32, registerUnit = 256, sharedUnit = 128;
/// What the system takes of each block's shared memory.
static constexpr int64_t systemShared = 1024;

int64_t moec::residentBlocks(const GpuFeatures &gpu, const BlockNeeds &needs) {
  int64_t warps = llvm::divideCeil(needs.threads, warpThreads);
  int64_t warpRegisters = llvm::alignTo(
      std::max<int64_t>(needs.registers, 1) * warpThreads, registerUnit);
  int64_t shared = llvm::alignTo(needs.sharedBytes + systemShared, sharedUnit);
  int64_t byRegisters = gpu.registers / warpRegisters / warps;
  return std::min({gpu.maxBlocks, gpu.maxWarps / warps, byRegisters,
                   gpu.multiprocessorShared / shared});
}
