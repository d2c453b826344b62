//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// What a driver calls: loading PTX and launching kernels.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_MACHINE_LAUNCH_H
#define RUNTIME_EMULATOR_MACHINE_LAUNCH_H

#include "runtime/emulator/check/Monitor.h"
#include "runtime/emulator/machine/Fault.h"
#include "runtime/emulator/machine/Instruction.h"
#include "runtime/emulator/machine/Memory.h"
#include "runtime/emulator/machine/Settings.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace emulator {

struct Dim3 {
  uint32_t x = 1, y = 1, z = 1;
  uint64_t count() const { return uint64_t(x) * y * z; }
};

/// What loading PTX came to.
enum class LoadStatus : uint8_t {
  Loaded,
  InvalidPtx,  ///< a diagnostic of the parser or the binder
  WrongTarget, ///< the PTX is for an architecture that the profile lacks
  OutOfMemory, ///< for its variables
};

struct LoadResult;

/// A loaded module: its kernels bound, its variables in device memory.
class Program {
public:
  /// Parses and binds `text`, which `file` names in messages, for a device. The
  /// memory must outlive the program.
  static LoadResult load(std::string_view text, const std::string &file,
                         const Profile &profile, DeviceMemory &memory);
  ~Program();
  Program(const Program &) = delete;
  Program &operator=(const Program &) = delete;

  /// A `.entry`, or null.
  const Function *kernel(std::string_view name) const;
  std::vector<const Function *> kernels() const; ///< in the text's order
  /// A `.global` or `.const` variable, or null.
  std::shared_ptr<const Region> variable(std::string_view name) const;
  uint64_t constantBytes() const; ///< of its `.const` variables
  const std::string &file() const { return file_; }
  /// The file that a `.loc` names, or an empty string.
  const std::string &source(uint32_t file) const;
  const std::string &target() const { return target_; }
  unsigned ptxVersion() const { return ptxVersion_; } ///< 83 for 8.3
  /// The function whose address, as code, is `address`; null if none.
  const Function *functionAt(uint64_t address) const;

private:
  friend class Loader;
  Program(DeviceMemory &memory) : memory_(memory) {}

  DeviceMemory &memory_;
  std::string file_, target_;
  unsigned ptxVersion_ = 0;
  std::vector<std::string> sources_;
  std::vector<std::unique_ptr<Function>> functions_;
  std::map<std::string, Function *, std::less<>> byName_;
  std::map<std::string, uint64_t, std::less<>> variables_;
};

struct LoadResult {
  LoadStatus status = LoadStatus::Loaded;
  std::string message; ///< `file:line:column: ...`
  std::shared_ptr<Program> program;
};

/// Where a kernel may be launched; the driver keeps `program` alive.
struct LaunchRequest {
  std::shared_ptr<const Program> program;
  const Function *kernel = nullptr;
  Dim3 grid, block;
  Dim3 cluster;             ///< 1x1x1 for none; `.reqnctapercluster` must agree
  bool hasCluster = false;  ///< the launch names a cluster
  bool cooperative = false; ///< all blocks must be resident at once
  uint32_t dynamicSharedBytes = 0;
  /// What the kernel may use at most (cuFuncSetAttribute); static included not.
  uint32_t maxDynamicSharedBytes = 0;
  bool nonPortableCluster = false; ///< more than 8 blocks a cluster are allowed
  /// Parameters at the offsets of Function::parameters; copied by launch().
  std::vector<std::byte> parameters;
  Settings settings;
  Profile profile;
  Monitor *monitor = nullptr;
};

enum class LaunchStatus : uint8_t {
  Done,
  Faulted,             ///< `fault` says why; the context is lost
  InvalidValue,        ///< refused: an extent is 0 or too big, wrong parameters
  OutOfResources,      ///< refused: registers, threads or shared memory
  InvalidCluster,      ///< refused: cluster size
  CooperativeTooLarge, ///< refused: blocks do not fit at once
};

struct LaunchResult {
  LaunchStatus status = LaunchStatus::Done;
  std::string message; ///< of a refusal
  Fault fault;
  uint64_t warpInstructions = 0;
  double seconds = 0;
};

/// Whether the launch would be refused: the status and its message. Runs
/// nothing.
LaunchResult checkLaunch(const LaunchRequest &request);

/// Runs a kernel to its end. May be called from several threads at once.
LaunchResult launch(DeviceMemory &memory, const LaunchRequest &request);

/// Blocks of `threads` threads with `dynamicShared` bytes that one
/// multiprocessor of `profile` holds; 0 if none fits.
unsigned residentBlocks(const Profile &profile, const Function &kernel,
                        unsigned threads, uint32_t dynamicShared);

/// 32-bit registers that a thread of the kernel is taken to use.
unsigned registersOf(const Function &kernel);

} // namespace emulator

#endif // RUNTIME_EMULATOR_MACHINE_LAUNCH_H
