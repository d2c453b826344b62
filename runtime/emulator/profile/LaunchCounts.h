//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a launch did, in numbers, and the numbers as JSON.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_PROFILE_LAUNCHCOUNTS_H
#define RUNTIME_EMULATOR_PROFILE_LAUNCHCOUNTS_H

#include "runtime/emulator/machine/Launch.h"

#include <map>
#include <string>
#include <vector>

namespace emulator {

/// Bytes that instructions asked for, once for each lane that did. Those of
/// atomic operations are read and written, and counted apart.
struct RequestedBytes {
  uint64_t read = 0, written = 0, atomic = 0;
};

/// Where a profile counts bytes apart.
enum class ProfiledSpace : uint8_t {
  Global,  ///< and host memory that kernels reach
  Shared,  ///< the block's own
  Cluster, ///< shared memory of other blocks
  Local,
  Constant,
  Parameters, ///< by generic addresses; ld.param makes no access
};
constexpr unsigned profiledSpaces = 6;

/// What one instruction of the PTX did.
struct InstructionCounts {
  const Site *site = nullptr;
  uint64_t warps = 0;   ///< times that a warp ran it
  uint64_t lanes = 0;   ///< in them
  uint64_t bytes = 0;   ///< requested, of any space
  uint64_t sectors = 0; ///< of 32 bytes of global memory, for each warp
  uint64_t sharedAccesses = 0;
  uint64_t wavefronts = 0, leastWavefronts = 0; ///< check/BankConflicts.h
};

/// The bytes of an allocation, or variable, that a launch touched.
struct AllocationCounts {
  uint64_t address = 0, bytes = 0;
  std::string name; ///< of a variable
  uint64_t read = 0, written = 0;
};

struct LaunchCounts {
  std::string kernel, file, arch;
  Dim3 grid, block, cluster;
  uint32_t sharedBytes = 0; ///< of a block
  /// No launch but work of a library, of which only unique bytes are known.
  bool library = false;
  bool faulted = false; ///< the launch did not come to its end
  uint64_t warps = 0;

  uint64_t instructions = 0; ///< of warps
  uint64_t lanes = 0;        ///< in them
  std::map<std::string, uint64_t> kinds;
  /// mma, wmma.mma and wgmma.mma_async; a product of wgmma is four, one of each
  /// warp. A multiply-add is two operations.
  uint64_t matrixInstructions = 0, matrixOperations = 0;
  uint64_t atomicInstructions = 0, atomicLanes = 0;

  RequestedBytes requested[profiledSpaces];
  uint64_t sectorsRead = 0, sectorsWritten = 0;
  uint64_t uniqueRead = 0, uniqueWritten = 0; ///< of global memory
  std::vector<AllocationCounts> allocations;  ///< by address
  uint64_t productBytes = 0; ///< of shared memory, that wgmma read
  uint64_t sharedAccesses = 0, wavefronts = 0, bankConflicts = 0;

  std::vector<InstructionCounts> sites; ///< those that ran, by line
};

/// One line of JSON without a newline. `number` counts the launches of a
/// process; `lines` adds what each instruction did.
std::string toJson(const LaunchCounts &counts, uint64_t number, bool lines);

/// What a profile calls the instruction: "integer", "ld.global". Null pointer's
/// row: "".
std::string kindOf(const Site &site);

/// Multiply-adds, times two, of one warp's part of a matrix product, from its
/// shape (`m16n8k16`); 0 for other instructions.
uint64_t matrixOperationsOf(const Site &site);

} // namespace emulator

#endif // RUNTIME_EMULATOR_PROFILE_LAUNCHCOUNTS_H
