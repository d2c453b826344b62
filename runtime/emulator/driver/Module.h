//===----------------------------------------------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//===----------------------------------------------------------------------===//
//
// Loaded code: modules, libraries, and the functions in them. Guarded by the
// driver's mutex.
//
//===----------------------------------------------------------------------===//

#ifndef RUNTIME_EMULATOR_DRIVER_MODULE_H
#define RUNTIME_EMULATOR_DRIVER_MODULE_H

#include "runtime/emulator/driver/Cuda.h"
#include "runtime/emulator/machine/Launch.h"

#include <map>
#include <memory>
#include <string>

namespace emulator::cuda {

class Context;
struct Device;
class Module;

/// A kernel of a module, and what cuFuncSetAttribute set for it.
struct KernelFunction {
  KernelFunction(Module &module, std::shared_ptr<const Program> program,
                 const Function &code)
      : module(module), program(std::move(program)), code(code) {}

  CUresult attribute(const Device &device, CUfunction_attribute attribute,
                     int &value) const;
  CUresult setAttribute(const Device &device, CUfunction_attribute attribute,
                        int value);
  /// Bytes of dynamic shared memory that a launch may ask for.
  uint32_t maxDynamicShared(const Profile &profile) const;
  /// Threads of a block at most.
  unsigned maxThreads(const Profile &profile) const;

  Module &module;
  const std::shared_ptr<const Program> program;
  const Function &code;
  int dynamicShared = -1; ///< as set; -1 for the default
  int carveout = -1;
  bool nonPortableCluster = false;
  int clusterPolicy = 0;
  uint32_t cluster[3] = {}; ///< as set, where the code names none
};

/// Offset and size of a parameter: an error past the last one.
CUresult parameterOf(const KernelFunction &function, size_t index,
                     size_t *offset, size_t *bytes);

/// The PTX of an image, and a name for it in messages.
struct Code {
  std::string ptx;
  std::string file;
};

/// Reads PTX text, a fat binary, or an ELF file that holds PTX. The image has
/// no size: a text ends with a zero, the others say how long they are.
CUresult readImage(const void *image, const Device &device, Code &code,
                   std::string &message);
/// The same from a file.
CUresult readFile(const char *path, const Device &device, Code &code,
                  std::string &message);

/// Code that was loaded into a context.
class Module {
public:
  /// Loads the code: null with an error and `message` if it cannot.
  static std::shared_ptr<Module> load(Device &device, const Code &code,
                                      CUresult &error, std::string &message);

  /// The function of that name, made at the first call; null if there is none.
  std::shared_ptr<KernelFunction> function(const std::string &name);

  std::shared_ptr<const Program> program;
  Context *context = nullptr;
  /// The functions that programs have handles of.
  std::map<std::string, std::shared_ptr<KernelFunction>> functions;
};

/// Address and size of a variable of the module; either may be null.
CUresult globalOf(const Module &module, const char *name, CUdeviceptr *pointer,
                  size_t *bytes);

class Library;

struct LibraryKernel {
  Library &library;
  std::string name;
};

/// Code that is in every context, and gets into one as it is asked for there.
class Library {
public:
  /// The code in a context: null with an error if it cannot be loaded.
  std::shared_ptr<Module> in(Context &context, Device &device, CUresult &error);

  Code code;
  /// By context; null is the one that was loaded to check the code, which goes
  /// to the first context that asks.
  std::map<Context *, std::shared_ptr<Module>> instances;
  std::map<std::string, std::shared_ptr<LibraryKernel>> kernels;
};

} // namespace emulator::cuda

#endif // RUNTIME_EMULATOR_DRIVER_MODULE_H
