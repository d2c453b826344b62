//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
///
/// \file
/// The one description of each machine: instructions, caches, rates. Cost
/// model, tiles and layouts read from it; nothing else names a machine.
///
//===----------------------------------------------------------------------===//

#ifndef CODEGEN_TARGET_H
#define CODEGEN_TARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <string>
#include <vector>

namespace moec {

/// Decides which builders make kernels, and what code they become.
enum class Machine { X86, Nvidia };

/// What a GPU has. Sources: CUDA C++ Programming Guide, "Compute Capabilities";
/// the number of multiprocessors and the rates are those of the card that the
/// architecture is compiled for most, from its data sheet.
struct GpuFeatures {
  std::string arch; ///< as ptxas knows it: "sm_90a"
  int64_t multiprocessors = 0;
  double memoryBytesPerSecond = 0;
  double flopsPerSecond = 0;         ///< dense products of bf16, sums in f32
  int64_t sharedBytes = 0;           ///< of a block, at most
  int64_t multiprocessorShared = 0;  ///< bytes
  int64_t registers = 65536;         ///< 32-bit, of a multiprocessor
  int64_t maxWarps = 0;              ///< of a multiprocessor
  int64_t maxBlocks = 0;             ///< of a multiprocessor
  bool hasTensorCopies = false;      ///< TMA and its barriers
  bool hasWarpgroupProducts = false; ///< wgmma
  int64_t libraryWorkspace = 0;      ///< bytes that cuBLASLt may use
};

/// A machine that code is made for.
struct Target {
  Machine machine = Machine::X86;
  GpuFeatures gpu;  ///< of Machine::Nvidia; what follows is for x86-64
  std::string name; ///< as the user types it: "x86-64-v4"
  std::string cpu;  ///< LLVM's name of the instruction set
  std::string tune; ///< LLVM's name of the CPU to schedule for
  /// What code may use beyond `cpu`, in LLVM's names without "+".
  std::vector<std::string> extraFeatures;
  /// What the runtime must find on the CPU, in LLVM's names without "+".
  std::vector<std::string> requiredFeatures;
  int64_t vectorBits = 256;
  bool hasBF16Dot = false; ///< VDPBF16PS
  /// Tile registers, in which products of bf16 are computed: TDPBF16PS. Its
  /// sums are rounded in another order than those of all other x86-64 targets.
  bool hasAmx = false;
  /// How far ahead of itself a stream of weights is prefetched into L2, and
  /// from how many rows of activations on; with fewer, arithmetic leaves the
  /// hardware prefetcher enough time to do better alone. Both measured.
  int64_t prefetchBytes = 2560, prefetchRows = 1;
  /// With fewer, but several, one line of four so far ahead: hardware does not
  /// prefetch beyond a page, and rows leave no time for its address. 0: none.
  int64_t sparsePrefetchBytes = 0;

  /// What the machine is taken to do: for cost models and rooflines, not for
  /// promises. On the target, `cores` cores share the memory.
  int64_t cores = 2;
  double memoryBytesPerSecond = 33e9;
  double coreFlopsPerSecond = 117e9; ///< of bf16 or f32 products
  double launchSeconds = 2e-6;       ///< a barrier between launches
  int64_t coreCacheBytes = 1 << 20;  ///< L2 of a core
  /// The most tokens of all regimes but the last: up to the first, every expert
  /// has a few rows and weights are all there is to read; up to the second, a
  /// step reads all of them and memory is still the limit, or near it.
  std::vector<int64_t> regimeBorders = {8, 64};
  /// Whether a row of a step must get the same bits whatever other rows there
  /// are: then all kernels add in one order.
  bool isBatchInvariant = false;

  /// float32 elements in a vector register.
  int64_t lanes() const { return vectorBits / 32; }
  /// Vector registers.
  int64_t registers() const { return vectorBits == 512 ? 32 : 16; }
};

/// The target called `name`; "host" is the machine that runs the compiler.
/// Fails on an unknown name, and lists the known ones.
llvm::Expected<Target> lookupTarget(llvm::StringRef name);

/// Whether the name is that of a GPU.
bool isGpuTarget(llvm::StringRef name);

/// The names that lookupTarget accepts, "host" included.
llvm::ArrayRef<llvm::StringRef> targetNames();

} // namespace moec

#endif // CODEGEN_TARGET_H
