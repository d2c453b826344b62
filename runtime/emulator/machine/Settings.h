//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// How an emulated device looks and runs.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_SETTINGS_H
#define RUNTIME_EMULATOR_MACHINE_SETTINGS_H

#include <cstdint>
#include <string>

namespace emulator {

/// The order in which warps, and blocks, take turns.
enum class Order : uint8_t { Forward, Reverse, Random, Starve };

/// When an asynchronous operation takes effect: as it is issued, or as late as
/// the program allows.
enum class Completion : uint8_t { Eager, Lazy };

/// The kinds of asynchronous operations, which complete apart.
enum class AsyncKind : uint8_t {
  Copy,   ///< cp.async
  Bulk,   ///< cp.async.bulk and cp.async.bulk.tensor, loads and stores
  Matrix, ///< wgmma.mma_async
};
constexpr unsigned asyncKinds = 3;

/// What a real device of an architecture offers.
struct Profile {
  std::string arch = "sm_90a"; ///< `sm_80` to `sm_120a`
  unsigned major = 9, minor = 0;
  bool accelerated = true; ///< the `a` of `sm_90a`
  unsigned multiprocessors = 132;
  unsigned threadsPerBlock = 1024;
  unsigned threadsPerMultiprocessor = 2048;
  unsigned blocksPerMultiprocessor = 32;
  unsigned registersPerMultiprocessor = 65536;
  unsigned sharedPerBlock = 48 * 1024;       ///< without opting in
  unsigned sharedPerBlockOptIn = 227 * 1024; ///< static and dynamic, bytes
  unsigned sharedPerMultiprocessor = 228 * 1024;
  unsigned clusterBlocks = 8; ///< 16 where the kernel allows it

  /// The profile of `sm_NN[a|f]`. False, with `profile` as it was, for a name
  /// outside sm_80 to sm_121a.
  static bool parse(const std::string &arch, Profile &profile);
  /// 80 for sm_80, 120 for sm_120a.
  unsigned number() const { return major * 10 + minor; }
};

/// How a launch is run.
struct Settings {
  Order order = Order::Forward;
  uint64_t seed = 0;        ///< of Order::Random
  unsigned starvedWarp = 0; ///< of Order::Starve: runs when no other can
  Completion completion[asyncKinds] = {Completion::Eager, Completion::Eager,
                                       Completion::Eager};
  unsigned hostThreads = 0; ///< 0 for one for each host CPU
  /// Rounds in which every resident warp polls memory in vain before the
  /// launch ends as timed out.
  uint64_t idleRounds = 20000;
  /// Warp instructions that one launch may take; 0 for no limit.
  uint64_t instructionLimit = 0;

  Completion of(AsyncKind kind) const {
    return completion[static_cast<unsigned>(kind)];
  }
};

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_SETTINGS_H
