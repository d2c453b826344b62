//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// The state of the driver, of which a process has one.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_DRIVER_H
#define RUNTIME_EMULATOR_DRIVER_DRIVER_H

#include "runtime/emulator/driver/Allocations.h"
#include "runtime/emulator/driver/Context.h"
#include "runtime/emulator/driver/Device.h"
#include "runtime/emulator/driver/Engine.h"
#include "runtime/emulator/driver/Environment.h"
#include "runtime/emulator/driver/Graph.h"
#include "runtime/emulator/driver/Handles.h"
#include "runtime/emulator/driver/Module.h"
#include "runtime/emulator/driver/ProfileLog.h"
#include "runtime/emulator/driver/Stream.h"

#include <memory>
#include <mutex>
#include <string>

namespace emulator::cuda {

/// Prints a line on stderr.
void complain(const std::string &line);

/// What cuInit makes. It lives until the process ends, so that threads which
/// still run then find it.
class Driver {
public:
  explicit Driver(const Environment &environment);

  /// Null before cuInit.
  static Driver *get();
  /// cuInit: reads the environment and makes the driver.
  static CUresult initialize();
  /// Whether the process is ending.
  static bool stopped();

  /// The primary context, which is made at the first call.
  std::shared_ptr<Context> primary();
  std::shared_ptr<Context> createContext(unsigned flags);
  /// Gives up all that a context owns. Its work must be done.
  void clear(Context &context);

  const Environment environment;
  Device device;
  Engine engine;
  ProfileLog profiles;

  std::mutex mutex; ///< of everything below, and of all it leads to
  Allocations allocations{device.memory};
  Handles<CUcontext, Context> contexts;
  Handles<CUstream, Stream> streams;
  Handles<CUevent, Event> events;
  Handles<CUmodule, Module> modules;
  Handles<CUfunction, KernelFunction> functions;
  Handles<CUlibrary, Library> libraries;
  Handles<CUkernel, LibraryKernel> kernels;
  Handles<CUgraph, Graph> graphs;
  Handles<CUgraphExec, GraphExec> graphExecs;
  Handles<CUmemoryPool, MemoryPool> pools;
  std::shared_ptr<MemoryPool> defaultPool = std::make_shared<MemoryPool>();
  std::shared_ptr<MemoryPool> currentPool = defaultPool;
  std::vector<std::shared_ptr<Capture>> captures; ///< those under way
  uint64_t nextId = 1; ///< of contexts, streams and captures

private:
  std::shared_ptr<Context> primary_;
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_DRIVER_H
